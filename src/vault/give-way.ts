import { isAppError } from '#stdx/app-error'

/** How often an entry gives way to others that were first. */
const RACES_MAX = 20

/**
 * Attempts something that ends in an entry, and once more from its beginning whenever somebody else's
 * entry took the slot.
 *
 * @param attempt told how many races were lost before it; reads the timeline again after the first
 * @throws timeline.lost-race when others are first again and again
 */
export async function giveWay<T>(attempt: (lost: number) => Promise<T>): Promise<T> {
  for (let lost = 0; ; lost++) {
    try {
      return await attempt(lost)
    } catch (error) {
      if (!isAppError(error, 'timeline.lost-race') || lost >= RACES_MAX) throw error
    }
  }
}
