import { assert } from '#stdx/assert'
import { LARGE_ROW_BYTES, type RowBatch } from './row-batch.ts'
import { formatField, NULL_FIELD, parseField, splitRowBytes } from './row-text.ts'

/** What becomes of the text of a value that is not null; `null` where it stays as it is. It may become null. */
export type TranslateValue = ((text: string) => string | null) | null

/**
 * Rows with their values translated, field by field. What stays as it is is never taken apart: where
 * all fields do, batches are handed on. A large row is held once, its values translated one by one.
 *
 * @param values in the order of the fields of a row
 */
export async function* translateRows(
  rows: AsyncIterable<RowBatch>,
  values: readonly TranslateValue[],
): AsyncGenerator<RowBatch, void, undefined> {
  if (values.every((value) => value === null)) return yield* rows
  for await (const batch of rows) {
    if (batch.kind === 'large') yield translateLarge(batch.parts, values)
    else yield* translateBatch(batch.bytes, values)
  }
}

function* translateBatch(
  bytes: Uint8Array<ArrayBuffer>,
  values: readonly TranslateValue[],
): Generator<RowBatch, void, undefined> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const rows: string[] = []
  let units = 0
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at)
    assert(end >= 0, 'A batch holds whole rows.')
    const row = translateRow(text.slice(at, end), values)
    rows.push(row)
    units += row.length + 1
    at = end + 1
    // Three bytes a unit at most: a batch stays within its bound.
    if (units < BATCH_UNITS_MAX) continue
    yield* toBatches(rows)
    rows.length = 0
    units = 0
  }
  yield* toBatches(rows)
}

const BATCH_UNITS_MAX = LARGE_ROW_BYTES / 4

function translateRow(row: string, values: readonly TranslateValue[]): string {
  const fields = row.split('\t')
  for (const [i, value] of values.entries()) {
    const field = fields[i] ?? NULL_FIELD
    if (value !== null && field !== NULL_FIELD) fields[i] = translateField(field, value)
  }
  return fields.join('\t')
}

function translateField(field: string, value: NonNullable<TranslateValue>): string {
  const text = parseField(field)
  return text === null ? field : formatField(value(text))
}

function* toBatches(rows: readonly string[]): Generator<RowBatch, void, undefined> {
  if (rows.length === 0) return
  const bytes = new Uint8Array(Buffer.from(`${rows.join('\n')}\n`, 'utf8'))
  if (rows.length > 1 || bytes.byteLength <= LARGE_ROW_BYTES) yield { kind: 'rows', bytes }
  else yield { kind: 'large', parts: [bytes] }
}

function translateLarge(parts: readonly Uint8Array[], values: readonly TranslateValue[]): RowBatch {
  const row = Buffer.concat(parts)
  const pieces = splitRowBytes(row).flatMap((field, i) => {
    const value = values[i] ?? null
    const isKept =
      value === null || (field.length === 2 && field[0] === BACKSLASH && field[1] === N)
    const bytes = isKept ? field : Buffer.from(translateField(decode(field), value), 'utf8')
    return [i === 0 ? [] : [TAB_BYTES], bytes].flat()
  })
  return { kind: 'large', parts: [...pieces, NEWLINE_BYTES].map((piece) => new Uint8Array(piece)) }
}

function decode(field: Uint8Array): string {
  return Buffer.from(field.buffer, field.byteOffset, field.byteLength).toString('utf8')
}

const TAB_BYTES = Uint8Array.of(0x09)
const NEWLINE_BYTES = Uint8Array.of(0x0a)
const BACKSLASH = 0x5c
const N = 0x4e
