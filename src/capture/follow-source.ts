import type { Source } from '#connector/connector'
import type { SourceFeed } from '#connector/feed'
import { isSameSystem } from '#record/cut'
import { AppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import { refuseUnfit } from '#timeline/refuse-unfit'
import type { TimelineState } from '#timeline/timeline-state'
import { commitNext } from '#vault/commit-next'
import { type Beginning, judgeBeginning } from './follow/judge-beginning.ts'
import { judgeFailure, retryDelayMs, scanDelayMs } from './follow/judge-failure.ts'
import { type ReadEnd, readFeed } from './follow/read-feed.ts'
import { beginFeed, reconcileAt, type ScanDeps } from './follow/scan-beside.ts'
import type { FollowDeps, FollowMemory, FollowRequest } from './follow-deps.ts'

/**
 * Follows one source until it is to stop: every transaction that it commits becomes part of the vault
 * whole, in the order of commits, once.
 *
 * What the vault holds decides where it goes on: at the newest point if the feed told it or begins at
 * it, with a scan beside the feed if somebody else wrote it, with a new feed and a scan if there is
 * none. A position is acknowledged only after the entry that holds it was read back. What may pass is
 * waited for; what the feed cannot tell any more is stated as a gap, and a scan begins anew.
 *
 * Holds `sortBytesMax` for each entity of a large transaction, and some MiB.
 *
 * @param stop ends it: what was told whole is committed first
 * @throws stop's reason when it came before the feed was open
 * @throws connector.feed-not-ready | connector.feed-unsupported | connector.feed-exists |
 *   connector.feed-other-source | connector.feed-busy, and what captures and opening throw, when a
 *   person has to do something
 */
export async function followSource(
  deps: FollowDeps,
  request: FollowRequest,
  stop: AbortSignal,
): Promise<void> {
  const nowMs = deps.clock.passedMs()
  const memory: FollowMemory = {
    hasFollowed: false,
    newestSeq: null,
    lastEntryMs: nowMs,
    pauseUntilMs: nowMs,
    scansFailed: 0,
    reconcile: request.isOneScan ? { dueMs: nowMs, why: 'it was asked for' } : undefined,
  }
  let attempt = 0
  for (;;) {
    const before = memory.lastEntryMs
    try {
      if (await followOnce(deps, request, { memory, stop })) return
      attempt = 0
    } catch (error) {
      if (isStopped(memory, stop)) return
      attempt = memory.lastEntryMs > before ? 1 : attempt + 1
      const verdict = judgeFailure(error, { attempt, hasFollowed: memory.hasFollowed })
      if (verdict === 'fail') throw error
      if (verdict === 'hole') await stateHole(deps, request, { error, memory })
      if (verdict === 'retry') await waitToRetry(deps, { attempt, error }, stop)
      if (isStopped(memory, stop)) return
    }
  }
}

/** @throws stop's reason when there is nothing that was followed */
function isStopped({ hasFollowed }: FollowMemory, stop: AbortSignal): boolean {
  if (!hasFollowed) stop.throwIfAborted()
  return stop.aborted
}

/** One attempt. @returns whether it was to stop */
async function followOnce(
  deps: FollowDeps,
  request: FollowRequest,
  { memory, stop }: { readonly memory: FollowMemory; readonly stop: AbortSignal },
): Promise<boolean> {
  const state = await deps.vault.readTimeline(request.source, stop)
  refuseUnfit(state)
  memory.newestSeq = state.points.at(-1)?.seq ?? null
  await using source = await deps.openSource(stop)
  refuseOther(source, request, state)
  const scan: ScanDeps = { deps, request, feed: feedOf(source, request) }
  const beginning = await judgeNow(scan, state, stop)
  if (beginning.kind === 'begin') {
    if (request.isOneScan) throw notFollowed(request)
    const mayReplace = beginning.mayReplace || (await deps.begun.read())
    await beginFeed(scan, mayReplace, stop)
    scanned(memory, deps.clock)
    return false
  }
  if (beginning.kind === 'rejoin') {
    deps.tell({ kind: 'scanning', part: 'reconcile', why: 'something else backed it up meanwhile' })
    await using cut = await scan.feed.openCut(request.feed, stop)
    await reconcileAt(scan, cut, stop)
    scanned(memory, deps.clock)
    return request.isOneScan ?? false
  }
  const end = await readFeed(scan, { memory, state }, stop)
  if (end.kind === 'stopped') return true
  await reconcileBehind(scan, { end, memory }, stop)
  return request.isOneScan ?? false
}

/**
 * Before anything is looked for there: in another database of the same server the feed looks lost, and
 * a new one of its name would take its place.
 * @throws connector.feed-other-source
 */
function refuseOther(
  { identity: { database, system } }: Source,
  { source }: FollowRequest,
  { points }: TimelineState,
): void {
  const followed = points.at(-1)?.cut.identity
  if (followed === undefined || isSameSystem(followed, { database, system })) return
  const wanted = `the vault holds system ${followed.system} database ${followed.database}`
  const message = `Cannot follow "${source}": found system ${system} database ${database}, ${wanted}`
  throw new AppError('connector.feed-other-source', message, { source })
}

/** A feed that was removed since cannot be joined. */
async function judgeNow(
  { feed, request }: ScanDeps,
  state: TimelineState,
  signal: AbortSignal,
): Promise<Beginning> {
  const beginning = judgeBeginning(state, request.feed)
  if (beginning.kind !== 'rejoin') return beginning
  const { state: health } = await feed.readHealth(request.feed, signal)
  const isGone = health === 'missing' || health === 'given-up'
  return isGone ? { kind: 'begin', mayReplace: true } : beginning
}

/** A scan that fails does not end following: it is tried again, and meanwhile the feed goes on. */
async function reconcileBehind(
  scan: ScanDeps,
  { end, memory }: { end: Extract<ReadEnd, { kind: 'scan' }>; memory: FollowMemory },
  stop: AbortSignal,
): Promise<void> {
  const { deps, request } = scan
  await using cut = end.cut
  const startedMs = deps.clock.passedMs()
  deps.tell({ kind: 'scanning', part: 'reconcile', why: end.why })
  try {
    await reconcileAt(scan, cut, stop)
    scanned(memory, deps.clock)
    memory.pauseUntilMs = 2 * memory.lastEntryMs - startedMs
  } catch (error) {
    stop.throwIfAborted()
    if (request.isOneScan) throw error
    memory.scansFailed += 1
    const nextMs = scanDelayMs(error, memory.scansFailed)
    memory.pauseUntilMs = deps.clock.passedMs() + nextMs
    memory.reconcile = { dueMs: memory.pauseUntilMs, why: end.why }
    deps.tell({ kind: 'reconcile-failed', error, nextMs })
  }
}

function scanned(memory: FollowMemory, clock: Clock): void {
  memory.lastEntryMs = clock.passedMs()
  memory.reconcile = undefined
  memory.scansFailed = 0
}

/** @throws connector.feed-unsupported */
export function feedOf({ feed }: Source, { connector, source }: FollowRequest): SourceFeed {
  if (feed !== undefined) return feed
  const message = `Cannot follow "${source}": ${connector} has no change feed`
  throw new AppError('connector.feed-unsupported', message, { source })
}

function notFollowed({ source }: FollowRequest): AppError {
  const message = `Cannot reconcile "${source}": it is not followed yet, or has to begin anew`
  return new AppError('capture.not-followed', message, { source })
}

/**
 * What happened behind the newest point cannot be told any more. Nothing is stated when that is another
 * one by now: a follower that was there before may have taken from the feed what it then committed.
 */
async function stateHole(
  deps: FollowDeps,
  request: FollowRequest,
  { error, memory }: { readonly error: unknown; readonly memory: FollowMemory },
): Promise<void> {
  const { signal } = new AbortController()
  const reason = error instanceof AppError ? error.code : 'connector.feed-missing'
  const found = error instanceof AppError ? error.message : String(error)
  const body = { kind: 'gap' as const, feed: request.feed, reason, found, entities: null }
  const decide = ({ points }: TimelineState) =>
    (points.at(-1)?.seq ?? null) === memory.newestSeq ? body : undefined
  const committed = await commitNext(deps.vault, request.source, decide, signal)
  if (committed === undefined) return
  deps.tell({ kind: 'gap', seq: committed.seq, reason, found, remedy: [], entities: null })
}

async function waitToRetry(
  { clock, random, tell }: FollowDeps,
  { attempt, error }: { readonly attempt: number; readonly error: unknown },
  stop: AbortSignal,
): Promise<void> {
  const chance = (random.bytes(1)[0] ?? 0) / 255
  const delayMs = retryDelayMs(attempt, chance)
  tell({ kind: 'waiting', error, delayMs })
  // Stopped meanwhile, it has waited long enough.
  await clock.sleep(delayMs, stop).catch(() => {})
}
