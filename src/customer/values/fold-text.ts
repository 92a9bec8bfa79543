import { parseField, parseLargeMarker } from '#record/row-text'
import type { RowFields } from './row-fields.ts'

/** The text of a field of a row; `null` where it is none, or lies out of line. */
export function readText(bytes: Buffer, row: RowFields, index: number): string | null {
  const text = bytes.toString('utf8', row.startOf(index), row.endOf(index))
  return parseLargeMarker(text) === undefined ? parseField(text) : null
}

/** Numbers and addresses however they are grouped: `DE 12.34` is `de1234`. */
export function foldCode(text: string): string {
  return text.replaceAll(/[\s.\-/]/g, '').toLowerCase()
}

const ASCII = /^[\x20-\x7e]*$/

/** Names without case, accents and punctuation. */
export function foldName(text: string): string {
  // Most names are plain, and taking characters apart costs ten times as much.
  const plain = ASCII.test(text)
    ? text.toLowerCase()
    : text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 'ss')
  return plain.replaceAll(/[\s.,;:'"&()/-]+/g, ' ').trim()
}
