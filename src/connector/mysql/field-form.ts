import type { FieldForm } from './row-writer.ts'

/**
 * What follows from the type of a column: how it is read, what its text is made of, and how it is
 * loaded. Types are written as the catalogue writes them: `decimal(10,2) unsigned`, `bit(5)`.
 */

const BYTES = new Set([
  'binary',
  'varbinary',
  'tinyblob',
  'blob',
  'mediumblob',
  'longblob',
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'geomcollection',
  'vector',
])
const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint'])
/** Their text in "C" order is the order of an index over them. */
const SORTED_AS_TEXT = new Set(['date', 'datetime', 'timestamp', 'year'])
const SORTED_BYTES = new Set(['binary', 'varbinary'])
/** Character sets whose text is loaded as the bytes it is sent in. */
const UTF_8 = new Set(['utf8mb4', 'utf8mb3', 'utf8'])

/** `varchar` of `varchar(20)`. */
export function baseType(type: string): string {
  return /^[a-z0-9]+/.exec(type.toLowerCase())?.[0] ?? ''
}

export function isBytes(type: string): boolean {
  return BYTES.has(baseType(type))
}

export function isInteger(type: string): boolean {
  return INTEGERS.has(baseType(type))
}

/** @param wanted the type to print as, where it is another one: see `print-as.ts` */
export function formOf(type: string, wanted = type): FieldForm {
  const base = baseType(type)
  if (BYTES.has(base)) return { kind: 'bytes' }
  if (base === 'float' || (base === 'double' && baseType(wanted) === 'float')) {
    return { kind: 'float' }
  }
  if (base === 'bit') return { kind: 'bits', width: Number(/\d+/.exec(type)?.[0] ?? 1) }
  return { kind: 'text' }
}

/** SQL for a value that was loaded into the variable `name`, or `null` where it is loaded directly. */
export function loadOf(variable: string, type: string, charset: string | null): string | null {
  const base = baseType(type)
  if (base === 'bit') return `CAST(CONV(${variable}, 2, 10) AS UNSIGNED)`
  if (BYTES.has(base)) return null
  const isRaw = charset === null ? !TEXT_ONLY.has(base) : UTF_8.has(charset)
  return isRaw ? null : `CONVERT(${variable} USING utf8mb4)`
}

/** These take bytes for their inner form, and text only as text. */
const TEXT_ONLY = new Set(['uuid', 'inet4', 'inet6', 'json', 'xmltype'])

/** Whether an index over the column has the order of the encoded key. */
export function isSortedAsKey(type: string, collation: string | null): boolean {
  const base = baseType(type)
  if (INTEGERS.has(base) || SORTED_AS_TEXT.has(base) || SORTED_BYTES.has(base)) return true
  // With padding, 'a' stands after 'a\x01'.
  return (
    /^(?:varchar|char)$/.test(base) && /^(?:utf8mb[34]|utf8|ascii)_nopad_bin$/.test(collation ?? '')
  )
}
