import type { FeedHealth } from '../../feed.ts'
import type { SlotFacts } from './feed-facts.ts'
import { BOUND_SQL } from './judge-feed.ts'
import { isGivenUp } from './judge-slot.ts'

/** @param keepBytesMax `max_slot_wal_keep_size`; `null`: no bound */
export function judgeHealth(slot: SlotFacts | undefined, keepBytesMax: number | null): FeedHealth {
  return {
    state: slot === undefined ? 'missing' : stateOf(slot),
    isOpen: slot?.isActive ?? false,
    acknowledged: slot?.confirmedLsn ?? null,
    retainedBytes: slot?.retainedBytes ?? 0,
    leftBytes: slot?.safeBytes ?? null,
    retainedBytesMax: keepBytesMax,
    advice: keepBytesMax === null ? `${BOUND_SQL} SELECT pg_reload_conf();` : null,
  }
}

function stateOf(slot: SlotFacts): FeedHealth['state'] {
  if (isGivenUp(slot)) return 'given-up'
  if (slot.walStatus === 'unreserved') return 'endangered'
  return slot.walStatus === 'extended' ? 'stretched' : 'safe'
}
