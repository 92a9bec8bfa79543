import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'

/**
 * The canonical text of a row: PostgreSQL's COPY text format, in the one spelling that COPY writes.
 *
 * ```
 * row    = field *( TAB field ) LF
 * field  = \N              null
 *        | \@<n>           the n-th large value of this version, kept out of line (vault only)
 *        | *( byte | esc ) the value; UTF-8
 * esc    = \b \f \n \r \t \v \\   for 0x08 0x0C 0x0A 0x0D 0x09 0x0B 0x5C, which never stand bare
 * ```
 *
 * One value has one spelling, so equal bytes mean equal rows. What COPY also reads (octal, hex, a
 * backslash before any other character) is refused as `record.row-invalid`. 0x00 stands for itself.
 *
 * A row of no field and a row of one empty field are the same text; only the schema tells them apart.
 */

const ESCAPE_BY_CHARACTER: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}
const CHARACTER_BY_ESCAPE = new Map(
  Object.entries(ESCAPE_BY_CHARACTER).map(([character, escaped]) => [escaped, character]),
)
/** The characters from backspace (0x08) to carriage return (0x0D), and the backslash. */
const MUST_ESCAPE = /[\b-\r\\]/g
const NEVER_BARE = /[\b-\r]/
const ESCAPE = /\\[\s\S]?/g
const LARGE_MARKER = /^\\@(0|[1-9][0-9]*)$/
const TAB = 0x09
const NEWLINE = 0x0a
/** Made once: making one costs more than decoding a row. It keeps nothing from call to call. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The field of a null. */
export const NULL_FIELD = '\\N'

/** A value as it stands in a row; `null` is `\N`. */
export function formatField(value: string | null): string {
  if (value === null) return NULL_FIELD
  assert(value.isWellFormed(), 'A value of a row is well-formed text.')
  // Nearly no value holds anything to escape, and a search is cheaper than a replacement.
  if (value.search(MUST_ESCAPE) < 0) return value
  return replaceInSlices(
    value,
    MUST_ESCAPE,
    (character) => ESCAPE_BY_CHARACTER[character] ?? character,
  )
}

/** @throws record.row-invalid for a spelling that `formatField` never writes, large markers included */
export function parseField(field: string): string | null {
  if (field === NULL_FIELD) return null
  if (NEVER_BARE.test(field)) throw invalid('a control character that is not escaped')
  if (!field.includes('\\')) return field
  return replaceInSlices(field, ESCAPE, (escaped) => {
    const character = CHARACTER_BY_ESCAPE.get(escaped)
    if (character === undefined) throw invalid('an unknown escape')
    return character
  })
}

/** Replacing in one go takes some hundred bytes a match: gigabytes for a document with short lines. */
const SLICE_UNITS = 65_536

function replaceInSlices(text: string, what: RegExp, by: (found: string) => string): string {
  if (text.length <= SLICE_UNITS) return text.replaceAll(what, by)
  const slices: string[] = []
  for (let start = 0; start < text.length; ) {
    const end = endOfSlice(text, start)
    slices.push(text.slice(start, end).replaceAll(what, by))
    start = end
  }
  return slices.join('')
}

/** A backslash and what follows it stay together. */
function endOfSlice(text: string, start: number): number {
  const end = start + SLICE_UNITS
  let backslashes = 0
  while (end - backslashes > start && text[end - 1 - backslashes] === '\\') backslashes += 1
  return backslashes % 2 === 0 ? end : end + 1
}

/** The row with its newline. */
export function formatRow(values: readonly (string | null)[]): string {
  return `${values.map(formatField).join('\t')}\n`
}

/** The values of one row; its newline may be there or not. @throws record.row-invalid */
export function parseRow(text: string): (string | null)[] {
  return splitRow(text).map(parseField)
}

/** The fields of one row as they stand, still escaped; its newline may be there or not. */
export function splitRow(text: string): string[] {
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\t')
}

/** The same for bytes: views into `row`, which keeps owning them. */
export function splitRowBytes(row: Uint8Array): Uint8Array[] {
  const end = row.at(-1) === NEWLINE ? row.length - 1 : row.length
  const fields: Uint8Array[] = []
  let start = 0
  for (;;) {
    const tab = row.indexOf(TAB, start)
    if (tab < 0 || tab >= end) break
    fields.push(row.subarray(start, tab))
    start = tab + 1
  }
  fields.push(row.subarray(start, end))
  return fields
}

/** One field of it, without a look at those behind: empty where there are not so many. */
export function fieldBytes(row: Uint8Array, index: number): Uint8Array {
  const end = row.at(-1) === NEWLINE ? row.length - 1 : row.length
  let start = 0
  for (let i = 0; i < index; i++) {
    const tab = row.indexOf(TAB, start)
    if (tab < 0) return row.subarray(end, end)
    start = tab + 1
  }
  const tab = row.indexOf(TAB, start)
  return row.subarray(start, tab < 0 || tab > end ? end : tab)
}

/** The text of row bytes, exactly. @throws record.row-invalid when they are not UTF-8 */
export function decodeRowText(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes)
  } catch (cause) {
    throw invalid('bytes that are not UTF-8', cause)
  }
}

/** @param n from 0: position among the large values of one version */
export function formatLargeMarker(n: number): string {
  assert(Number.isSafeInteger(n) && n >= 0, 'Large values are counted from 0.')
  return `\\@${n}`
}

/** The number of the large value that `field` stands for, or `undefined` for any other field. */
export function parseLargeMarker(field: string): number | undefined {
  if (!field.startsWith('\\@')) return undefined
  const digits = LARGE_MARKER.exec(field)?.[1]
  if (digits === undefined) return undefined
  const n = Number(digits)
  return Number.isSafeInteger(n) ? n : undefined
}

function invalid(found: string, cause?: unknown): AppError {
  const message = `Cannot read the text of a row: found ${found}, need canonical COPY text`
  return new AppError('record.row-invalid', message, {}, { cause })
}
