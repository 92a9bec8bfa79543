import type { SourceFeed } from '#connector/feed'
import { AppError, isAppError } from '#stdx/app-error'
import type { TimelineState } from '#timeline/timeline-state'
import { judgeBeginning } from './follow/judge-beginning.ts'
import type { FollowDeps, FollowRequest } from './follow-deps.ts'
import { feedOf, followSource } from './follow-source.ts'

export type UpToOptions = {
  /** The moment, by the source's clock. */
  readonly momentMs: number
  /** Gives up then, of `Clock.passedMs`. */
  readonly deadlineMs: number
  /** Told now and then while somebody else follows and has not come there. */
  waiting(at: { readonly knownUpTo: string }): void
}

/**
 * Waits until the vault is known to hold all that a followed source committed up to a moment: while
 * somebody follows it until they have come there, else by following it until then.
 *
 * That is known of a position: the end of the source's log once its clock is past the moment. Times of
 * what a feed tells prove nothing, because they are not in the order of commits.
 *
 * @throws capture.behind at the deadline; and as `followSource`, which begins a feed anew where it has to
 */
export async function followUpTo(
  deps: FollowDeps,
  request: FollowRequest,
  options: UpToOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, vault } = deps
  await using source = await deps.openSource(signal)
  const feed = feedOf(source, request)
  const end = await readEndPast(deps, { feed, request, options }, signal)
  const hasCome = (state: TimelineState) => isHeld(state, request, { feed, end })
  for (;;) {
    const { isOpen } = await feed.readHealth(request.feed, signal)
    if (isOpen) {
      const state = await vault.readTimeline(request.source, signal)
      if (hasCome(state)) return
      refuseLate(deps, request, options)
      options.waiting({ knownUpTo: state.points.at(-1)?.cut.time ?? '' })
      await clock.sleep(POLL_MS, signal)
    } else if (await catchUp(deps, request, { ...options, hasCome }, signal)) return
  }
}

/** Whether somebody has followed the source: then the vault knows a feed of that name. Pure. */
export function isBegun(state: Pick<TimelineState, 'gaps' | 'points'>, feed: string): boolean {
  const beginning = judgeBeginning(state, feed)
  return beginning.kind !== 'begin' || beginning.mayReplace
}

const POLL_MS = 1000
/** Longer than a commit that took its time needs to be written. */
const COMMIT_MS = 1000

type Asking = {
  readonly feed: SourceFeed
  readonly request: FollowRequest
  readonly options: UpToOptions
}

/** Where the source's log ends when all that was committed at the moment is in it. */
async function readEndPast(
  deps: FollowDeps,
  { feed, options, request }: Asking,
  signal: AbortSignal,
): Promise<string> {
  for (;;) {
    const { position, time } = await feed.readPosition(request.feed, signal)
    const leftMs = options.momentMs + COMMIT_MS - Date.parse(time)
    if (!(leftMs > 0)) return position
    refuseLate(deps, request, options)
    await deps.clock.sleep(leftMs, signal)
  }
}

function isHeld(
  { points }: Pick<TimelineState, 'points'>,
  request: FollowRequest,
  { end, feed }: { readonly feed: SourceFeed; readonly end: string },
): boolean {
  const { cut, follow } = points.at(-1)?.body ?? {}
  return cut !== undefined && follow?.feed === request.feed && feed.isUpTo(end, cut.position)
}

/** Follows for as long as it takes. Also where the vault may hold it all: opening proves that it does. */
async function catchUp(
  deps: FollowDeps,
  request: FollowRequest,
  options: UpToOptions & { hasCome(state: TimelineState): boolean },
  signal: AbortSignal,
): Promise<boolean> {
  refuseLate(deps, request, options)
  const ending = new AbortController()
  const stop = AbortSignal.any([signal, ending.signal])
  const read = () => deps.vault.readTimeline(request.source, signal)
  const look = async () => {
    if (options.hasCome(await read())) ending.abort()
  }
  const tell: FollowDeps['tell'] = (event) => {
    deps.tell(event)
    // What it fails with, following itself comes upon.
    if (event.kind === 'opened' || event.kind === 'committed') look().catch(() => {})
  }
  const leftMs = Math.max(0, options.deadlineMs - deps.clock.passedMs())
  const late = () => ending.abort(behind(request))
  deps.clock.sleep(leftMs, stop).then(late, () => {})
  try {
    // A source that is quiet gets its entry at once, and is scanned only where it has to be.
    await followSource({ ...deps, tell }, { ...request, heartbeatMs: 0, reconcileMs: null }, stop)
  } catch (error) {
    if (!isAppError(error, 'connector.feed-busy')) throw error
  }
  signal.throwIfAborted()
  return options.hasCome(await read())
}

function refuseLate({ clock }: FollowDeps, request: FollowRequest, { deadlineMs }: UpToOptions) {
  if (clock.passedMs() >= deadlineMs) throw behind(request)
}

function behind({ source }: FollowRequest): AppError {
  const message = `Cannot tell what "${source}" had committed: the vault has not come to that moment in time`
  return new AppError('capture.behind', message, { source })
}
