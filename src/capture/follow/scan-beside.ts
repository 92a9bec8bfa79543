import type { SourceCut } from '#connector/connector'
import type { FeedScope, SourceFeed } from '#connector/feed'
import { isAppError } from '#stdx/app-error'
import type { TimelineState } from '#timeline/timeline-state'
import type { FollowDeps, FollowRequest } from '../follow-deps.ts'
import type { Comparison } from '../follow-events.ts'
import { type CaptureSummary, type FollowedScan, runCapture } from '../run-capture.ts'

/** What a scan that has to do with a feed needs. */
export type ScanDeps = {
  readonly deps: FollowDeps
  readonly request: FollowRequest
  readonly feed: SourceFeed
}

/**
 * Begins a feed, and commits a scan at the cut that it begins at. A feed whose scan failed is removed:
 * its source would keep log for nobody.
 *
 * @param mayReplace whether a feed of that name is ours
 */
export async function beginFeed(
  scan: ScanDeps,
  mayReplace: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { deps, feed, request } = scan
  const why = mayReplace ? 'the feed begins anew' : 'the feed begins'
  deps.tell({ kind: 'scanning', part: 'begin', why })
  const { followed } = await feed.check(scopeOf(request), signal)
  await using cut = await startFeed(scan, mayReplace, signal)
  try {
    const state = await deps.vault.readTimeline(request.source, signal)
    const follow = { feed: request.feed, part: 'begin' as const, followed: new Set(followed) }
    const summary = await scanAt(scan, { cut, state, follow }, signal)
    await deps.begun.write(false)
    deps.tell({ kind: 'began', summary })
  } catch (error) {
    // Whether that entry is there is not known: then the feed is needed.
    if (!isAppError(error, 'timeline.undecided')) {
      await feed.drop(request.feed, new AbortController().signal).catch(() => {})
    }
    throw error
  }
}

/** Marked before it is there: whoever is killed in between has begun it as far as the next knows. */
async function startFeed(
  { deps, feed, request }: ScanDeps,
  mayReplace: boolean,
  signal: AbortSignal,
): Promise<SourceCut> {
  const { state } = await feed.readHealth(request.feed, signal)
  const isOurs = mayReplace || state === 'missing'
  if (isOurs) await deps.begun.write(true)
  try {
    return await feed.start({ ...scopeOf(request), mayReplace }, signal)
  } catch (error) {
    // Somebody else was faster.
    if (isAppError(error, 'connector.feed-exists')) await deps.begun.write(false)
    throw error
  }
}

/**
 * Scans at a cut beside the feed, which goes on behind it, and commits what is different. The cut is
 * the caller's.
 */
export async function reconcileAt(
  scan: ScanDeps,
  cut: SourceCut,
  signal: AbortSignal,
): Promise<CaptureSummary> {
  const { deps, feed, request } = scan
  const { followed } = await feed.check(scopeOf(request), signal)
  const state = await deps.vault.readTimeline(request.source, signal)
  const told = new Set(followed)
  const follow = { feed: request.feed, part: 'reconcile' as const, followed: told }
  const summary = await scanAt(scan, { cut, state, follow }, signal)
  deps.tell({ kind: 'reconciled', summary, ...compare(state, summary) })
  return summary
}

export function scopeOf({ feed, isIncluded }: FollowRequest): FeedScope {
  return { name: feed, isCovered: isIncluded }
}

async function scanAt(
  { deps, request }: ScanDeps,
  at: {
    readonly cut: SourceCut
    readonly state: TimelineState
    readonly follow: FollowedScan
  },
  signal: AbortSignal,
): Promise<CaptureSummary> {
  const { clock, progress, random, vault } = deps
  await using pool = await deps.openCapturePool(signal)
  const run = { vault, clock, random, progress, captureEntity: pool.captureEntity }
  const { connector, isIncluded, scansMax, sortBytesMax, source } = request
  const asked = { source, connector, isIncluded, scansMax, sortBytesMax, follow: at.follow }
  const whole = { ...asked, isFull: false, isNewIdentityAllowed: false }
  const summary = await runCapture(run, { ...at, request: whole }, signal)
  await deps.afterCommit()
  return summary
}

/** What the newest point before the scan claimed to know, and was not so. */
function compare({ gaps, points }: TimelineState, { entities }: CaptureSummary): Comparison {
  const newest = points.at(-1)
  const open = gaps.filter(({ until }) => until === null)
  const isAllUnknown =
    newest?.body.follow === undefined || open.some((gap) => gap.entities === null)
  const unknown = new Set([
    ...(newest?.body.follow?.notFollowed ?? []),
    ...open.flatMap((gap) => gap.entities ?? []),
  ])
  const held = new Set(newest?.entities.map(({ entity }) => entity))
  let compared = 0
  let told = 0
  let others = 0
  for (const { deleted, entity, inserted, updated } of entities) {
    const isKnown = !isAllUnknown && held.has(entity) && !unknown.has(entity)
    if (isKnown) compared += 1
    if (isKnown) told += inserted + updated + deleted
    else others += inserted + updated + deleted
  }
  return { compared, repairs: { told, others } }
}
