import { gatherPieces, type Piece } from '../batch/pieces.ts'
import { openRowBuilder, plainShape, rowsOfStep, type StoredColumns } from '../block/decode-rows.ts'
import { KERNEL_FAILED, type Kernel } from '../kernel/open-kernel.ts'
import { OP_DELETE, type VersionBatch } from '../version-batch.ts'
import {
  areasAt,
  digestInPlace,
  encodeInPlace,
  KEY_PART_BYTES,
  type ScanAreas,
  sizesOfAreas,
} from './scan-in-place.ts'
import type { ScanTable } from './scan-table.ts'

/** What stored rows turned out to be; `unfit`: no rows of the table. */
export type RowsVerdict = 'same' | 'unfit' | 'other-digest' | 'other-key'

/** The bytes of a digest in a key, before its occurrence. */
const DIGEST_BYTES = 8

/**
 * Digests and keys the rows of a block anew, and holds them against what is stored with them. It
 * happens where the columns are decompressed; nothing is copied out.
 * @param versions of the block; none has large values
 * @throws FormatProblem when the columns do not make rows
 */
export function judgeRows(
  kernel: Kernel,
  columns: StoredColumns,
  table: ScanTable,
  versions: VersionBatch,
): RowsVerdict {
  const { rowCount, storedFieldCount } = columns
  const puts = putsOf(versions)
  const isFit = storedFieldCount === table.schema.fields.length && puts.count === rowCount
  if (!isFit) return 'unfit'
  const scanned = scanColumns(kernel, columns, table)
  if (scanned === undefined) return 'unfit'
  if (!isSame(kernel, scanned.digests, puts.digests)) return 'other-digest'
  const isSameKeys = table.keyFields.length > 0 ? isKeyed : isKeyedByDigest
  return isSameKeys(kernel, scanned, puts) ? 'same' : 'other-key'
}

type ScannedColumns = Pick<ScanAreas, 'digests' | 'keyEnds' | 'keys'> & {
  readonly keysBytes: number
}

/** `undefined` when the rows do not fit. */
function scanColumns(
  kernel: Kernel,
  columns: StoredColumns,
  table: ScanTable,
): ScannedColumns | undefined {
  const { rowCount } = columns
  const { fieldCount } = table
  const stepRows = rowsOfStep(columns)
  const more = [
    4 * stepRows * fieldCount,
    ...sizesOfAreas(table, keyTextBytes(columns, table), rowCount),
  ]
  const builder = openRowBuilder(kernel, columns, { shape: plainShape(columns), more })
  const [ends = 0, ...rest] = builder.areas
  const all = areasAt({ text: 0, ends, rowCount }, rest)
  let keysBytes = 0
  for (let row = 0; row < rowCount; row += stepRows) {
    const { count, out: text } = builder.build(Math.min(stepRows, rowCount - row), ends)
    const digests = all.digests + 8 * row
    const step = { ...all, text, rowCount: count, digests, keyEnds: all.keyEnds + 4 * row }
    if (kernel.calls.markers() !== 0) return undefined
    if (digestInPlace(kernel, table, step) !== count) return undefined
    keysBytes = encodeInPlace(kernel, table, step, keysBytes)
    if (keysBytes === KERNEL_FAILED) return undefined
  }
  builder.finish()
  return { ...all, keysBytes }
}

function putsOf(versions: VersionBatch): VersionBatch {
  const { count, ops } = versions
  if (!ops.includes(OP_DELETE)) return versions
  const pieces: Piece[] = []
  const batch = { ...versions, rows: null }
  for (let from = 0; from < count; from++) {
    if (ops[from] === OP_DELETE) continue
    const next = ops.indexOf(OP_DELETE, from)
    const to = next < 0 ? count : next
    pieces.push({ batch, from, to })
    from = to
  }
  return gatherPieces(pieces)
}

function keyTextBytes({ ends, starts }: StoredColumns, { keyFields }: ScanTable): number {
  return keyFields.reduce((sum, { field }) => sum + (ends[field] ?? 0) - (starts[field] ?? 0), 0)
}

function isKeyed(
  kernel: Kernel,
  { keyEnds, keys, keysBytes }: ScannedColumns,
  { count, keys: stored }: VersionBatch,
): boolean {
  return (
    keysBytes === (stored.ends[count - 1] ?? 0) &&
    isSame(kernel, keyEnds, stored.ends.subarray(0, count)) &&
    isSame(kernel, keys, stored.bytes.subarray(0, keysBytes))
  )
}

/** Such a key ends with an occurrence number, which no row tells. */
function isKeyedByDigest(
  kernel: Kernel,
  { keys }: ScannedColumns,
  { count, keys: stored }: VersionBatch,
): boolean {
  const memory = kernel.bytes()
  for (let i = 0; i < count; i++) {
    const start = i === 0 ? 0 : (stored.ends[i - 1] ?? 0)
    for (let k = 0; k < DIGEST_BYTES; k++) {
      if (stored.bytes[start + k] !== memory[keys + i * KEY_PART_BYTES + k]) return false
    }
  }
  return true
}

function isSame(kernel: Kernel, at: number, stored: Uint8Array | Uint32Array | BigUint64Array) {
  const { buffer, byteLength, byteOffset } = stored
  const there = kernel.bytes().subarray(at, at + byteLength)
  return Buffer.compare(there, new Uint8Array(buffer, byteOffset, byteLength)) === 0
}
