import { LARGE_ROW_BYTES } from '#record/row-batch'
import { formatLargeMarker } from '#record/row-text'
import { startOf } from '../columns.ts'
import { LARGE_VALUE_BYTES, type LargeValue, type VersionBatch } from '../version-batch.ts'

/** A field somewhere in a row: its text in pieces that were never joined. */
export type FieldPieces = {
  readonly parts: readonly Uint8Array<ArrayBuffer>[]
  readonly sizeBytes: number
}

/** Below this a marker saves nothing. */
const THRESHOLD_BYTES_MIN = 64
const TAB = 0x09

/**
 * Chooses which fields of a row go out of line: those over `LARGE_VALUE_BYTES`, and smaller ones as
 * long as the row would still be longer than `LARGE_ROW_BYTES`.
 */
export function chooseLarge(sizes: readonly number[]): (sizeBytes: number) => boolean {
  let threshold = LARGE_VALUE_BYTES
  const rest = () => sizes.reduce((sum, size) => sum + (size > threshold ? 8 : size) + 1, 0)
  while (threshold > THRESHOLD_BYTES_MIN && rest() > LARGE_ROW_BYTES) threshold /= 4
  return (sizeBytes) => sizeBytes > threshold
}

/** A row with markers for its large fields, and those. */
export function takeLargeFields(fields: readonly FieldPieces[]): {
  readonly row: Uint8Array<ArrayBuffer>
  readonly large: readonly LargeValue[]
} {
  const isLarge = chooseLarge(fields.map(({ sizeBytes }) => sizeBytes))
  const large: LargeValue[] = []
  const parts: Uint8Array[] = []
  fields.forEach((field, fieldIndex) => {
    if (fieldIndex > 0) parts.push(Uint8Array.of(TAB))
    if (isLarge(field.sizeBytes)) {
      parts.push(Buffer.from(formatLargeMarker(large.length)))
      large.push({ kind: 'bytes', fieldIndex, parts: field.parts })
    } else {
      parts.push(...field.parts)
    }
  })
  parts.push(Buffer.from('\n'))
  return { row: new Uint8Array(Buffer.concat(parts)), large }
}

/** The same versions with the large values of long rows out of line; other rows are copied as they are. */
export function takeLargeValues(batch: VersionBatch): VersionBatch {
  const { rows } = batch
  if (rows === null) return batch
  const large = new Map<number, readonly LargeValue[]>()
  const parts: Uint8Array[] = []
  const ends = new Uint32Array(batch.count)
  let at = 0
  for (let i = 0; i < batch.count; i++) {
    let row = rows.bytes.subarray(startOf(rows, i), rows.ends[i])
    if (row.length > LARGE_VALUE_BYTES) {
      const taken = takeLargeFields(splitFields(row))
      if (taken.large.length > 0) {
        row = taken.row
        large.set(i, taken.large)
      }
    }
    parts.push(row)
    at += row.length
    ends[i] = at
  }
  return { ...batch, rows: { bytes: new Uint8Array(Buffer.concat(parts)), ends }, large }
}

function splitFields(row: Uint8Array<ArrayBuffer>): FieldPieces[] {
  const fields: FieldPieces[] = []
  let start = 0
  for (;;) {
    const tab = row.indexOf(TAB, start)
    const end = tab < 0 ? row.length - 1 : tab
    // A copy: the value lives on after the batch it came in.
    fields.push({ parts: [row.slice(start, end)], sizeBytes: end - start })
    if (tab < 0) return fields
    start = tab + 1
  }
}
