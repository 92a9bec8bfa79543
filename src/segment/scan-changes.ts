import type { SchemaVersion } from '#record/schema'
import { deriveDigestKeys } from '#seal/digest-keys'
import type { DigestKey } from '#seal/keys'
import { assert } from '#stdx/assert'
import { deletesOf } from './batch/deletes.ts'
import { emptyBatch, gatherPieces } from './batch/pieces.ts'
import { type Kernel, openKernel } from './kernel/open-kernel.ts'
import { type ChangeLayout, layoutOf } from './scan/change-layout.ts'
import { listStretches, type Stretch, takeStretches } from './scan/change-stretches.ts'
import { takeLargeValues } from './scan/large-fields.ts'
import { reorderRows } from './scan/reorder-rows.ts'
import { scanLargeRow } from './scan/scan-large-row.ts'
import { scanRowsBatch } from './scan/scan-rows-batch.ts'
import { invalidRow, type ScanTable, scanTable } from './scan/scan-table.ts'
import { LARGE_VALUE_BYTES, type VersionBatch } from './version-batch.ts'

/** Changes of one entity in the order they were made: what a connector's feed tells is one. */
export type RowChanges = {
  /** Names of the fields of an insert's or update's row, as they stand in it. */
  readonly fields: readonly string[]
  /** Those of a delete's row: the fields of the key. */
  readonly key: readonly string[]
  /** Per row: 1 an insert, 2 an update that leaves the key as it is, 3 a delete. */
  readonly ops: Uint8Array<ArrayBuffer>
  /** Canonical text: rows with where each ends, or one row longer than `LARGE_ROW_BYTES`. */
  readonly rows:
    | {
        readonly kind: 'rows'
        readonly bytes: Uint8Array<ArrayBuffer>
        readonly ends: Uint32Array<ArrayBuffer>
      }
    | { readonly kind: 'large'; readonly parts: readonly Uint8Array<ArrayBuffer>[] }
  /** Rows with values that were not sent; none where they are scanned. */
  readonly unchanged: ReadonlyMap<number, unknown>
}

export type ScannedChanges = {
  /** A version per row, in the order of the rows: of one key there may be several. */
  readonly batch: VersionBatch
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

/**
 * Turns changes as a feed tells them into versions: a row is digested and keyed exactly as a scan
 * does, whatever order its fields come in; a delete keeps its key only.
 */
export type ChangeScanner = {
  /**
   * Takes over the bytes of the changes. Costs some ten microseconds however few they are: join what
   * is small.
   * @param ordinal of the transaction that made them, in the entry they will be part of
   * @throws segment.row-invalid when fields are not those of the schema, or a key is not canonical
   */
  scan(changes: RowChanges, ordinal: number): ScannedChanges
}

/** One scanner scans the changes of one entity under one schema version, whose key has fields. */
export function openChangeScanner(
  schema: SchemaVersion,
  digestKey: DigestKey,
  kernel: Kernel = openKernel(),
): ChangeScanner {
  assert(schema.key.kind === 'fields', 'Changes are told of records that a key tells apart.')
  const table = scanTable(schema, deriveDigestKeys(digestKey).row)
  let layout: ChangeLayout | undefined
  return {
    scan(changes, ordinal) {
      assert(changes.unchanged.size === 0, 'Values that were not sent are no values of a row.')
      layout = layoutOf(table, changes, layout)
      const { rows } = changes
      const batch =
        rows.kind === 'large'
          ? scanLarge(kernel, layout, rows.parts, changes.ops)
          : scanStretches(kernel, layout, rows, changes.ops)
      batch.ordinals.fill(ordinal)
      return { batch, ...countOps(changes.ops) }
    },
  }
}

const INSERT = 1
const DELETE = 3

function countOps(ops: Uint8Array) {
  let inserted = 0
  let deleted = 0
  for (const op of ops) {
    if (op === INSERT) inserted += 1
    else if (op === DELETE) deleted += 1
  }
  return { inserted, updated: ops.length - inserted - deleted, deleted }
}

function scanLarge(
  kernel: Kernel,
  { deletes, order, puts }: ChangeLayout,
  parts: readonly Uint8Array<ArrayBuffer>[],
  ops: Uint8Array,
): VersionBatch {
  if (ops[0] === DELETE) return deletesOf(scanLargeRow(kernel, deletes, parts), 0, 1)
  return scanLargeRow(kernel, puts, parts, order)
}

type Rows = Extract<RowChanges['rows'], { kind: 'rows' }>

function scanStretches(
  kernel: Kernel,
  layout: ChangeLayout,
  rows: Rows,
  ops: Uint8Array,
): VersionBatch {
  const stretches = listStretches(ops, DELETE)
  const puts = scanPuts(kernel, layout, takeStretches(rows, stretches, false))
  const deletes = scanDeletes(kernel, layout.deletes, takeStretches(rows, stretches, true))
  if (puts.count + deletes.count !== ops.length) {
    throw invalidRow(layout.puts, 'found another number of rows than changes')
  }
  return gatherPieces(piecesOf(stretches, puts, deletes))
}

function scanPuts(
  kernel: Kernel,
  { order, puts }: ChangeLayout,
  bytes: Uint8Array<ArrayBuffer>,
): VersionBatch {
  // Many batches are of one row: scanning nothing would cost as much again.
  if (bytes.length === 0) return emptyBatch()
  const ordered = order === null ? bytes : reorderRows(kernel, puts, bytes, order)
  const { batch, longestRowBytes } = scanRowsBatch(kernel, puts, ordered)
  return longestRowBytes <= LARGE_VALUE_BYTES ? batch : takeLargeValues(batch)
}

function scanDeletes(kernel: Kernel, table: ScanTable, bytes: Uint8Array<ArrayBuffer>) {
  if (bytes.length === 0) return emptyBatch()
  const { batch } = scanRowsBatch(kernel, table, bytes)
  return deletesOf(batch, 0, batch.count)
}

/** In the order they came. */
function piecesOf(stretches: readonly Stretch[], puts: VersionBatch, deletes: VersionBatch) {
  let put = 0
  let deleted = 0
  return stretches.map(({ from, isDelete, to }) => {
    const count = to - from
    if (isDelete) {
      deleted += count
      return { batch: deletes, from: deleted - count, to: deleted }
    }
    put += count
    return { batch: puts, from: put - count, to: put }
  })
}
