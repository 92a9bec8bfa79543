import { BLOCK_BYTES, LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { formatField } from '#record/row-text'
import { formatHex } from './field-form.ts'

/** UTF-8 needs at most three bytes for a unit of UTF-16. */
const BYTES_PER_UNIT_MAX = 3
const PART_UNITS = 262_144

const encoder = new TextEncoder()

/**
 * Rows gathered as one string until they fill a block. Encoding a block at a time is several times
 * cheaper than encoding rows; the exact size is asked for only when it could matter.
 */
export class BlockText {
  #text = ''
  #bytes = 0
  /** What came since it was measured last. */
  #rest = ''

  get text(): string {
    return this.#text + this.#rest
  }

  /** Takes the row, newline included, or refuses one that must travel alone. */
  add(row: string): boolean {
    const isLong = row.length > LARGE_ROW_BYTES / BYTES_PER_UNIT_MAX
    if (isLong && Buffer.byteLength(row) > LARGE_ROW_BYTES) return false
    this.#rest += row
    return true
  }

  isEmpty(): boolean {
    return this.#text === '' && this.#rest === ''
  }

  isFull(): boolean {
    if (this.#bytes + this.#rest.length * BYTES_PER_UNIT_MAX < BLOCK_BYTES) return false
    // Each piece is measured once: a string that grows would be copied for every look at it.
    this.#bytes += Buffer.byteLength(this.#rest)
    this.#text += this.#rest
    this.#rest = ''
    return this.#bytes >= BLOCK_BYTES
  }

  take(): Uint8Array<ArrayBuffer> {
    const bytes = encoder.encode(this.text)
    this.#text = ''
    this.#rest = ''
    this.#bytes = 0
    return bytes
  }
}

/** A field of a row as it stands there, or what is too long to make a string of that. */
export type FieldText = string | HexField | LongText

export type HexField = {
  readonly before: string
  readonly bytes: Uint8Array
  readonly after: string
}

/** A value that is not escaped yet. */
export type LongText = { readonly unescaped: string }

/** Whether all fields may be joined to a row without making a string of unusual size. */
export function areSurelySmall(fields: readonly FieldText[]): fields is readonly string[] {
  return fields.every((field) => typeof field === 'string' && field.length <= LARGE_ROW_BYTES)
}

/** One row on its own: in pieces if it is large, else as a batch of one. */
export function encodeLargeRow(fields: readonly FieldText[]): RowBatch {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (const [i, field] of fields.entries()) {
    if (i > 0) parts.push(encoder.encode('\t'))
    for (const piece of slice(field)) parts.push(encoder.encode(piece))
  }
  parts.push(encoder.encode('\n'))
  const sizeBytes = parts.reduce((size, part) => size + part.length, 0)
  if (sizeBytes > LARGE_ROW_BYTES) return { kind: 'large', parts }
  return { kind: 'rows', bytes: new Uint8Array(Buffer.concat(parts)) }
}

function slice(field: FieldText): Generator<string, void, undefined> {
  if (typeof field === 'string') return sliceText(field)
  return 'unescaped' in field ? sliceUnescaped(field) : sliceHex(field)
}

function* sliceUnescaped({ unescaped }: LongText): Generator<string, void, undefined> {
  for (const piece of sliceText(unescaped)) yield formatField(piece)
}

function* sliceText(text: string): Generator<string, void, undefined> {
  let start = 0
  while (start < text.length) {
    let end = start + PART_UNITS
    // A pair of surrogates is one character and stays together.
    if (/[\ud800-\udbff]/.test(text.charAt(end - 1))) end += 1
    yield text.slice(start, end)
    start = end
  }
}

function* sliceHex({ before, bytes, after }: HexField): Generator<string, void, undefined> {
  yield before
  for (let start = 0; start < bytes.length; start += PART_UNITS) {
    yield formatHex(bytes.subarray(start, start + PART_UNITS))
  }
  yield after
}
