import { chooseMoments, type PointsOfMoment } from '#customer/choose-moments'
import type { CustomerMap } from '#customer/customer-map'
import { type Decision, nameOf, standingOf } from '#customer/decisions'
import { type ClosureRecord, findClosure } from '#customer/find-closure'
import { findMoves, type PartyMove } from '#customer/find-moves'
import { findParty, refuseAmbiguous } from '#customer/find-party'
import { mapAt, type SourceAt } from '#customer/map-at'
import { openRowIndex } from '#customer/open-row-index'
import { recordHistory } from '#history/record-history'
import type { SegmentReadDeps } from '#segment/segment'
import { type AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { provennessOfMap } from './find-sources-at.ts'
import type { ListedDecision } from './list-decisions.ts'
import { dateVersions, type ListedVersion } from './list-history.ts'
import { readAgain } from './read-again.ts'
import { readMap } from './read-map.ts'
import type { Provenness } from './unproven.ts'

export type CustomerHistoryRequest = {
  readonly id: string
  readonly source: string | undefined
  readonly file: string | undefined
}

/** The merged timeline of one customer, as `customer history --json` prints it. */
export type CustomerHistory = Provenness & {
  /** Newest first. */
  readonly versions: readonly CustomerVersion[]
  /** What people decided on its parties, whether it stands or not; newest first. */
  readonly decisions: readonly ListedDecision[]
  /** Where its records came from, or went to, inside a system; newest first. */
  readonly moves: readonly PartyMove[]
  /** Records that belonged to the customer at one of the moments that were looked at. */
  readonly records: number
  /** Moments that were looked at for what belonged to the customer, and how many there are. */
  readonly moments: { readonly looked: number; readonly of: number }
}

/** Records that hung on one party and hang on another. */
export type CustomerMove = PartyMove

export type CustomerVersion = ListedVersion & {
  readonly source: string
  readonly entity: string
  readonly role: string
  readonly key: string
}

const MOMENTS_MAX = 24

/**
 * Every version of everything that ever belonged to a customer, in one timeline over all systems.
 *
 * What belonged to it is found at every moment at which a source got a new point, at most
 * `MOMENTS_MAX` of them; the versions of what was found are all there are.
 * @throws customer.unknown when no moment holds it | customer.ambiguous | app.map-not-found
 */
export async function customerHistory(
  deps: Pick<Context, 'configPath' | 'progress'>,
  vault: Vault,
  request: CustomerHistoryRequest,
  signal: AbortSignal,
): Promise<CustomerHistory> {
  const { map } = await readMap(deps, vault, request.file, signal)
  const history = await readAgain(async () => {
    const timelines = await readTimelines({ vault, progress: deps.progress }, map, signal)
    const { moments, of } = chooseMoments(
      new Map(timelines.map(({ source, state }) => [source, [...state.points]])),
      MOMENTS_MAX,
    )
    deps.progress.begin({ label: 'Looking at every moment' })
    const records = await findOwned({ map, timelines, moments }, request, signal)
    deps.progress.begin({ label: `Reading the versions of ${records.length} records` })
    const versions: CustomerVersion[] = []
    for (const record of records) {
      versions.push(...(await readVersions(vault, timelines, record, signal)))
    }
    const newest = timelines.flatMap((one) => sourceAt(one, one.state.points.at(-1)) ?? [])
    return {
      versions: versions.sort(newestFirst),
      decisions: listOwn(map.decisions, records),
      moves: await findMoves(mapAt(map, newest), versions, signal),
      records: records.length,
      moments: { looked: moments.length, of },
      ...provennessOfMap(newest, map),
    }
  })
  deps.progress.end()
  return history
}

type Timeline = {
  readonly source: string
  readonly state: TimelineState
  readonly deps: SegmentReadDeps
  readonly index: SourceAt['index']
}

async function readTimelines(
  { progress, vault }: Pick<Context, 'progress'> & { readonly vault: Vault },
  map: CustomerMap,
  signal: AbortSignal,
): Promise<Timeline[]> {
  const wanted = new Set(map.entities.map(({ source }) => source))
  const timelines: Timeline[] = []
  for (const source of await vault.listSources(signal)) {
    if (!wanted.has(source)) continue
    const state = await vault.readTimeline(source, signal)
    const deps = await vault.rowDeps(source, signal)
    timelines.push({ source, state, deps, index: openRowIndex(vault, deps, { progress }) })
  }
  return timelines
}

function sourceAt(timeline: Timeline, point: Point | undefined): SourceAt | undefined {
  return point && { ...timeline, point }
}

/** What belonged to the customer at any of the moments, each record once, newest moment first. */
async function findOwned(
  looked: {
    readonly map: CustomerMap
    readonly timelines: readonly Timeline[]
    readonly moments: readonly PointsOfMoment[]
  },
  { id, source }: CustomerHistoryRequest,
  signal: AbortSignal,
): Promise<ClosureRecord[]> {
  const { map, moments, timelines } = looked
  const owned = new Map<string, ClosureRecord>()
  let missing: AppError | undefined
  for (const points of moments.toReversed()) {
    const laid = mapAt(
      map,
      timelines.flatMap((one) => sourceAt(one, points.get(one.source)) ?? []),
    )
    try {
      const found = await findParty(laid, { id, source, signal })
      const closure = await findClosure(laid, found.slice(0, 1), { bounds: map.bounds, signal })
      refuseAmbiguous(id, found, closure)
      for (const record of closure.records) {
        const name = `${record.entity.map.source}\t${record.entity.map.entity}\t${record.key}`
        if (record.way.kind !== 'needed' && !owned.has(name)) owned.set(name, record)
      }
    } catch (error) {
      if (!isAppError(error, 'customer.unknown')) throw error
      missing = error
    }
  }
  if (owned.size === 0 && missing !== undefined) throw missing
  return [...owned.values()]
}

function listOwn(
  decisions: readonly Decision[],
  records: readonly ClosureRecord[],
): ListedDecision[] {
  const standing = new Set(standingOf(decisions))
  const names = new Set(
    records.map(({ entity: { map }, key }) => {
      return nameOf({ source: map.source, entity: map.entity, key })
    }),
  )
  const own = decisions.filter(({ a, b }) => names.has(nameOf(a)) || names.has(nameOf(b)))
  return own.map((one) => ({ ...one, stands: standing.has(one) })).reverse()
}

async function readVersions(
  vault: Vault,
  timelines: readonly Timeline[],
  { entity: { map }, key }: ClosureRecord,
  signal: AbortSignal,
): Promise<CustomerVersion[]> {
  const timeline = timelines.find(({ source }) => source === map.source)
  assert(timeline !== undefined, 'A record was found in one of the timelines.')
  const { deps, state } = timeline
  const request = { state, entity: map.entity, address: key }
  const { versions } = await recordHistory(deps, request, signal)
  const { entity, role, source } = map
  const dated = await dateVersions(vault, { state, versions }, signal)
  return dated.map((version) => ({ source, entity, role, key, ...version }))
}

function newestFirst(a: CustomerVersion, b: CustomerVersion): number {
  if (a.time !== b.time)
    return Date.parse(b.time) - Date.parse(a.time) || (a.time < b.time ? 1 : -1)
  const byPlace = (one: CustomerVersion) => `${one.source}\t${one.entity}\t${one.key}`
  return byPlace(a) < byPlace(b) ? -1 : 1
}
