import type { CustomerMap } from '#customer/customer-map'
import { type Bounded, type Closure, type ClosureRecord, findClosure } from '#customer/find-closure'
import { findParty, refuseAmbiguous, refuseUnknownSource } from '#customer/find-party'
import { formatMoment, mapAt } from '#customer/map-at'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { decidedThen } from './customer/read-decisions.ts'
import { describeIdentity, type ShownIdentity } from './describe-identity.ts'
import { findSourcesAt, type LiveAnswer, liveOf, provennessOfMap } from './find-sources-at.ts'
import { type LiveSources, openLiveSources, type ReadLiveDeps } from './live/live-sources.ts'
import { readAgain } from './points/read-again.ts'
import { readMap } from './read-map.ts'
import type { Provenness } from './unproven.ts'

export type ShowCustomerRequest = {
  readonly id: string
  readonly source: string | undefined
  /** Points, or sources as they are now; the newest point of every source that none of them means. */
  readonly at: readonly string[]
  readonly file: string | undefined
  /** Who is one as it was decided by the moment, and not as it is decided by now. */
  readonly isDecidedThen?: boolean
}

/** One customer with everything attached, as `customer show --json` prints it. */
export type ShownCustomer = Provenness &
  LiveAnswer &
  ShownIdentity & {
    readonly points: readonly string[]
    readonly records: readonly ShownCustomerRecord[]
    /** Where a bound kept the closure from taking all. */
    readonly bounded: readonly ShownBound[]
    /** Whether everything is here that no bound of a link left out. */
    readonly isWhole: boolean
  }

export type ShownCustomerRecord = {
  readonly source: string
  readonly entity: string
  readonly role: string
  readonly key: string
  /** How it came in: `root`, `child` of the record `of`, the `same` party as it, or `needed` by it. */
  readonly way: 'root' | 'child' | 'same' | 'needed'
  /** Index of that record; `null` for the root. */
  readonly of: number | null
  readonly name: string | null
  readonly fields: Readonly<Record<string, string | null>>
  /** Fields whose values are too large to be shown, and how many bytes they have. */
  readonly large: Readonly<Record<string, number>>
}

export type ShownBound = {
  readonly line: number
  readonly source: string
  readonly entity: string
  readonly fields: readonly string[]
  /** Index of the record that has so many. */
  readonly of: number
  readonly found: number
  readonly taken: number
}

/**
 * One customer as of a moment, over all systems of the map; a source is asked where that moment is now.
 * @throws customer.unknown | customer.source-unknown | customer.ambiguous | app.map-not-found
 * @throws customer.map-invalid
 */
export async function showCustomer(
  deps: Pick<Context, 'configPath'> & ReadLiveDeps,
  vault: Vault,
  request: ShowCustomerRequest,
  signal: AbortSignal,
): Promise<ShownCustomer> {
  const { map } = await readMap(deps, vault, request.file, signal)
  refuseUnknownSource(map, request.source)
  return await readAgain(async () => {
    await using live = openLiveSources(deps, vault, map)
    return await readCustomer(vault, map, { ...request, progress: deps.progress, live }, signal)
  })
}

async function readCustomer(
  vault: Vault,
  map: CustomerMap,
  {
    at,
    id,
    isDecidedThen = false,
    live,
    progress,
    source,
  }: ShowCustomerRequest & Pick<Context, 'progress'> & { readonly live: LiveSources },
  signal: AbortSignal,
): Promise<ShownCustomer> {
  const wanted = new Set(map.entities.map((one) => one.source))
  const asked = { addresses: at, wanted, progress, readLive: live.read }
  const sources = await findSourcesAt(vault, asked, signal)
  const laid = mapAt(isDecidedThen ? decidedThen(map, sources) : map, sources)
  const found = await findParty(laid, { id, source, signal })
  const closure = await findClosure(laid, found.slice(0, 1), { bounds: map.bounds, signal })
  refuseAmbiguous(id, found, closure)
  return {
    points: sources.map(formatMoment),
    ...describeClosure(closure),
    ...describeIdentity(map.decisions, closure),
    ...liveOf(sources),
    ...provennessOfMap(sources, map),
  }
}

function describeClosure({ bounded, isWhole, records }: Closure): Omit<ShownCustomer, 'points'> {
  const nameOf = ({ entity, key }: ClosureRecord) => {
    return `${entity.map.source}\t${entity.map.entity}\t${key}`
  }
  const indexes = new Map(records.map((record, index) => [nameOf(record), index]))
  const indexOf = (record: ClosureRecord) => indexes.get(nameOf(record)) ?? 0
  return {
    isWhole,
    records: records.map((record) => describeRecord(record, indexOf)),
    bounded: bounded.map((bound) => describeBound(bound, indexOf)),
  }
}

function describeRecord(
  { entity: { map }, fields, key, large, way }: ClosureRecord,
  indexOf: (record: ClosureRecord) => number,
): ShownCustomerRecord {
  const name = map.identity.name ?? map.identity.email
  return {
    source: map.source,
    entity: map.entity,
    role: map.role,
    key,
    way: way.kind,
    of: way.kind === 'root' ? null : indexOf(way.of),
    name: (name !== undefined && fields[name]) || null,
    fields,
    large: Object.fromEntries([...large].map(([field, { bytes }]) => [field, bytes])),
  }
}

function describeBound(
  { found, link, of, taken }: Bounded,
  indexOf: (record: ClosureRecord) => number,
): ShownBound {
  const { fields, from, line } = link
  const { entity, source } = from.map
  return { line, source, entity, fields, of: indexOf(of), found, taken }
}
