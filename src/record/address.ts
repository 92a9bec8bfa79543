import { AppError, isAppError } from '#stdx/app-error'
import { type EntityName, parseEntityName, splitEntityName } from './entity-name.ts'
import { decodeDigestKey, decodeKey, encodeDigestKey, encodeKey } from './key.ts'
import type { KeyEncoding } from './schema.ts'

/**
 * Records and fields as people write them: `public.customer:42`, `main.ledger:"1000","0042":amount`,
 * and `#00d1f6a2c4b59e83.0` for a record of an entity without key.
 *
 * A key is its values in key order with CSV quoting. Quotes may always be written; they are printed
 * where a comma, a colon, a quote, a control character or a space at an end needs them, around an
 * empty value, and around text that could be taken for a number or a digest. So a printed address
 * is read back to the same bytes.
 */

/** What an address depends on; a schema's `Key` is one. */
export type KeyShape =
  | { readonly kind: 'fields'; readonly encodings: readonly KeyEncoding[] }
  | { readonly kind: 'digest' }

const DIGEST_ADDRESS = /^#([0-9a-f]{16})\.(0|[1-9][0-9]{0,9})$/
const NEEDS_QUOTES = /^$|[",:\p{Cc}]|^\s|\s$|^#/u
const LOOKS_LIKE_NUMBER = /^[+-]?[0-9.]+$/
const VALUE = /"((?:[^"]|"")*)"|([^",]*)/y

/** The address of a key inside its entity. @throws record.key-invalid when `bytes` is no such key */
export function formatKeyAddress(bytes: Uint8Array, key: KeyShape): string {
  if (key.kind === 'digest') {
    const { digest, occurrence } = decodeDigestKey(bytes)
    return `#${Buffer.from(digest).toString('hex')}.${occurrence}`
  }
  return formatKeyValues(decodeKey(bytes, key.encodings), key.encodings)
}

/** The same for the values of a key, unescaped and in key order. */
export function formatKeyValues(
  values: readonly string[],
  encodings: readonly KeyEncoding[],
): string {
  return values.map((value, i) => formatValue(value, encodings[i] ?? 'text')).join(',')
}

/** The bytes of the key that `text` names. @throws record.key-invalid saying what is wanted */
export function parseKeyAddress(text: string, key: KeyShape): Uint8Array<ArrayBuffer> {
  if (key.kind === 'digest') return parseDigestAddress(text)
  const values = splitValues(text)
  const count = key.encodings.length
  if (values.length !== count) {
    const fields = count === 1 ? '1 field' : `${count} fields joined by commas`
    throw invalidKey(text, `found ${values.length}, need ${fields}`)
  }
  try {
    return encodeKey(values, key.encodings)
  } catch (cause) {
    if (!isAppError(cause, 'record.key-invalid')) throw cause
    throw invalidKey(text, `need ${key.encodings.join(', ')}: ${cause.message}`, cause)
  }
}

/**
 * Splits `ENTITY:KEY` at the first colon outside quotes; the key may hold more colons.
 * @throws record.address-invalid | record.entity-invalid
 */
export function splitRecordAddress(text: string): { entity: EntityName; key: string } {
  const [colon] = findColons(text)
  if (colon === undefined || colon === text.length - 1) throw invalidAddress(text, 'ENTITY:KEY')
  return { entity: parseEntityName(text.slice(0, colon)), key: text.slice(colon + 1) }
}

/**
 * Splits `ENTITY:KEY:FIELD` at its two colons outside quotes. The field's name comes unquoted.
 * @throws record.address-invalid | record.entity-invalid
 */
export function splitFieldAddress(text: string): {
  entity: EntityName
  key: string
  field: string
} {
  const [first, second, ...more] = findColons(text)
  if (first === undefined || second === undefined || more.length > 0 || second === first + 1) {
    throw invalidAddress(text, 'ENTITY:KEY:FIELD')
  }
  const [field, ...parts] = splitFieldName(text, second)
  if (field === undefined || parts.length > 0) throw invalidAddress(text, 'one field name')
  return {
    entity: parseEntityName(text.slice(0, first)),
    key: text.slice(first + 1, second),
    field,
  }
}

function splitFieldName(text: string, colon: number): string[] {
  try {
    return splitEntityName(text.slice(colon + 1))
  } catch (cause) {
    if (!isAppError(cause, 'record.entity-invalid')) throw cause
    throw invalidAddress(text, 'a field name after the last colon', cause)
  }
}

function formatValue(value: string, encoding: KeyEncoding): string {
  const isAmbiguous = encoding === 'text' && LOOKS_LIKE_NUMBER.test(value)
  return isAmbiguous || NEEDS_QUOTES.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}

function splitValues(text: string): string[] {
  const values: string[] = []
  let at = 0
  for (;;) {
    VALUE.lastIndex = at
    const match = VALUE.exec(text)
    const [whole = '', quoted, bare = ''] = match ?? []
    values.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'))
    at += whole.length
    if (at === text.length) return values
    if (text[at] !== ',') throw invalidKey(text, 'need a comma after a value')
    at += 1
  }
}

function parseDigestAddress(text: string): Uint8Array<ArrayBuffer> {
  const [, hex, digits] = DIGEST_ADDRESS.exec(text) ?? []
  const occurrence = Number(digits)
  if (hex === undefined || occurrence >= 2 ** 32) {
    throw invalidKey(text, 'the entity has no key, need #, 16 hex digits, a dot and a number')
  }
  return encodeDigestKey(Buffer.from(hex, 'hex'), occurrence)
}

/** Where colons stand outside double quotes. A doubled quote closes and opens again. */
function findColons(text: string): number[] {
  const colons: number[] = []
  let isQuoted = false
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') isQuoted = !isQuoted
    if (text[i] === ':' && !isQuoted) colons.push(i)
  }
  return colons
}

function invalidKey(text: string, problem: string, cause?: unknown): AppError {
  const message = `Cannot read key ${text === '' ? '""' : text}: ${problem}`
  return new AppError('record.key-invalid', message, { text }, { cause })
}

function invalidAddress(text: string, need: string, cause?: unknown): AppError {
  const message = `Cannot read address ${text === '' ? '""' : text}: need ${need}`
  return new AppError('record.address-invalid', message, { text }, { cause })
}
