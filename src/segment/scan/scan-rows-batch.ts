import type { KeyEncoding } from '#record/schema'
import { KERNEL_FAILED, type Kernel } from '../kernel/open-kernel.ts'
import type { BytesColumn, VersionBatch } from '../version-batch.ts'
import { DIGEST_SEED_BYTES, invalidRow, type ScanTable } from './scan-table.ts'

export type Scanned = { readonly batch: VersionBatch; readonly longestRowBytes: number }

const ENCODINGS: Readonly<Record<KeyEncoding, number>> = { integer: 0, uuid: 1, bytes: 2, text: 3 }
const NO_VALUE = 0xffff_ffff
/** At most: an integer, or the 12 bytes of a digest with an occurrence. */
const KEY_PART_BYTES = 12

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
function findFields(kernel: Kernel, table: ScanTable, bytes: Uint8Array): number {
  const { calls } = kernel
  const [text = 0, ends = 0] = kernel.layOut([bytes.length, 4 * bytes.length])
  kernel.bytes().set(bytes, text)
  const found = calls.findFields(text, bytes.length, ends) >>> 0
  const rowCount = calls.newlines() >>> 0
  if (found !== rowCount * table.fieldCount) throw wrongFields(table)
  if (calls.markers() !== 0) throw invalidRow(table, 'found a mark that only the vault writes')
  return rowCount
}

type Areas = {
  readonly text: number
  readonly ends: number
  readonly seed: number
  readonly missing: number
  readonly spec: number
  readonly digests: number
  readonly rowEnds: number
  readonly keyEnds: number
  readonly keys: number
  readonly rowCount: number
}

function layOut(kernel: Kernel, table: ScanTable, sizeBytes: number, rowCount: number): Areas {
  const { missing: values, keyFields, fieldCount } = table
  const valueBytes = values.reduce((sum, value) => sum + (value?.length ?? 0), 0)
  // The first two areas are where `findFields` filled them.
  const [text = 0, ends = 0, seed = 0, missing = 0, spec = 0, ...perRow] = kernel.layOut([
    sizeBytes,
    4 * sizeBytes,
    DIGEST_SEED_BYTES,
    8 * fieldCount + valueBytes,
    8 * keyFields.length,
    8 * rowCount,
    4 * rowCount,
    4 * rowCount,
    2 * sizeBytes + KEY_PART_BYTES * rowCount * Math.max(1, keyFields.length),
  ])
  const [digests = 0, rowEnds = 0, keyEnds = 0, keys = 0] = perRow
  return { text, ends, seed, missing, spec, digests, rowEnds, keyEnds, keys, rowCount }
}

function digestRows(
  kernel: Kernel,
  table: ScanTable,
  areas: Areas,
  bytes: Uint8Array<ArrayBuffer>,
): BytesColumn {
  const { calls } = kernel
  const { text, ends, rowCount, seed, missing, digests, rowEnds } = areas
  const memory = kernel.bytes()
  memory.set(table.digestSeed, seed)
  putMissing(memory, table, missing)
  calls.sipKey(seed)
  calls.sipPrefix(seed + 16)
  const { fieldCount, trimFrom } = table
  const good =
    calls.digestRows(text, ends, rowCount, fieldCount, missing, trimFrom, digests, rowEnds) >>> 0
  const rows = { bytes, ends: new Uint32Array(take(kernel, rowEnds, 4 * rowCount).buffer) }
  if (good !== rowCount || (rows.ends.at(-1) ?? 0) !== bytes.length) throw wrongFields(table)
  return rows
}

function putMissing(memory: Uint8Array, { missing }: ScanTable, at: number): void {
  const view = new DataView(memory.buffer)
  let valueAt = at + 8 * missing.length
  missing.forEach((value, field) => {
    view.setUint32(at + 8 * field, valueAt, true)
    view.setUint32(at + 8 * field + 4, value === null ? NO_VALUE : value.length, true)
    if (value === null) return
    memory.set(value, valueAt)
    valueAt += value.length
  })
}

function encodeKeys(kernel: Kernel, table: ScanTable, areas: Areas): BytesColumn {
  const { calls } = kernel
  const { text, ends, rowCount, spec, digests, keyEnds, keys } = areas
  const { keyFields, fieldCount } = table
  let sizeBytes = KEY_PART_BYTES * rowCount
  if (keyFields.length === 0) {
    calls.digestKeys(digests, rowCount, keys, keyEnds)
  } else {
    const parts = Uint32Array.from(
      keyFields.flatMap(({ field, encoding }) => [field, ENCODINGS[encoding]]),
    )
    kernel.bytes().set(new Uint8Array(parts.buffer), spec)
    sizeBytes =
      calls.encodeKeys(text, ends, rowCount, fieldCount, spec, keyFields.length, keys, keyEnds) >>>
      0
    if (sizeBytes === KERNEL_FAILED) {
      throw invalidRow(table, 'found a key field that is null or not in its canonical form')
    }
  }
  return {
    bytes: take(kernel, keys, sizeBytes),
    ends: new Uint32Array(take(kernel, keyEnds, 4 * rowCount).buffer),
  }
}

function wrongFields(table: ScanTable) {
  const { fields } = table.schema
  return invalidRow(table, `found another number of fields, need ${fields.length} and a newline`)
}

function take(kernel: Kernel, at: number, sizeBytes: number): Uint8Array<ArrayBuffer> {
  return kernel.bytes().slice(at, at + sizeBytes)
}
