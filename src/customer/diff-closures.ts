import { compareFields } from '#history/compare-fields'
import { findRecordsIfAny } from '#history/find-record'
import { presentUnder } from '#history/present-under'
import { readVersion } from '#history/record-fields'
import type { FoundVersion } from '#segment/find-versions'
import { type EntityPlace, isSamePlace } from './customer-map.ts'
import type { Closure, ClosureRecord } from './find-closure.ts'
import type { EntityInMap, MapAt } from './map-at.ts'

type Fields = Readonly<Record<string, string | null>>

/** What became of one record of a customer. */
export type CustomerChange = EntityPlace & {
  readonly key: string
  readonly role: string
  /**
   * `joined` and `left`: the record was there before and is there after, and belongs to the customer
   * at one of the moments only.
   */
  readonly op: 'insert' | 'update' | 'delete' | 'joined' | 'left'
  /** Whether the customer has it, or only needs it. */
  readonly isOwned: boolean
  /** `null` where it was not there. */
  readonly before: Fields | null
  readonly after: Fields | null
  /** Names of fields that differ; large values too, which `before` and `after` do not show. */
  readonly changed: readonly string[]
}

/** A closure with the map as it lies over the points of its moment. */
export type ClosureAt = { readonly closure: Closure; readonly laid: MapAt }

/**
 * What became of a customer between two moments, record by record, in the order of the map. Of what
 * it only needs, the records that both moments need and that differ.
 *
 * Reads, besides the closures, each record that only one of them holds, at the other moment.
 */
export async function diffClosures(
  before: ClosureAt,
  after: ClosureAt,
  signal: AbortSignal,
): Promise<CustomerChange[]> {
  const right = byName(after.closure)
  const changes: CustomerChange[] = []
  const gone: ClosureRecord[] = []
  for (const [name, record] of byName(before.closure)) {
    const other = right.get(name)
    right.delete(name)
    if (other !== undefined) changes.push(...compare(record, other))
    else if (isOwned(record)) gone.push(record)
  }
  const come = [...right.values()].filter(isOwned)
  for await (const [record, there] of readAt(gone, after.laid, signal))
    changes.push(describeGone(record, there))
  for await (const [record, there] of readAt(come, before.laid, signal))
    changes.push(describeNew(record, there))
  return inOrder(changes, after.laid)
}

function byName({ records }: Closure): Map<string, ClosureRecord> {
  return new Map(
    records.map((record) => {
      const { entity, source } = record.entity.map
      return [`${source}\t${entity}\t${record.key}`, record]
    }),
  )
}

function isOwned({ way }: ClosureRecord): boolean {
  return way.kind !== 'needed'
}

function compare(before: ClosureRecord, after: ClosureRecord): CustomerChange[] {
  const changed = changedFields(before, after)
  const has = [isOwned(before), isOwned(after)]
  if (has[0] !== has[1]) {
    const op = has[1] === true ? 'joined' : 'left'
    return [{ ...describe(after), op, isOwned: true, ...sides(before, after), changed }]
  }
  if (changed.length === 0) return []
  const both = sides(before, after)
  return [{ ...describe(after), op: 'update', isOwned: has[0] === true, ...both, changed }]
}

/** Names of fields that are not what they were, large ones by their hashes. */
function changedFields(before: ClosureRecord, after: ClosureRecord): string[] {
  const { shared, single } = compareFields(readOf(before), readOf(after))
  const large = [...after.large].flatMap(([name, { hash }]) => {
    const earlier = before.large.get(name)
    return earlier !== undefined && earlier.hash !== hash ? [name] : []
  })
  return [...new Set([...shared, ...single, ...large])]
}

function readOf({ entity, fields }: ClosureRecord) {
  return { schema: entity.at.schema, fields }
}

function describeGone(record: ClosureRecord, after: Fields | null): CustomerChange {
  const op = after === null ? 'delete' : 'left'
  const changed = after === null ? [] : changedNames(record.fields, after)
  return { ...describe(record), op, isOwned: true, before: record.fields, after, changed }
}

function describeNew(record: ClosureRecord, before: Fields | null): CustomerChange {
  const op = before === null ? 'insert' : 'joined'
  const changed = before === null ? [] : changedNames(before, record.fields)
  return { ...describe(record), op, isOwned: true, before, after: record.fields, changed }
}

/** Records of one moment as they are at another, entity by entity; `null` when they are not there. */
async function* readAt(
  records: readonly ClosureRecord[],
  { entities }: MapAt,
  signal: AbortSignal,
): AsyncGenerator<readonly [ClosureRecord, Fields | null], void, undefined> {
  for (const [entity, some] of Map.groupBy(records, (record) => record.entity)) {
    const there = entities.find(({ map }) => isSamePlace(map, entity.map))
    const keys = some.map(({ key }) => key)
    const found = there && (await findRecordsIfAny(there.deps, there.at, keys, signal))
    for (const [i, record] of some.entries()) {
      const version = found?.[i] ?? null
      const isThere = there !== undefined && version !== null
      yield [record, isThere ? await readThere(there, record, version, signal) : null]
    }
  }
}

async function readThere(
  { at, deps }: EntityInMap,
  { large }: ClosureRecord,
  version: FoundVersion,
  signal: AbortSignal,
): Promise<Fields | null> {
  const read = await readVersion(deps, at.schemas, version, signal)
  if (read === null) return null
  // Large values are read here and not there: they are left out of both.
  const fields = Object.entries(presentUnder(read, at.schema).fields)
  return Object.fromEntries(
    fields.map(([name, value]) => [name, large.has(name) ? null : value] as const),
  )
}

function changedNames(before: Fields, after: Fields): string[] {
  return Object.keys(after).filter((name) => before[name] !== after[name])
}

function describe({ entity: { map }, key }: ClosureRecord) {
  return { source: map.source, entity: map.entity, key, role: map.role }
}

function sides(before: ClosureRecord, after: ClosureRecord) {
  return { before: before.fields, after: after.fields }
}

function inOrder(changes: readonly CustomerChange[], { entities }: MapAt): CustomerChange[] {
  const rank = (change: CustomerChange) => {
    return entities.findIndex(({ map }) => isSamePlace(map, change))
  }
  return [...changes].sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1))
}
