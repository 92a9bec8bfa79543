import type { CustomerMap } from '#customer/customer-map'
import { type Bounded, type Closure, type ClosureRecord, findClosure } from '#customer/find-closure'
import { findParty, refuseAmbiguous } from '#customer/find-party'
import { mapAt } from '#customer/map-at'
import { formatPoint } from '#timeline/format-point'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { findSourcesAt, provennessOfMap } from './find-sources-at.ts'
import { readAgain } from './read-again.ts'
import { readMap } from './read-map.ts'
import type { Provenness } from './unproven.ts'

export type ShowCustomerRequest = {
  readonly id: string
  readonly source: string | undefined
  /** Points; the newest of every source that none of them means. */
  readonly at: readonly string[]
  readonly file: string | undefined
}

/** One customer with everything attached, as `customer show --json` prints it. */
export type ShownCustomer = Provenness & {
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
 * One customer as of a moment, over all systems of the map; no source is asked.
 * @throws customer.unknown | customer.ambiguous | app.map-not-found | customer.map-invalid
 */
export async function showCustomer(
  deps: Pick<Context, 'configPath' | 'progress'>,
  vault: Vault,
  request: ShowCustomerRequest,
  signal: AbortSignal,
): Promise<ShownCustomer> {
  const { map } = await readMap(deps, vault, request.file, signal)
  const asked = { ...request, progress: deps.progress }
  return await readAgain(() => readCustomer(vault, map, asked, signal))
}

async function readCustomer(
  vault: Vault,
  map: CustomerMap,
  { at, id, progress, source }: ShowCustomerRequest & Pick<Context, 'progress'>,
  signal: AbortSignal,
): Promise<ShownCustomer> {
  const wanted = new Set(map.entities.map((one) => one.source))
  const sources = await findSourcesAt(vault, { addresses: at, wanted, progress }, signal)
  const laid = mapAt(map, sources)
  const found = await findParty(laid, { id, source, signal })
  const closure = await findClosure(laid, found.slice(0, 1), { bounds: map.bounds, signal })
  refuseAmbiguous(id, found, closure)
  return {
    points: sources.map(({ point, source }) => formatPoint(source, point)),
    ...describeClosure(closure),
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
