import type { SourceCut } from '#connector/connector'
import { readAs } from '#connector/read-as'
import type { EntityAt } from '#history/entity-at'
import { type PairTotals, pairVersions, type RecordPair } from '#history/pair-versions'
import { scanFields } from '#record/project'
import { batchBytes, type RowBatch } from '#record/row-batch'
import type { DescribedEntity, SchemaVersion } from '#record/schema'
import type { DigestKey } from '#seal/keys'
import { readState } from '#segment/read-state'
import { openRowScanner } from '#segment/scan-rows'
import type { SegmentReadDeps } from '#segment/segment'
import { sortVersions } from '#segment/sort-versions'
import type { VersionBatch } from '#segment/version-batch'
import { AppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import type { RowProgress } from './tell-rows.ts'

export type CompareDeps = {
  readonly read: SegmentReadDeps
  readonly digestKey: DigestKey
  readonly random: Random
  readonly tempDir: string
  /** Told of the target's rows as they are compared, and of those that are written. */
  readonly progress: RowProgress
}

/** What an unordered scan may hold in memory before it spills. */
const SORT_BYTES_MAX = 64 * 1_048_576

/**
 * Pairs an entity as a point holds it (left) with the same entity as a living system holds it
 * (right), and yields the records that differ. The system's rows are digested under the point's
 * schema, so equality is exact whatever happened to its columns' order.
 *
 * @throws restore.schema-differs when the system lacks a field of the point
 */
export async function* pairWithTarget(
  deps: CompareDeps,
  { at, cut, described }: { at: EntityAt; cut: SourceCut; described: DescribedEntity },
  { rows, signal }: { readonly rows: boolean; readonly signal: AbortSignal },
): AsyncGenerator<readonly RecordPair[], PairTotals, undefined> {
  refuseMissingFields(at.schema, described)
  const { asOfSeq, schema, schemas, segments } = at
  const state = readState(deps.read, { segments, schemas, schema, asOfSeq, rows, signal })
  // A value's text may depend on its field's type, and the point's is the one to compare under.
  const shown = readAs(described, schema)
  const scanned = digestAll(deps, schema, cut.scan(shown, scanFields(schema), signal))
  const isOrdered = shown.scanOrder === 'key' && hasSameKey(schema, shown)
  const sorted = isOrdered
    ? scanned
    : sortVersions(deps, scanned, { memoryBytesMax: SORT_BYTES_MAX, signal })
  return yield* pairVersions(state, sorted)
}

/** The same against a system that does not have the entity: every record of the point is a pair. */
export function pairWithNothing(
  deps: CompareDeps,
  at: EntityAt,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordPair[], PairTotals, undefined> {
  const { asOfSeq, schema, schemas, segments } = at
  const state = readState(deps.read, { segments, schemas, schema, asOfSeq, rows: true, signal })
  return pairVersions(state, nothing())
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
  const there = new Set(described.fields.map(({ name }) => name))
  const missing = schema.fields.filter(({ name }) => !there.has(name)).map(({ name }) => name)
  if (missing.length === 0) return
  throw new AppError(
    'restore.schema-differs',
    `Cannot compare "${schema.entity}" with the target: it has no field ${missing.join(', ')}`,
    { entity: schema.entity, missing },
  )
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
