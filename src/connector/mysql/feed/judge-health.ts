import type { FeedHealth } from '../../feed.ts'
import type { FeedFacts } from './feed-facts.ts'
import { formatPosition, type GtidPosition } from './gtid-position.ts'
import { KEEP_SQL, keptSeconds } from './judge-feed.ts'
import { numberOf } from './judge-hole.ts'

export type HealthQuestion = {
  readonly facts: FeedFacts
  readonly isOpen: boolean
  /** What this process acknowledged last. */
  readonly acknowledged: GtidPosition | undefined
}

/** The server drops files of its log when they are old, read or not. */
export function judgeHealth({ acknowledged, facts, isOpen }: HealthQuestion): FeedHealth {
  const files = facts.files ?? []
  const own = numberOf(acknowledged?.file ?? '')
  const first = numberOf(files[0]?.name ?? '')
  const unread = files.filter(({ name }) => numberOf(name) >= own)
  return {
    state: stateOf({ hasLog: facts.files !== null, own, first, count: files.length }),
    isOpen,
    acknowledged: acknowledged === undefined ? null : formatPosition(acknowledged),
    retainedBytes: unread.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    leftBytes: null,
    retainedBytesMax: null,
    advice: keptSeconds(facts.settings) === null ? KEEP_SQL : null,
  }
}

function stateOf(found: {
  hasLog: boolean
  own: number
  first: number
  count: number
}): FeedHealth['state'] {
  if (!found.hasLog) return 'missing'
  if (found.own === 0) return 'safe'
  if (found.own < found.first) return 'given-up'
  // The oldest of several is the next to go.
  return found.own === found.first && found.count > 1 ? 'endangered' : 'safe'
}
