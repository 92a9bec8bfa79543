import { isAppError } from '#stdx/app-error'

/**
 * What a follower does about a failure:
 *
 * - `retry`: nothing is lost; the same again after a while
 * - `hole`: what was committed since cannot be told any more; it is recorded, and a scan begins anew
 * - `reread`: somebody else wrote to the timeline; look again what is there
 * - `fail`: a person has to do something
 */
export type FailureVerdict = 'retry' | 'hole' | 'reread' | 'fail'

/** Another system at the same address is no hole: the address may be wrong. */
const HOLES = [
  'connector.feed-missing',
  'connector.feed-invalidated',
  'connector.feed-passed',
  'connector.feed-rewound',
  'connector.feed-diverged',
] as const

const PASSING = [
  'connector.feed-broken',
  'connector.feed-waiting',
  'connector.scan-failed',
  'connector.unreachable',
  'store.locked',
  'store.unavailable',
  'timeline.lost-race',
  'timeline.undecided',
  // The next attempt writes for those who read now.
  'vault.keys-changed',
] as const

/**
 * What may pass while following and is final before: it was never seen to work. Room is made by a
 * person, and then nobody should have to start what has given up.
 */
const PASSING_LATER = [
  'connector.feed-busy',
  'connector.denied',
  'store.full',
  'stdx.temporary-failed',
] as const

/** @param attempt how often it has failed without getting anywhere, from 1 */
export function judgeFailure(
  error: unknown,
  { attempt, hasFollowed }: { readonly attempt: number; readonly hasFollowed: boolean },
): FailureVerdict {
  if (HOLES.some((code) => isAppError(error, code))) return 'hole'
  if (isAppError(error, 'connector.feed-undecodable')) {
    return attempt < UNDECODABLE_MAX ? 'retry' : 'hole'
  }
  if (isAppError(error, 'capture.conflict')) return attempt <= CONFLICTS_MAX ? 'reread' : 'fail'
  if (PASSING.some((code) => isAppError(error, code))) {
    return hasFollowed || attempt < ATTEMPTS_AT_START ? 'retry' : 'fail'
  }
  const isPassing = hasFollowed && PASSING_LATER.some((code) => isAppError(error, code))
  return isPassing ? 'retry' : 'fail'
}

/** Before anything was followed, a wrong address should not be tried for ever. */
const ATTEMPTS_AT_START = 5
const CONFLICTS_MAX = 3
/** Some ten seconds with the delays below: what a server fails at so often it fails at for ever. */
const UNDECODABLE_MAX = 6

const FIRST_DELAY_MS = 500
const DELAY_MAX_MS = 60_000

/**
 * How long to wait before the next attempt: twice as long each time, up to a minute, and anywhere in
 * the upper half of that, so that followers that failed together do not come back together.
 *
 * @param chance from 0 up to 1
 */
export function retryDelayMs(attempt: number, chance: number): number {
  const fullMs = Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** (attempt - 1))
  return Math.round(fullMs * (0.5 + chance / 2))
}

/** What a change of a table does to a scan passes as soon as nobody changes tables. */
const UPSET = ['connector.scan-failed', 'connector.feed-broken'] as const
const UPSET_DELAY_MS = 2000
const SCAN_DELAY_MS = 600_000

/**
 * How long the feed alone goes on before a scan that failed is tried again.
 *
 * @param attempt how often scans have failed since the newest, from 1
 */
export function scanDelayMs(error: unknown, attempt: number): number {
  if (!UPSET.some((code) => isAppError(error, code))) return SCAN_DELAY_MS
  return Math.min(SCAN_DELAY_MS, UPSET_DELAY_MS * 2 ** (attempt - 1))
}
