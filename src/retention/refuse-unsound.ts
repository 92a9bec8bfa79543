import { AppError } from '#stdx/app-error'
import type { TimelineState } from '#timeline/timeline-state'

type Read = Pick<TimelineState, 'source' | 'damagedFrom' | 'unknownKinds' | 'voids'>

/**
 * What nothing needs can only be said of a timeline that is whole: an entry that cannot be read may
 * be what needs it.
 * @throws retention.not-sound
 */
export function refuseUnsound(state: Read): void {
  const found = findDoubt(state)
  if (found === undefined) return
  const { source } = state
  const message = `Cannot collect what "${source}" no longer needs: ${found}`
  throw new AppError('retention.not-sound', message, { source })
}

function findDoubt({ damagedFrom, unknownKinds, voids }: Read): string | undefined {
  if (damagedFrom !== null) return `its timeline is damaged from entry ${damagedFrom} on`
  const [kind] = unknownKinds
  if (kind !== undefined)
    return `it holds an entry of kind "${kind}", which this version does not know`
  const [slot] = voids
  // Nobody has written behind it: it may have been an entry that somebody saw.
  return slot && `slot ${slot.seq}, its newest, holds no entry`
}
