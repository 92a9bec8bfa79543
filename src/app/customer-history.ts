import { chooseMoments, type PointsOfMoment } from '#customer/choose-moments'
import { type CustomerMap, formatPlace, type MapEntity } from '#customer/customer-map'
import { type Decision, nameOf, standingOf } from '#customer/decisions'
import { type ClosureRecord, findClosure } from '#customer/find-closure'
import { findMoves, type PartyMove } from '#customer/find-moves'
import { findParty, refuseAmbiguous, refuseUnknownSource } from '#customer/find-party'
import { mapAt, type SourceAt } from '#customer/map-at'
import { openRowIndex } from '#customer/open-row-index'
import { recordHistories } from '#history/record-history'
import type { SegmentReadDeps } from '#segment/segment'
import { type AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { provennessOfMap } from './find-sources-at.ts'
import type { ListedDecision } from './list-decisions.ts'
import { dateVersions, type ListedVersion } from './list-history.ts'
import { readAgain } from './points/read-again.ts'
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
  /** Whether no bound of the map cut the customer short at one of them: else versions are missing. */
  readonly isWhole: boolean
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
/** Of one entity, in the order in which they were reached: neighbours lie in the same blocks. */
const RECORDS_AT_ONCE = 1000

/**
 * Every version of everything that ever belonged to a customer, in one timeline over all systems.
 *
 * What belonged to it is found at every moment at which a source got a new point, at most
 * `MOMENTS_MAX` of them; the versions of what was found are all there are.
 * @throws customer.unknown when no moment holds it | customer.source-unknown | customer.ambiguous
 * @throws app.map-not-found
 */
export async function customerHistory(
  deps: Pick<Context, 'configPath' | 'progress'>,
  vault: Vault,
  request: CustomerHistoryRequest,
  signal: AbortSignal,
): Promise<CustomerHistory> {
  const { map } = await readMap(deps, vault, request.file, signal)
  refuseUnknownSource(map, request.source)
  const history = await readAgain(async () => {
    const timelines = await readTimelines({ vault, progress: deps.progress }, map, signal)
    const { moments, of } = chooseMoments(
      new Map(timelines.map(({ source, state }) => [source, [...state.points]])),
      MOMENTS_MAX,
    )
    deps.progress.begin({ label: 'Looking at every moment' })
    const { isWhole, records } = await findOwned({ map, timelines, moments }, request, signal)
    deps.progress.begin({ label: `Reading the versions of ${records.length} records` })
    const versions = await readAllVersions(vault, timelines, records, signal)
    const newest = timelines.flatMap((one) => sourceAt(one, one.state.points.at(-1)) ?? [])
    return {
      versions: versions.sort(newestFirst),
      decisions: listOwn(map.decisions, records),
      moves: await findMoves(mapAt(map, newest), versions, signal),
      records: records.length,
      isWhole,
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
): Promise<{ readonly records: ClosureRecord[]; readonly isWhole: boolean }> {
  const { map, moments, timelines } = looked
  const owned = new Map<string, ClosureRecord>()
  let isWhole = true
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
      isWhole &&= closure.isWhole && closure.bounded.length === 0
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
  return { records: [...owned.values()], isWhole }
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

async function readAllVersions(
  vault: Vault,
  timelines: readonly Timeline[],
  records: readonly ClosureRecord[],
  signal: AbortSignal,
): Promise<CustomerVersion[]> {
  const versions: CustomerVersion[] = []
  const byPlace = Map.groupBy(records, ({ entity: { map } }) => formatPlace(map))
  for (const [first, ...others] of byPlace.values()) {
    if (first === undefined) continue
    const { map } = first.entity
    const timeline = timelines.find(({ source }) => source === map.source)
    assert(timeline !== undefined, 'A record was found in one of the timelines.')
    const addresses = [first, ...others].map(({ key }) => key)
    for (let from = 0; from < addresses.length; from += RECORDS_AT_ONCE) {
      const some = addresses.slice(from, from + RECORDS_AT_ONCE)
      for await (const version of readVersions(vault, timeline, { map, some }, signal))
        versions.push(version)
    }
  }
  return versions
}

async function* readVersions(
  vault: Vault,
  { deps, state }: Timeline,
  {
    map: { entity, role, source },
    some,
  }: { readonly map: MapEntity; readonly some: readonly string[] },
  signal: AbortSignal,
): AsyncGenerator<CustomerVersion> {
  const histories = await recordHistories(deps, { state, entity, addresses: some }, signal)
  for (const [i, { versions }] of histories.entries()) {
    const key = some[i] ?? ''
    for (const version of await dateVersions(vault, { state, versions }, signal))
      yield { source, entity, role, key, ...version }
  }
}

function newestFirst(a: CustomerVersion, b: CustomerVersion): number {
  if (a.time !== b.time)
    return Date.parse(b.time) - Date.parse(a.time) || (a.time < b.time ? 1 : -1)
  const byPlace = (one: CustomerVersion) => `${one.source}\t${one.entity}\t${one.key}`
  return byPlace(a) < byPlace(b) ? -1 : 1
}
