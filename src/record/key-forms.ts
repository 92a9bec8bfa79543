import { parseKeyAddress } from './address.ts'
import { decodeKey, encodeKey } from './key.ts'
import type { SchemaVersion } from './schema.ts'

export type KeyForms = {
  readonly spelled: Uint8Array<ArrayBuffer>
  /** `null`: the same. */
  readonly printed: Uint8Array<ArrayBuffer> | null
}

/**
 * The keys that an address may mean: the one it spells, and the one that PostgreSQL or MariaDB takes
 * for the same and prints: a `character(3)` is padded with blanks, a `numeric(10,2)` or `decimal(10,2)`
 * has two decimals. Other types have no second form. The first of the two that exists is meant: another
 * kind of system, whose types may have these names, tells them apart.
 * @throws record.key-invalid
 */
export function parseKeyForms(text: string, { fields, key }: SchemaVersion): KeyForms {
  const spelled = parseKeyAddress(text, key)
  if (key.kind === 'digest') return { spelled, printed: null }
  const typeById = new Map(fields.map(({ id, type }) => [id, type]))
  const values = decodeKey(spelled, key.encodings)
  const printed = values.map((value, i) => {
    const type = typeById.get(key.fieldIds[i] ?? 0) ?? ''
    return key.encodings[i] === 'text' ? printAs(value, type) : value
  })
  const isSame = printed.every((value, i) => value === values[i])
  return { spelled, printed: isSame ? null : encodeKey(printed, key.encodings) }
}

const PADDED = /^character\(([0-9]+)\)$/
const SCALED = /^(?:numeric|decimal)\([0-9]+,([0-9]+)\)(?: unsigned)?$/
const NUMBER = /^([+-]?)([0-9]*)(?:\.([0-9]*))?$/

/** The value as the type prints it; as it is where it is no value of the type. */
function printAs(value: string, type: string): string {
  const size = PADDED.exec(type)?.[1]
  if (size !== undefined) return pad(value, Number(size))
  const scale = SCALED.exec(type)?.[1]
  return scale === undefined ? value : printNumber(value, Number(scale))
}

function pad(value: string, size: number): string {
  let text = value
  while (text.endsWith(' ')) text = text.slice(0, -1)
  // Characters are counted as code points.
  const missing = size - [...text].length
  return missing < 0 ? value : text + ' '.repeat(missing)
}

function printNumber(value: string, scale: number): string {
  const [isNumber, sign, whole = '', decimals = ''] = NUMBER.exec(value) ?? []
  const isExact = !/[1-9]/.test(decimals.slice(scale))
  if (isNumber === undefined || whole + decimals === '' || !isExact) return value
  const digits = whole.replace(/^0+(?=.)/, '').padStart(1, '0')
  const text = scale > 0 ? `${digits}.${decimals.slice(0, scale).padEnd(scale, '0')}` : digits
  return sign === '-' && /[1-9]/.test(text) ? `-${text}` : text
}
