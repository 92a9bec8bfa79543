import { KERNEL_FAILED, type Kernel } from '../kernel/open-kernel.ts'
import type { BytesColumn, VersionBatch } from '../version-batch.ts'
import {
  areasAt,
  digestInPlace,
  encodeInPlace,
  type ScanAreas,
  sizesOfAreas,
} from './scan-in-place.ts'
import { invalidRow, type ScanTable } from './scan-table.ts'

export type Scanned = { readonly batch: VersionBatch; readonly longestRowBytes: number }

/** Whole rows, each ended by a newline, as versions that keep `bytes` as their row text. */
export function scanRowsBatch(
  kernel: Kernel,
  table: ScanTable,
  bytes: Uint8Array<ArrayBuffer>,
): Scanned {
  const rowCount = findFields(kernel, table, bytes)
  const areas = layOut(kernel, table, bytes.length, rowCount)
  const rows = digestRows(kernel, table, areas, bytes)
  const batch: VersionBatch = {
    count: rowCount,
    keys: encodeKeys(kernel, table, areas),
    seqs: new Uint32Array(rowCount),
    ordinals: new Uint32Array(rowCount).fill(1),
    ops: new Uint8Array(rowCount),
    digests: new BigUint64Array(take(kernel, areas.digests, 8 * rowCount).buffer),
    rows,
    large: new Map(),
  }
  return { batch, longestRowBytes: kernel.calls.longest() >>> 0 }
}

/** Leaves text and field ends in the first two areas, and returns how many rows there are. */
export function findFields(kernel: Kernel, table: ScanTable, bytes: Uint8Array): number {
  const { calls } = kernel
  const [text = 0, ends = 0] = kernel.layOut([bytes.length, 4 * bytes.length])
  kernel.bytes().set(bytes, text)
  const found = calls.findFields(text, bytes.length, ends) >>> 0
  const rowCount = calls.newlines() >>> 0
  if (found !== rowCount * table.fieldCount) throw wrongFields(table)
  if (calls.markers() !== 0) throw invalidRow(table, 'found a mark that only the vault writes')
  return rowCount
}

function layOut(kernel: Kernel, table: ScanTable, sizeBytes: number, rowCount: number): ScanAreas {
  // The first two areas are where `findFields` filled them.
  const sizes = [sizeBytes, 4 * sizeBytes, ...sizesOfAreas(table, sizeBytes, rowCount)]
  const [text = 0, ends = 0, ...rest] = kernel.layOut(sizes)
  return areasAt({ text, ends, rowCount }, rest)
}

function digestRows(
  kernel: Kernel,
  table: ScanTable,
  areas: ScanAreas,
  bytes: Uint8Array<ArrayBuffer>,
): BytesColumn {
  const { rowCount, rowEnds } = areas
  const good = digestInPlace(kernel, table, areas)
  const rows = { bytes, ends: new Uint32Array(take(kernel, rowEnds, 4 * rowCount).buffer) }
  if (good !== rowCount || (rows.ends.at(-1) ?? 0) !== bytes.length) throw wrongFields(table)
  return rows
}

function encodeKeys(kernel: Kernel, table: ScanTable, areas: ScanAreas): BytesColumn {
  const sizeBytes = encodeInPlace(kernel, table, areas)
  if (sizeBytes === KERNEL_FAILED) {
    throw invalidRow(table, 'found a key field that is null or not in its canonical form')
  }
  return {
    bytes: take(kernel, areas.keys, sizeBytes),
    ends: new Uint32Array(take(kernel, areas.keyEnds, 4 * areas.rowCount).buffer),
  }
}

export function wrongFields(table: ScanTable) {
  const { fields } = table.schema
  return invalidRow(table, `found another number of fields, need ${fields.length} and a newline`)
}

function take(kernel: Kernel, at: number, sizeBytes: number): Uint8Array<ArrayBuffer> {
  return kernel.bytes().slice(at, at + sizeBytes)
}
