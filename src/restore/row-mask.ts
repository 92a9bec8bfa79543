import type { EntityAt } from '#history/entity-at'
import type { PickedKeys } from '#history/picked-keys'
import { keyIndexes } from '#record/project'
import type { RowBatch } from '#record/row-batch'
import type { SchemaVersion } from '#record/schema'
import type { TranslateValue } from '#record/translate-rows'
import { toRowBatches } from '#segment/large-values'
import { readState } from '#segment/read-state'
import { openRowScanner } from '#segment/scan-rows'
import type { VersionBatch } from '#segment/version-batch'
import type { CompareDeps } from './compare-target.ts'
import { scanRows } from './scan-rows.ts'

/**
 * Other rows in the place of those of the point, masked ones, or ones with other keys: they are what is
 * compared, written, read back and kept of what was written.
 */
export type OtherRows = {
  /**
   * All rows that the entity is to have; `null`: those of the point, as they are.
   * @param only of other keys, as they are to be, rows may be left out
   */
  rowsOf(at: EntityAt, signal: AbortSignal, only?: PickedKeys): OrderedRows | null
  /**
   * Looks at what is written before it is committed; throws to roll it back.
   * @throws mask.original-found
   */
  prove?(written: readonly WrittenEntity[], signal: AbortSignal): Promise<void>
}

export type OrderedRows = {
  readonly rows: AsyncIterable<RowBatch>
  /** They come in key order. */
  readonly isOrdered: boolean
}

export type WrittenEntity = {
  readonly schema: SchemaVersion
  /** All rows that the target has of it now; may be called more than once. */
  rows(): AsyncIterable<RowBatch>
}

type PointOptions = {
  readonly rows: boolean
  readonly only?: PickedKeys | undefined
  readonly signal: AbortSignal
}
type PointDeps = Pick<CompareDeps, 'digestKey' | 'otherRows' | 'random' | 'read' | 'tempDir'>

/**
 * The state of an entity as it is to be in the target, ascending by key.
 *
 * @param only of other keys what is given may not be the state, or may be left out
 */
export async function* readPoint(
  deps: PointDeps,
  at: EntityAt,
  { only, rows, signal }: PointOptions,
): AsyncGenerator<VersionBatch, void, undefined> {
  const { asOf, schema, schemas, segments } = at
  const other = deps.otherRows?.rowsOf(at, signal, only) ?? null
  if (other === null) {
    yield* readState(deps.read, { segments, schemas, schema, asOf, rows, signal, ...skip(only) })
    return
  }
  if (!other.isOrdered) {
    yield* scanRows(deps, schema, other.rows, signal)
    return
  }
  const scanner = openRowScanner(schema, deps.digestKey)
  for await (const batch of other.rows) yield scanner.scan(batch)
}

/** The rows of an entity as they are to be in the target. */
export function readPointRows(
  deps: PointDeps,
  at: EntityAt,
  signal: AbortSignal,
): AsyncIterable<RowBatch> {
  return deps.otherRows?.rowsOf(at, signal)?.rows ?? readStateRows(deps, at, signal)
}

/** The rows of an entity as the point holds them; with `only`, at least those of these keys. */
export async function* readStateRows(
  { read }: Pick<CompareDeps, 'read'>,
  { asOf, schema, schemas, segments }: EntityAt,
  signal: AbortSignal,
  only?: PickedKeys,
): AsyncGenerator<RowBatch, void, undefined> {
  const options = { segments, schemas, schema, asOf, rows: true, signal, ...skip(only) }
  const state = readState(read, options)
  for await (const batch of state) yield* toRowBatches(read, batch, signal)
}

/** What is read whole is read ahead: there is nothing to be asked about its blocks. */
function skip(only: PickedKeys | undefined) {
  if (only === undefined) return {}
  return { mayHold: (first: Uint8Array, last: Uint8Array) => only.mayBeIn(first, last) }
}

/** Rows then have other keys than at the point, and come in another order. */
export function isKeyMasked(schema: SchemaVersion, values: readonly TranslateValue[]): boolean {
  if (schema.key.kind === 'digest') return true
  return keyIndexes(schema).some((index) => (values[index] ?? null) !== null)
}
