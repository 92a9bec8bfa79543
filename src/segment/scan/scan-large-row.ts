import { encodeDigestKey, encodeKey } from '#record/key'
import { parseField, parseLargeMarker } from '#record/row-text'
import { isAppError } from '#stdx/app-error'
import type { Kernel } from '../kernel/open-kernel.ts'
import type { VersionBatch } from '../version-batch.ts'
import { type FieldPieces, takeLargeFields } from './large-fields.ts'
import { DIGEST_SEED_BYTES, invalidRow, type ScanTable } from './scan-table.ts'

const TAB = 0x09
const NEWLINE = 0x0a
/** How much text goes into the kernel at a time. */
const STRIDE_BYTES = 1 << 18
/** A key field longer than this is in no source; the key of a record must fit a footer. */
const KEY_FIELD_BYTES_MAX = 1 << 20

type Parts = readonly Uint8Array<ArrayBuffer>[]

/**
 * One row that came in pieces. Its text is read in place and never joined.
 * @param order where each field stands in what came; absent: in its place
 */
export function scanLargeRow(
  kernel: Kernel,
  table: ScanTable,
  parts: Parts,
  order?: readonly number[] | null,
): VersionBatch {
  const fields = reorderFields(splitParts(table, parts), order ?? null)
  const digest = digestFields(kernel, table, fields.slice(0, keptFields(table, fields)))
  const key = encodeRowKey(table, fields, digest)
  const { row, large } = takeLargeFields(fields)
  return {
    count: 1,
    keys: { bytes: key, ends: Uint32Array.of(key.length) },
    seqs: new Uint32Array(1),
    ordinals: Uint32Array.of(1),
    ops: new Uint8Array(1),
    digests: new BigUint64Array(digest.slice().buffer),
    rows: { bytes: row, ends: Uint32Array.of(row.length) },
    large: large.length > 0 ? new Map([[0, large]]) : new Map(),
  }
}

function reorderFields(fields: readonly FieldPieces[], order: readonly number[] | null) {
  return order === null ? fields : order.flatMap((at) => fields[at] ?? [])
}

function splitParts(table: ScanTable, parts: Parts): FieldPieces[] {
  const fields: FieldPieces[] = []
  let pieces: Uint8Array<ArrayBuffer>[] = []
  let sizeBytes = 0
  const finish = () => {
    fields.push({ parts: pieces, sizeBytes })
    pieces = []
    sizeBytes = 0
  }
  const add = (piece: Uint8Array<ArrayBuffer>) => {
    if (piece.length > 0) pieces.push(piece)
    sizeBytes += piece.length
  }
  parts.forEach((part, i) => {
    const isLast = i === parts.length - 1
    const newline = part.indexOf(NEWLINE)
    const isClosed = isLast ? newline === part.length - 1 && newline >= 0 : newline < 0
    if (!isClosed) throw invalidRow(table, 'found its newline not at its end')
    const end = isLast ? newline : part.length
    let start = 0
    for (;;) {
      const tab = part.indexOf(TAB, start)
      if (tab < 0) break
      add(part.subarray(start, tab))
      finish()
      start = tab + 1
    }
    add(part.subarray(start, end))
  })
  finish()
  if (fields.length !== table.fieldCount) {
    throw invalidRow(table, `found ${fields.length} fields, need ${table.schema.fields.length}`)
  }
  for (const field of fields) {
    if (field.sizeBytes < 32 && parseLargeMarker(textOf(field)) !== undefined) {
      throw invalidRow(table, 'found a mark that only the vault writes')
    }
  }
  return fields
}

function keptFields({ trimFrom, missing }: ScanTable, fields: readonly FieldPieces[]): number {
  let kept = fields.length
  while (kept > trimFrom) {
    const value = missing[kept - 1]
    const field = fields[kept - 1]
    if (!value || field?.sizeBytes !== value.length) break
    if (Buffer.compare(Buffer.concat(field.parts), value) !== 0) break
    kept -= 1
  }
  return kept
}

/** SipHash of fields joined by tabs, 8 bytes little-endian. */
function digestFields(
  kernel: Kernel,
  table: ScanTable,
  fields: readonly FieldPieces[],
): Uint8Array<ArrayBuffer> {
  const { calls } = kernel
  const [seed = 0, text = 0, out = 0] = kernel.layOut([DIGEST_SEED_BYTES, STRIDE_BYTES, 8])
  const memory = kernel.bytes()
  memory.set(table.digestSeed, seed)
  calls.sipKey(seed)
  calls.sipPrefix(seed + 16)
  calls.sipStart()
  let filled = 0
  let totalBytes = 0
  const add = (piece: Uint8Array) => {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + STRIDE_BYTES - filled)
      memory.set(taken, text + filled)
      filled += taken.length
      at += taken.length
      if (filled < STRIDE_BYTES) continue
      calls.sipWords(text, STRIDE_BYTES)
      filled = 0
    }
    totalBytes += piece.length
  }
  fields.forEach(({ parts }, i) => {
    if (i > 0) add(Uint8Array.of(TAB))
    for (const part of parts) add(part)
  })
  // Only the lowest byte of the total enters the hash.
  calls.sipEnd(text, filled, totalBytes % 256, out)
  return memory.slice(out, out + 8)
}

function encodeRowKey(
  table: ScanTable,
  fields: readonly FieldPieces[],
  digest: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (table.keyFields.length === 0) return encodeDigestKey(digest.toReversed(), 0)
  const values = table.keyFields.map(({ field }) => {
    const pieces = fields[field]
    if (pieces === undefined || pieces.sizeBytes > KEY_FIELD_BYTES_MAX) {
      throw invalidRow(table, 'found a key field that is too long')
    }
    const value = parseField(textOf(pieces))
    if (value === null) throw invalidRow(table, 'found a key field that is null')
    return value
  })
  try {
    return encodeKey(
      values,
      table.keyFields.map(({ encoding }) => encoding),
    )
  } catch (cause) {
    if (!isAppError(cause, 'record.key-invalid')) throw cause
    throw invalidRow(table, 'found a key field that is not in its canonical form', cause)
  }
}

function textOf({ parts }: FieldPieces): string {
  return Buffer.concat(parts).toString()
}
