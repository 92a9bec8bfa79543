import { CELL } from './cells.ts'

/**
 * What the values of a field of JSON Lines are, which says how their text is to be read:
 *
 * - `string`, `number`, `boolean`: that or null, in every record; `\N` is null
 * - `string?`, `number?`, `boolean?`: that, and never null; `\N`: the record does not have the field
 * - `json`: anything; the text is JSON as the source wrote it, `\N`: the record does not have the field
 *
 * Fields of CSV are `text`, which is written as `string`.
 */
export type FieldType =
  | 'string'
  | 'number'
  | 'boolean'
  | 'string?'
  | 'number?'
  | 'boolean?'
  | 'json'

/** Of a file of CSV. */
export const TEXT = 'text'

const PLAIN_KINDS = [
  ['boolean', [CELL.boolean]],
  ['number', [CELL.number]],
  ['string', [CELL.string, CELL.stringEscaped, CELL.stringUnicode]],
] as const

/** @param seen one bit (1 << kind) for every kind of cell that the field has */
export function typeOf(seen: number): FieldType {
  const has = (kind: number) => (seen & (1 << kind)) !== 0
  const names = PLAIN_KINDS.filter(([, kinds]) => kinds.some(has)).map(([name]) => name)
  const isBoth = has(CELL.null) && has(CELL.absent)
  if (has(CELL.nested) || names.length > 1 || isBoth) return 'json'
  const name = names[0] ?? 'string'
  return has(CELL.absent) ? `${name}?` : name
}

/** The type that a schema names; `undefined` for what this connector never said. */
export function parseFieldType(type: string): FieldType | undefined {
  if (type === TEXT) return 'string'
  return /^(?:(?:string|number|boolean)\??|json)$/.test(type) ? (type as FieldType) : undefined
}
