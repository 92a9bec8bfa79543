import { compareFields } from '#history/compare-fields'
import { findRecord } from '#history/find-record'
import { presentUnder } from '#history/present-under'
import { readVersion } from '#history/record-fields'
import { isAppError } from '#stdx/app-error'
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
  for (const [name, record] of byName(before.closure)) {
    const other = right.get(name)
    right.delete(name)
    if (other !== undefined) changes.push(...compare(record, other))
    else if (isOwned(record)) changes.push(await describeGone(record, after, signal))
  }
  for (const record of right.values()) {
    if (isOwned(record)) changes.push(await describeNew(record, before, signal))
  }
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

async function describeGone(
  record: ClosureRecord,
  { laid }: ClosureAt,
  signal: AbortSignal,
): Promise<CustomerChange> {
  const after = await readAt(record, laid, signal)
  const op = after === null ? 'delete' : 'left'
  const changed = after === null ? [] : changedNames(record.fields, after)
  return { ...describe(record), op, isOwned: true, before: record.fields, after, changed }
}

async function describeNew(
  record: ClosureRecord,
  { laid }: ClosureAt,
  signal: AbortSignal,
): Promise<CustomerChange> {
  const before = await readAt(record, laid, signal)
  const op = before === null ? 'insert' : 'joined'
  const changed = before === null ? [] : changedNames(before, record.fields)
  return { ...describe(record), op, isOwned: true, before, after: record.fields, changed }
}

/** A record of one moment as it is at another; `null` when it is not there. */
async function readAt(
  { entity, key, large }: ClosureRecord,
  { entities }: MapAt,
  signal: AbortSignal,
): Promise<Fields | null> {
  const there = entities.find(({ map }) => isSamePlace(map, entity.map))
  if (there === undefined) return null
  try {
    const fields = await readRecord(there, key, signal)
    // Large values are read here and not there: they are left out of both.
    return (
      fields &&
      Object.fromEntries(
        Object.entries(fields).map(([name, value]) => {
          return [name, large.has(name) ? null : value]
        }),
      )
    )
  } catch (error) {
    // A key of another shape than the entity had then is of no record there either.
    if (isAppError(error, 'history.record-unknown')) return null
    if (isAppError(error, 'record.key-invalid')) return null
    throw error
  }
}

async function readRecord(
  { at, deps }: EntityInMap,
  key: string,
  signal: AbortSignal,
): Promise<Fields | null> {
  const { version } = await findRecord(deps, at, key, signal)
  const record = await readVersion(deps, at.schemas, version, signal)
  return record && presentUnder(record, at.schema).fields
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
