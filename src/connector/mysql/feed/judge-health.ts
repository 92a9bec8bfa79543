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
  /** Up to where the log is needed no more. */
  readonly read: GtidPosition | undefined
  /** Whether log behind that is not there any more. */
  readonly isDropped: boolean
}

/** The server drops files of its log when they are old, read or not. */
export function judgeHealth(question: HealthQuestion): FeedHealth {
  const { acknowledged, facts, isOpen, read } = question
  const files = facts.files ?? []
  const own = numberOf(read?.file ?? '')
  const unread = files.filter(({ name }) => numberOf(name) >= own)
  return {
    state: stateOf(question),
    isOpen,
    acknowledged: acknowledged === undefined ? null : formatPosition(acknowledged),
    retainedBytes: unread.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    leftBytes: null,
    retainedBytesMax: null,
    advice: isKeptForEver(facts) ? KEEP_SQL : null,
  }
}

function stateOf({ facts, isDropped, read }: HealthQuestion): FeedHealth['state'] {
  if (facts.files === null) return 'missing'
  if (isDropped) return 'given-up'
  const [first, next] = facts.files
  // The oldest of several is the next to go.
  const isNext = next !== undefined && read?.file === first?.name
  return isNext && !isKeptForEver(facts) ? 'endangered' : 'safe'
}

function isKeptForEver({ settings }: FeedFacts): boolean {
  return keptSeconds(settings) === null
}
