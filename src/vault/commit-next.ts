import { isAppError } from '#stdx/app-error'
import type { EntryBody } from '#timeline/entry'
import type { TimelineState } from '#timeline/timeline-state'
import type { Vault } from './vault.ts'

/** How often an entry gives way to others that were first. */
const RACES_MAX = 20

/**
 * Commits what `decide` makes of a timeline as it is now, and decides anew whenever somebody else was
 * first. Nothing is committed when it decides on nothing.
 *
 * @throws vault.entry-refused when what it decides would not count
 */
export async function commitNext(
  vault: Vault,
  source: string,
  decide: (state: TimelineState) => Promise<EntryBody | undefined> | EntryBody | undefined,
  signal: AbortSignal,
): Promise<{ readonly seq: number } | undefined> {
  for (let race = 0; ; race++) {
    const state = await vault.readTimeline(source, signal)
    const body = await decide(state)
    if (body === undefined) return undefined
    try {
      return await vault.append(state, body, signal)
    } catch (error) {
      if (!isAppError(error, 'timeline.lost-race') || race >= RACES_MAX) throw error
    }
  }
}
