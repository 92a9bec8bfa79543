import { followUpTo, isBegun } from '#capture/follow-up-to'
import { AppError } from '#stdx/app-error'
import { formatPoint } from '#timeline/format-point'
import { locatePoint } from '#timeline/locate-point'
import { parsePointAddress } from '#timeline/resolve-point'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { backUpSource, concludeBackups } from './back-up-source.ts'
import { type FollowEvent, type FollowSourcesDeps, prepareFollowing } from './follow-sources.ts'
import { labelPoint, refuseLabel } from './mark-points.ts'
import { provennessOf } from './unproven.ts'

/** One business cut, as `cut --json` prints it. */
export type CutAnswer = {
  readonly label: string
  /** The moment that was asked for. */
  readonly moment: string
  /** How far apart the states of the sources are at most. */
  readonly skewMs: number
  readonly sources: readonly SourceCutAnswer[]
}

export type SourceCutAnswer = {
  readonly source: string
  /** What bears the label: `erp@12.5`. */
  readonly point: string
  readonly kind: 'followed' | 'scanned'
  /** Of the source: when that was committed, or cut. */
  readonly time: string
  /** From the moment to that time; negative when it is before. */
  readonly skewMs: number
  /** What happened between the two: nothing, it is not in the point, or it is. */
  readonly between: 'nothing' | 'missing' | 'included'
  /** Only where the times of a feed are that coarse: what was committed up to so long after the moment may be in it. */
  readonly laterMs?: number
  /** Only where a feed could not tell all that happened; why, as a sentence. */
  readonly proven?: false
  readonly unproven?: string
}

export type CutRequest = {
  readonly label: string
  readonly sources: readonly string[]
  /** ISO 8601 with zone; absent: now. */
  readonly at?: string | undefined
  /** Longest to wait for a source that is followed. */
  readonly waitMs: number
  tell(source: string, event: CutEvent): void
}

export type CutEvent =
  | FollowEvent
  /** Somebody follows the source, and has committed all up to this moment of it. */
  | { readonly kind: 'behind'; readonly knownUpTo: string }

const SECOND_MS = 1000

type Cutting = {
  readonly deps: FollowSourcesDeps
  readonly vault: Vault
  readonly request: CutRequest
  readonly moment: string
  readonly momentMs: number
  /** This command captured something itself: then that is concluded as a backup is. */
  hasCaptured: boolean
}

/**
 * Gives one name to what several sources held at one moment: of a source that is followed the last
 * transaction at or before it, of another one a scan that is made now. Everything is labelled when all
 * of it is there, or nothing is; scans stay as points without the label.
 *
 * @throws app.label-taken | app.label-invalid | app.moment-ahead | config.name-unknown before anything
 *   is done
 * @throws capture.behind, and as `backUpSource` and `followSource`, of the first source that failed
 */
export async function cutSources(
  deps: FollowSourcesDeps,
  vault: Vault,
  request: CutRequest,
  signal: AbortSignal,
): Promise<CutAnswer> {
  const { moment, momentMs } = readMoment(deps, request)
  await refuseBefore(deps, vault, request, signal)
  const cutting: Cutting = { deps, vault, request, moment, momentMs, hasCaptured: false }
  const found = await findAll(cutting, signal)
  const { label } = request
  for (const { point } of found) await labelPoint(vault, { label, point }, signal)
  return { label, moment, skewMs: spreadOf(found), sources: found }
}

function readMoment({ clock }: FollowSourcesDeps, { at }: CutRequest) {
  const nowMs = clock.nowMs()
  if (at === undefined) return { moment: new Date(nowMs).toISOString(), momentMs: nowMs }
  const address = parsePointAddress(`@${at}`)
  const timeNs = address.kind === 'time' ? address.timeNs : undefined
  if (timeNs === undefined) {
    const message = `Cannot read the moment "${at}": need a time such as 2026-06-30T12:00:00Z`
    throw new AppError('timeline.address-invalid', message, { at })
  }
  // Up: the whole millisecond is to be past.
  const momentMs = Number((timeNs + 999_999n) / 1_000_000n)
  if (momentMs <= nowMs) return { moment: at, momentMs }
  const message = `Cannot cut at "${at}": that moment is not past`
  throw new AppError('app.moment-ahead', message, { at })
}

/** What would make the label fail in the end, for every source, before any of them is waited for. */
async function refuseBefore(
  deps: FollowSourcesDeps,
  vault: Vault,
  { label, sources }: CutRequest,
  signal: AbortSignal,
): Promise<void> {
  const config = await deps.readConfig()
  refuseLabel(label)
  const unknown = sources.find((source) => !Object.hasOwn(config.sources, source))
  if (unknown !== undefined) {
    const names = Object.keys(config.sources).join(', ') || 'none'
    const message = `Cannot find source "${unknown}": the configuration has ${names}`
    throw new AppError('config.name-unknown', message, { name: unknown })
  }
  const known = await vault.listSources(signal)
  for (const source of sources.filter((name) => known.includes(name))) {
    const { points } = await vault.readTimeline(source, signal)
    const named = points.marks.labels.get(label)
    const newest = points.at(-1)
    if (newest === undefined) continue
    if (named !== undefined) {
      const message = `Cannot make a cut "${label}": a point of "${source}" bears this label, and a label never moves`
      throw new AppError('app.label-taken', message, { label, source, seq: named.seq })
    }
    // Whether this credential may.
    await labelPoint(vault, { label, point: formatPoint(source, newest), isDryRun: true }, signal)
  }
}

/** In the order asked for. Scans one after the other first, so that they are close to the moment. */
async function findAll(cutting: Cutting, signal: AbortSignal): Promise<SourceCutAnswer[]> {
  const { deps, request, vault } = cutting
  const settled = new Map<string, PromiseSettledResult<SourceCutAnswer>>()
  const settle = async (names: readonly string[], find: Find, isAtOnce: boolean) => {
    const finding: Promise<void>[] = []
    for (const name of names) {
      const one = Promise.allSettled([find(cutting, name, signal)]).then(([result]) => {
        settled.set(name, result)
      })
      finding.push(one)
      if (!isAtOnce) await one
    }
    await Promise.all(finding)
  }
  const followed: string[] = []
  const others: string[] = []
  for (const name of request.sources) {
    if (await isFollowed(cutting, name, signal)) followed.push(name)
    else others.push(name)
  }
  await settle(others, findScanned, false)
  await settle(followed, findFollowed, true)
  signal.throwIfAborted()
  if (cutting.hasCaptured) await concludeBackups(deps, vault, signal)
  return request.sources.map((name) => {
    const result = settled.get(name)
    if (result?.status === 'fulfilled') return result.value
    throw result?.reason
  })
}

type Find = (cutting: Cutting, source: string, signal: AbortSignal) => Promise<SourceCutAnswer>

/** Whether the configuration says so, and somebody has begun to. */
async function isFollowed(
  { deps, vault }: Cutting,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { sources } = await deps.readConfig()
  if (!sources[name]?.isFollowed || !(await vault.listSources(signal)).includes(name)) return false
  const { feedName = '' } = sources[name].read()
  return isBegun(await vault.readTimeline(name, signal), feedName)
}

const findScanned: Find = async (cutting, source, signal) => {
  const { deps, momentMs, vault } = cutting
  const request = { source, isFull: false, isNewIdentityAllowed: false }
  const { cut, seq } = await backUpSource(deps, vault, request, signal)
  cutting.hasCaptured = true
  const skewMs = Date.parse(cut.time) - momentMs
  const between = skewMs >= 0 ? ('included' as const) : ('missing' as const)
  return { source, point: `${source}@${seq}`, kind: 'scanned', time: cut.time, skewMs, between }
}

const findFollowed: Find = async (cutting, source, signal) => {
  const { deps, moment, momentMs, request, vault } = cutting
  const options = {
    source,
    tell: (event: FollowEvent) => request.tell(source, event),
    async afterCommit() {
      cutting.hasCaptured = true
    },
  }
  const { followDeps, followRequest } = await prepareFollowing(deps, vault, options)
  const upTo = {
    momentMs,
    deadlineMs: deps.clock.passedMs() + request.waitMs,
    waiting: (at: { readonly knownUpTo: string }) =>
      request.tell(source, { kind: 'behind', ...at }),
  }
  await followUpTo(followDeps, followRequest, upTo, signal)
  const state = await vault.readTimeline(source, signal)
  const address = parsePointAddress(`${source}@${moment}`)
  const point = await locatePoint(vault, state, address, signal)
  const { time } = point.cut
  const laterMs = laterAtMostMs(time, momentMs)
  return {
    source,
    point: formatPoint(source, point),
    kind: 'followed',
    time,
    skewMs: Date.parse(time) - momentMs,
    between: isAllTold(state, point) ? 'nothing' : 'missing',
    ...(laterMs > 0 && { laterMs }),
    ...provennessOf({ source, point }),
  }
}

/**
 * A log that has nothing finer tells the second in which something was committed: what came behind the
 * moment in that second is taken for what came before it. A time that is known finer has a fraction.
 */
function laterAtMostMs(time: string, momentMs: number): number {
  return time.includes('.') ? 0 : Math.max(0, Date.parse(time) + SECOND_MS - momentMs)
}

/**
 * Whether a feed told all that was committed between a point and the moment that was asked for, which
 * is before the next point. What lies before a scan that no feed told, or before one that a feed begins
 * at, it did not; nor is it known where points between were let go.
 */
function isAllTold({ points }: TimelineState, point: Point): boolean {
  if (point.transaction !== null) return true
  if (point.body.follow === undefined) return false
  const next = points.after(point.seq)
  if (next === undefined) return true
  const { base, follow } = next.body
  return base === point.seq && follow !== undefined && follow.part !== 'begin'
}

/** A source that told all is as of the moment itself, as far as its times tell. */
function spreadOf(sources: readonly SourceCutAnswer[]): number {
  const offsetsMs = sources.flatMap(({ between, laterMs = 0, skewMs }) => [
    between === 'nothing' ? 0 : skewMs,
    laterMs,
  ])
  return Math.max(...offsetsMs, 0) - Math.min(...offsetsMs, 0)
}
