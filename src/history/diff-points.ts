import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { isUpTo } from '#record/stamp'
import { readTouched, type TouchedBatch } from '#segment/read-changes'
import { readState } from '#segment/read-state'
import type { SegmentReadDeps } from '#segment/segment'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { compareFields } from './compare-fields.ts'
import { type EntityAt, entityAt } from './entity-at.ts'
import { pairVersions, type RecordPair, viewKey, viewRow } from './pair-versions.ts'
import { type RecordFields, readRecordFields } from './record-fields.ts'

/** One record that is not what it was. `before` and `after` are null where it was not there. */
export type RecordChange = {
  readonly entity: EntityName
  readonly key: string
  readonly op: 'insert' | 'update' | 'delete'
  readonly before: RecordFields | null
  readonly after: RecordFields | null
}

/** What happened to the shape of an entity between two points. */
export type SchemaChange = {
  readonly entity: EntityName
  readonly fieldsAdded: readonly string[]
  readonly fieldsDropped: readonly string[]
}

/** One entity at both points; `null` where a point does not hold it. */
export type EntityDiff = {
  readonly entity: EntityName
  /** One of the points left it out: there is nothing to compare, and nothing was deleted. */
  readonly isLeftOut: boolean
  readonly left: EntityAt | null
  readonly right: EntityAt | null
}

/** The entities that either point holds, in order of name. */
export function diffEntities(
  state: TimelineState,
  { left, right }: { readonly left: Point; readonly right: Point },
): EntityDiff[] {
  const held = (point: Point) => point.entities.map(({ entity }) => entity)
  const at = (point: Point, entity: EntityName) =>
    point.factsOf(entity) === undefined ? null : entityAt(state, point, entity)
  const names = [...new Set([...held(left), ...held(right)])].sort()
  return names.map((entity) => {
    const isLeftOut = [left, right].some(({ leftOut }) => leftOut.includes(entity))
    return { entity, isLeftOut, left: at(left, entity), right: at(right, entity) }
  })
}

/** The fields that only one side has; `null` when there is nothing to say. */
export function diffSchemas({ entity, left, right }: EntityDiff): SchemaChange | null {
  const names = (at: EntityAt | null) => (at?.schema.fields ?? []).map(({ name }) => name)
  const [before, after] = [names(left), names(right)]
  const fieldsAdded = after.filter((name) => !before.includes(name))
  const fieldsDropped = before.filter((name) => !after.includes(name))
  if (left === null || right === null || fieldsAdded.length + fieldsDropped.length === 0)
    return null
  return { entity, fieldsAdded, fieldsDropped }
}

/**
 * What changed in one entity between two points, in key order, in bounded lists.
 *
 * Within one layout and generation it costs what changed: only versions between the points and the
 * blocks they replaced are read. Across layouts and generations both states are read whole. A field
 * that only one of the schemas has makes no difference by itself, and a field that was renamed is the
 * same field.
 */
export async function* diffEntity(
  deps: SegmentReadDeps,
  diff: EntityDiff,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordChange[], void, undefined> {
  if (diff.isLeftOut || isSameContent(diff)) return
  for await (const pairs of pairEntity(deps, diff, signal)) {
    for (let from = 0; from < pairs.length; from += CHANGES_MAX) {
      const changes: RecordChange[] = []
      for (const pair of pairs.slice(from, from + CHANGES_MAX)) {
        changes.push(...(await formatPair(deps, diff, pair, signal)))
      }
      if (changes.length > 0) yield changes
    }
  }
}

/** Changes in a list: their values are gone before the collector would move them among what stays. */
const CHANGES_MAX = 128

function isSameContent({ left, right }: EntityDiff): boolean {
  if (left === null || right === null || left.schema.layout !== right.schema.layout) return false
  const { fingerprint, rows } = left.facts
  // Pending says nothing, not even of itself.
  return (
    fingerprint !== null && fingerprint === right.facts.fingerprint && rows === right.facts.rows
  )
}

function hasSharedVersions({ schema: a }: EntityAt, { schema: b }: EntityAt): boolean {
  return a.generation === b.generation && a.layout === b.layout
}

/**
 * The records that may differ, in key order: those of one layout do. Of an entity that nobody holds
 * there is none. A pair is good until the next list is asked for.
 */
export function pairEntity(
  deps: SegmentReadDeps,
  { left, right }: Pick<EntityDiff, 'left' | 'right'>,
  signal: AbortSignal,
): AsyncIterable<readonly RecordPair[]> {
  if (left === null || right === null || !hasSharedVersions(left, right)) {
    return pairVersions(stateOf(deps, left, signal), stateOf(deps, right, signal))
  }
  const isForward = isUpTo(right.asOf, left.asOf.seq, left.asOf.ordinal)
  const [older, newer] = isForward ? [left, right] : [right, left]
  const touched = readTouched(deps, {
    segments: newer.segments,
    schemas: newer.schemas,
    from: older.asOf,
    to: newer.asOf,
    fromSchema: older.schema,
    toSchema: newer.schema,
    rows: true,
    signal,
  })
  return pairTouched(touched, isForward)
}

/** The records that are really different: one that changed and changed back is not. */
async function* pairTouched(
  batches: AsyncIterable<TouchedBatch>,
  isForward: boolean,
): AsyncGenerator<readonly RecordPair[], void, undefined> {
  for await (const { after, before } of batches) {
    const pairs: RecordPair[] = []
    for (let index = 0; index < after.count; index++) {
      const older = viewRow(before, index)
      const newer = viewRow(after, index)
      if (older?.digest === newer?.digest) continue
      const [left, right] = isForward ? [older, newer] : [newer, older]
      const since = { seq: after.seqs[index] ?? 0, ordinal: after.ordinals[index] ?? 0 }
      pairs.push({ key: viewKey(after, index), left, right, since })
    }
    yield pairs
  }
}

async function* stateOf(deps: SegmentReadDeps, at: EntityAt | null, signal: AbortSignal) {
  if (at === null) return
  const { asOf, schema, schemas, segments } = at
  yield* readState(deps, { segments, schemas, schema, asOf, rows: true, signal })
}

/** The change a pair is: none when the fields both sides have are equal, two when the keys mean different things. */
async function formatPair(
  deps: SegmentReadDeps,
  { entity, left, right }: EntityDiff,
  pair: RecordPair,
  signal: AbortSignal,
): Promise<RecordChange[]> {
  const before = left && pair.left && (await readRecordFields(deps, left.schema, pair.left, signal))
  const after =
    right && pair.right && (await readRecordFields(deps, right.schema, pair.right, signal))
  const keyOf = (at: EntityAt) => formatKeyAddress(pair.key, at.schema.key)
  const changes: RecordChange[] = []
  if (left && right && before && after && isSameKey(left.schema, right.schema)) {
    const key = keyOf(right)
    const { shared } = compareFields(
      { schema: left.schema, fields: before },
      { schema: right.schema, fields: after },
    )
    return shared.length === 0 ? [] : [{ entity, key, op: 'update', before, after }]
  }
  if (left && before) changes.push({ entity, key: keyOf(left), op: 'delete', before, after: null })
  if (right && after) changes.push({ entity, key: keyOf(right), op: 'insert', before: null, after })
  return changes
}

function isSameKey(a: SchemaVersion, b: SchemaVersion): boolean {
  return a.key === b.key || formatCanonicalJson(a.key) === formatCanonicalJson(b.key)
}
