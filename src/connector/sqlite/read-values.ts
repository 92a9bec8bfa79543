import { setImmediate } from 'node:timers/promises'
import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import { decodeRowText, parseField } from '#record/row-text'
import { AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { type FieldForm, parseValue, type SqliteValue } from './field-form.ts'

const TAB = 0x09
const NEWLINE = 0x0a
const QUOTED = /^x?'[\s\S]*'$/
/** Bytes of a field above which its hex is decoded piece by piece. */
const LARGE_FIELD_BYTES = 1_048_576

export type WrittenField = {
  readonly name: string
  readonly form: FieldForm
  /** Whether the form is that of the row's schema; else it is what the target's own field has now. */
  readonly isFormKnown: boolean
}

export type WrittenTable = {
  readonly entity: EntityName
  /** In the order of the row text. */
  readonly fields: readonly WrittenField[]
}

/**
 * The values of rows, in the order of `fields`. Yields to other work after every batch; holds one
 * batch and the values of one row.
 *
 * @throws connector.value-refused when a text is not of the form of its field
 */
export async function* readValues(
  { entity, fields }: WrittenTable,
  batches: AsyncIterable<RowBatch>,
  signal: AbortSignal,
): AsyncGenerator<SqliteValue[], void, undefined> {
  for await (const batch of batches) {
    signal.throwIfAborted()
    const rows = batch.kind === 'rows' ? splitBatch(batch.bytes) : [splitLargeRow(batch.parts)]
    for (const row of rows) {
      assert(
        row.length === fields.length || (fields.length === 0 && row.length === 1),
        'A row to write has the fields that were announced.',
      )
      yield fields.map((field, i) => readValue(entity, field, row[i] ?? ''))
    }
    await setImmediate()
  }
}

/** A field's text, or its bytes in pieces. */
type RawField = string | readonly Uint8Array[]

function* splitBatch(bytes: Uint8Array): Generator<string[], void, undefined> {
  const text = decodeRowText(bytes)
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    yield text.slice(start, end).split('\t')
    start = end + 1
  }
}

/** Splits without joining the pieces: only a field is ever made whole. */
function splitLargeRow(parts: readonly Uint8Array[]): RawField[] {
  const fields: RawField[] = []
  let field: Uint8Array[] = []
  for (const part of parts) {
    let start = 0
    for (let at = 0; at < part.length; at++) {
      if (part[at] !== TAB && part[at] !== NEWLINE) continue
      field.push(part.subarray(start, at))
      fields.push(field)
      field = []
      start = at + 1
    }
    field.push(part.subarray(start))
  }
  return fields.map(wholeIfSmall)
}

function wholeIfSmall(pieces: RawField): RawField {
  if (typeof pieces === 'string' || sizeOf(pieces) > LARGE_FIELD_BYTES) return pieces
  return decodeRowText(Buffer.concat(pieces))
}

function readValue(
  entity: EntityName,
  { form, isFormKnown, name }: WrittenField,
  raw: RawField,
): SqliteValue {
  try {
    const value = typeof raw === 'string' ? undefined : readHexPieces(raw, form)
    if (value !== undefined) return value
    const text = parseField(typeof raw === 'string' ? raw : joinText(raw))
    if (!isFormKnown) refuseAmbiguous(text, form)
    return parseValue(text, form)
  } catch (cause) {
    if (!isAppError(cause)) throw cause
    const message = `Cannot write field "${name}" of "${entity}": ${cause.message}`
    throw new AppError('connector.value-refused', message, { entity, field: name }, { cause })
  }
}

/** A row of a time when the field had type `any` would be stored with the quotes of its literal. */
function refuseAmbiguous(text: string | null, form: FieldForm): void {
  if (text === null || (form !== 'text' && form !== 'numeric') || !QUOTED.test(text)) return
  const message = 'found text that may be an SQL literal, need the schema of its row'
  throw new AppError('connector.value-refused', message)
}

/** The bytes of a large blob, or `undefined` when the field holds something else. */
function readHexPieces(pieces: readonly Uint8Array[], form: FieldForm): Uint8Array | undefined {
  const before = form === 'blob' ? '\\\\x' : "x'"
  const after = form === 'blob' ? '' : "'"
  if ((form !== 'blob' && form !== 'any') || !startsWith(pieces, before)) return undefined
  const digitCount = sizeOf(pieces) - before.length - after.length
  if (digitCount < 0 || digitCount % 2 !== 0) return refuseHex()
  const bytes = Buffer.alloc(digitCount / 2)
  let at = 0
  let skip = before.length
  let odd = ''
  for (const piece of pieces) {
    const skipped = Math.min(skip, piece.length)
    skip -= skipped
    const digits = odd + Buffer.from(piece.subarray(skipped)).toString('latin1')
    const wanted = Math.min(digits.length, (bytes.length - at) * 2)
    const even = wanted - (wanted % 2)
    const written = bytes.write(digits.slice(0, even), at, 'hex')
    if (written * 2 !== even) return refuseHex()
    at += written
    odd = digits.slice(even)
  }
  return at === bytes.length && odd === after ? bytes : refuseHex()
}

function refuseHex(): never {
  const message = 'found a broken blob, need pairs of lower-case hex digits'
  throw new AppError('connector.value-refused', message)
}

function startsWith(pieces: readonly Uint8Array[], text: string): boolean {
  const head = Buffer.alloc(text.length)
  let at = 0
  for (const piece of pieces) {
    head.set(piece.subarray(0, head.length - at), at)
    at = Math.min(head.length, at + piece.length)
  }
  return head.toString('latin1') === text
}

function joinText(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return (
      pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode()
    )
  } catch (cause) {
    const message = 'found bytes that are not UTF-8, need text'
    throw new AppError('connector.value-refused', message, {}, { cause })
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((size, piece) => size + piece.length, 0)
}
