import type { SourceCut } from '#connector/connector'
import { readAs } from '#connector/read-as'
import type { EntityAt } from '#history/entity-at'
import { type PairTotals, pairVersions, type RecordPair, viewKey } from '#history/pair-versions'
import type { PickedKeys } from '#history/picked-keys'
import { scanFields } from '#record/project'
import { batchBytes, type RowBatch } from '#record/row-batch'
import type { DescribedEntity, SchemaVersion } from '#record/schema'
import type { DigestKey } from '#seal/keys'
import { openRowScanner } from '#segment/scan-rows'
import type { SegmentReadDeps } from '#segment/segment'
import { sortVersions } from '#segment/sort-versions'
import type { VersionBatch } from '#segment/version-batch'
import { AppError, isAppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import type { OtherType } from './restore-plan.ts'
import { type OtherRows, readPoint } from './row-mask.ts'
import type { RowProgress } from './tell-rows.ts'

export type CompareDeps = {
  readonly read: SegmentReadDeps
  readonly digestKey: DigestKey
  readonly random: Random
  readonly tempDir: string
  /** Told of the target's rows as they are compared, and of those that are written. */
  readonly progress: RowProgress
  /** The target gets other rows than the point holds; absent: the same. */
  readonly otherRows?: OtherRows
}

export type Compared = {
  readonly at: EntityAt
  readonly cut: Pick<SourceCut, 'scan'>
  readonly described: DescribedEntity
}

export type PairOptions = {
  /** Whether rows are read, too, and not only their digests. */
  readonly rows: boolean
  /** Asked of a key that several rows of the system have; otherwise all but one of them are extra. */
  readonly isTwinRefused?: (key: Uint8Array) => boolean
  /** Pairs of other records are not made, and of the point they need not be read; absent: of all. */
  readonly only?: PickedKeys | undefined
  readonly signal: AbortSignal
}

/** What an unordered scan may hold in memory before it spills. */
export const SORT_BYTES_MAX = 64 * 1_048_576

/**
 * Pairs an entity as a point holds it (left) with the same entity as a living system holds it
 * (right), and yields the records that differ. The system's rows are digested under the point's
 * schema, so equality is exact whatever happened to its columns' order.
 *
 * @throws restore.schema-differs when the system lacks a field of the point, or holds a value that
 * the type at the point has no text for
 * @throws restore.key-not-unique for a record of the system that is there twice, where that is refused
 */
export async function* pairWithTarget(
  deps: CompareDeps,
  compared: Compared,
  options: PairOptions,
): AsyncGenerator<readonly RecordPair[], PairTotals, undefined> {
  const { only, rows, signal } = options
  const scanned = scanTarget(deps, compared, options)
  const state = readPoint(deps, compared.at, { only, rows, signal })
  return yield* pairVersions(state, scanned, only)
}

/** What a living system holds of an entity, in key order under the point's schema. @throws as `pairWithTarget` */
export function scanTarget(
  deps: CompareDeps,
  { at, cut, described }: Compared,
  { isTwinRefused = () => false, signal }: PairOptions,
): AsyncIterable<VersionBatch> {
  const { schema } = at
  refuseMissingFields(schema, described)
  // A value's text may depend on its field's type, and the point's is the one to compare under.
  const shown = readAs(described, schema)
  const printed = refuseUnprintable(cut.scan(shown, scanFields(schema), signal), at, described)
  const scanned = digestAll(deps, schema, printed)
  const isOrdered = shown.scanOrder === 'key' && hasSameKey(schema, shown)
  const sorted = isOrdered
    ? scanned
    : sortVersions(deps, scanned, { memoryBytesMax: SORT_BYTES_MAX, signal })
  return hasSameKey(schema, shown) ? sorted : refuseTwins(sorted, schema, isTwinRefused)
}

/** The same against a system that does not have the entity: every record of the point is a pair. */
export function pairWithNothing(
  deps: CompareDeps,
  at: EntityAt,
  { only, signal }: Pick<PairOptions, 'only' | 'signal'>,
): AsyncGenerator<readonly RecordPair[], PairTotals, undefined> {
  const state = readPoint(deps, at, { only, rows: true, signal })
  return pairVersions(state, nothing(), only)
}

async function* nothing(): AsyncGenerator<VersionBatch, void, undefined> {}

async function* digestAll(
  deps: CompareDeps,
  schema: SchemaVersion,
  rows: AsyncIterable<RowBatch>,
): AsyncGenerator<VersionBatch, void, undefined> {
  const scanner = openRowScanner(schema, deps.digestKey)
  for await (const batch of rows) {
    const bytes = batchBytes(batch)
    const versions = scanner.scan(batch)
    deps.progress({ rows: versions.count, bytes })
    yield versions
  }
}

function refuseMissingFields(schema: SchemaVersion, described: DescribedEntity): void {
  if (described.hasOpenFields === true) return
  const there = new Set(described.fields.map(({ name }) => name))
  const missing = schema.fields.filter(({ name }) => !there.has(name)).map(({ name }) => name)
  if (missing.length === 0) return
  throw new AppError(
    'restore.schema-differs',
    `Cannot compare "${schema.entity}" with the target: it has no field ${missing.join(', ')}`,
    { entity: schema.entity, missing },
  )
}

/** Fields that have another type in the system than at the point. */
export function listOtherTypes(schema: SchemaVersion, described: DescribedEntity): OtherType[] {
  const typeByName = new Map(described.fields.map(({ name, type }) => [name, type]))
  return schema.fields.flatMap(({ name, type }) => {
    const target = typeByName.get(name) ?? type
    return target === type ? [] : [{ field: name, point: type, target }]
  })
}

export function formatOtherTypes(otherTypes: readonly OtherType[]): string {
  return otherTypes
    .map(({ field, point, target }) => `${field} (${point} at the point, ${target} there)`)
    .join(', ')
}

/** Where a field has another type, its values may have no text under that of the point. */
async function* refuseUnprintable(
  rows: AsyncIterable<RowBatch>,
  { schema }: EntityAt,
  described: DescribedEntity,
): AsyncGenerator<RowBatch, void, undefined> {
  try {
    yield* rows
  } catch (cause) {
    const otherTypes = listOtherTypes(schema, described)
    if (otherTypes.length === 0 || !isAppError(cause, 'connector.value-refused')) throw cause
    const { entity } = schema
    const found = `it holds values of another type in ${formatOtherTypes(otherTypes)}`
    const message = `Cannot compare "${entity}" with the target: ${found}`
    throw new AppError('restore.schema-differs', message, { entity, otherTypes }, { cause })
  }
}

/** A table without the key of the point may hold several rows of one record: none of them is the one. */
async function* refuseTwins(
  versions: AsyncIterable<VersionBatch>,
  { entity }: SchemaVersion,
  isRefused: (key: Uint8Array) => boolean,
): AsyncGenerator<VersionBatch, void, undefined> {
  let before: Uint8Array | undefined
  for await (const batch of versions) {
    for (let i = 0; i < batch.count; i++) {
      const key = viewKey(batch, i)
      const isTwin = before !== undefined && Buffer.compare(before, key) === 0
      if (isTwin && isRefused(key)) {
        const found = 'several of its rows have the key of one record'
        const message = `Cannot compare "${entity}" with the target: ${found}, need one each`
        throw new AppError('restore.key-not-unique', message, { entity })
      }
      before = key
    }
    before = before?.slice()
    yield batch
  }
}

/** Only then do both sides arrive in one order. */
function hasSameKey(schema: SchemaVersion, { key }: DescribedEntity): boolean {
  if (schema.key.kind === 'digest' || key === null) return false
  const nameById = new Map(schema.fields.map(({ id, name }) => [id, name]))
  const names = schema.key.fieldIds.map((id) => nameById.get(id))
  const { encodings } = schema.key
  return (
    names.length === key.fields.length &&
    names.every((name, i) => name === key.fields[i] && encodings[i] === key.encodings[i])
  )
}
