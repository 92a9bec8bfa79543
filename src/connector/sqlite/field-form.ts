import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'

/**
 * How the values of a field become canonical text. SQLite types values, not fields, so the form
 * follows from what the field's affinity lets in:
 *
 * - `numeric` (integer, real and numeric affinity): `42` is an integer, `42.0`, `1.5e-7`, `-0.0` and
 *   `9e999` (infinity) are reals, always with a point or an exponent; anything else is text as it
 *   stands, for no text that looks like a number survives the affinity
 * - `text`: text as it stands
 * - `blob`: `\x` and lower-case hex; a value of another class is an SQL literal, which never begins
 *   with a backslash
 * - `any`: an SQL literal: `42`, `4.2`, `'it''s'`, `x'00ff'`
 *
 * Reals are printed with the fewest digits that read back to the same 64 bits.
 */
export type FieldForm = 'numeric' | 'text' | 'blob' | 'any'

/** What `node:sqlite` gives and takes: integers are bigint, reals are number. */
export type SqliteValue = null | bigint | number | string | Uint8Array

/** The type of a field whose values have no form but the SQL literal. */
export const ANY_TYPE = 'any'

/** The affinity that SQLite derives from a declared type (section 3.1 of its "Datatypes" page). */
export function readAffinity(
  declaredType: string,
): 'integer' | 'text' | 'blob' | 'real' | 'numeric' {
  const type = declaredType.toUpperCase()
  if (type.includes('INT')) return 'integer'
  if (/CHAR|CLOB|TEXT/.test(type)) return 'text'
  if (type === '' || type.includes('BLOB')) return 'blob'
  if (/REAL|FLOA|DOUB/.test(type)) return 'real'
  return 'numeric'
}

/** The form of a field whose described type is `type`. */
export function readForm(type: string): FieldForm {
  if (type === ANY_TYPE) return 'any'
  const affinity = readAffinity(type)
  return affinity === 'text' || affinity === 'blob' ? affinity : 'numeric'
}

const INTEGER = /^-?[0-9]+$/
const REAL = /^-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?$/
const NUMBER = REAL
const HEX = /^(?:[0-9a-f]{2})*$/
const INTEGER_MIN = -(2n ** 63n)
const INTEGER_MAX = 2n ** 63n - 1n

/**
 * The canonical text of a value, not yet escaped; `null` for null. `undefined` when the form has no
 * text for it: the caller knows entity and field and refuses.
 */
export function formatValue(value: SqliteValue, form: FieldForm): string | null | undefined {
  if (value === null) return null
  switch (form) {
    case 'numeric':
      if (typeof value !== 'string') {
        return value instanceof Uint8Array ? undefined : formatNumber(value)
      }
      return NUMBER.test(value) ? undefined : value
    case 'text':
      return typeof value === 'string' ? value : undefined
    case 'blob':
      return value instanceof Uint8Array ? `\\x${formatHex(value)}` : formatLiteral(value)
    case 'any':
      return formatLiteral(value)
  }
}

/** The opposite of `formatValue`. @throws connector.value-refused, without entity and field */
export function parseValue(text: string | null, form: FieldForm): SqliteValue {
  if (text === null) return null
  switch (form) {
    case 'numeric':
      return parseNumber(text) ?? text
    case 'text':
      return text
    case 'blob':
      return text.startsWith('\\x') ? parseHex(text.slice(2)) : parseLiteral(text)
    case 'any':
      return parseLiteral(text)
  }
}

function formatLiteral(value: Exclude<SqliteValue, null>): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  return value instanceof Uint8Array ? `x'${formatHex(value)}'` : formatNumber(value)
}

function parseLiteral(text: string): SqliteValue {
  if (text.startsWith("x'") && text.endsWith("'")) return parseHex(text.slice(2, -1))
  if (text.startsWith("'") && text.endsWith("'") && text.length > 1) {
    const inner = text.slice(1, -1)
    if (!inner.replaceAll("''", '').includes("'")) return inner.replaceAll("''", "'")
  }
  const number = parseNumber(text)
  if (number === undefined) throw refused('an SQL literal')
  return number
}

function formatNumber(value: bigint | number): string {
  if (typeof value === 'bigint') return String(value)
  assert(!Number.isNaN(value), 'SQLite stores no NaN.')
  if (Object.is(value, -0)) return '-0.0'
  if (!Number.isFinite(value)) return value > 0 ? '9e999' : '-9e999'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

function parseNumber(text: string): bigint | number | undefined {
  if (INTEGER.test(text)) {
    const integer = BigInt(text)
    if (integer < INTEGER_MIN || integer > INTEGER_MAX) throw refused('an integer of 64 bits')
    return integer
  }
  return REAL.test(text) ? Number(text) : undefined
}

/** Lower-case hex digits. */
export function formatHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

function parseHex(digits: string): Uint8Array {
  if (!HEX.test(digits)) throw refused('pairs of lower-case hex digits')
  return Buffer.from(digits, 'hex')
}

function refused(need: string): AppError {
  const message = `Cannot write a value: found text of another form, need ${need}`
  return new AppError('connector.value-refused', message)
}
