import { readAffinity } from '../sqlite/field-form.ts'
import { both, cutFraction, only, words } from './codecs.ts'
import {
  type Codec,
  Misfit,
  type NeutralType,
  type OwnType,
  readingAs,
  type WriteAs,
  writingAs,
} from './neutral.ts'

/**
 * The types of SQLite, read and written. SQLite keeps any declared type and looks for a few letters
 * in it only: `_TEXT` makes values text, exactly as they are, where a number would be rounded.
 */

const SPELLED: Readonly<Record<string, NeutralType['kind']>> = {
  DECIMAL_TEXT: 'decimal',
  TIME_TEXT: 'time',
  TIMESTAMP_TEXT: 'moment',
  TIMESTAMPTZ_TEXT: 'instant',
  PADDED_TEXT: 'padded',
  BIT_TEXT: 'bits',
  DATE_TEXT: 'date',
  UUID_TEXT: 'uuid',
  JSON_TEXT: 'json',
  DURATION_TEXT: 'duration',
}

/** @param length that a check allows at most, where one says so */
export function readSqliteType(type: string, length: number | null): OwnType {
  const own = readingAs(type, codecOf)
  const [, name = '', inner = ''] = /^([A-Z0-9_]+)(?:\(([\d,]+)\))?$/.exec(type) ?? []
  const spelled = readSpelled(SPELLED[name], inner)
  if (spelled !== undefined) return own(spelled)
  if (/^BOOL(?:EAN)?$/i.test(type)) return own({ kind: 'boolean' })
  if (type === 'any')
    return own({ kind: 'other' }, 'values of several kinds are kept as SQL literals')
  if (name === 'FLOAT4') return own({ kind: 'float', bits: 32 })
  switch (readAffinity(type)) {
    case 'integer':
      return own({ kind: 'integer', bits: readBits(type), isUnsigned: false })
    case 'real':
      return own({ kind: 'float', bits: 64 })
    case 'text':
      return own({ kind: 'text', length })
    case 'blob':
      return own({ kind: 'bytes', length: null })
    default:
      if (/DATE|TIME/i.test(type)) {
        return own({ kind: 'other' }, 'SQLite has no such type: any text or number may stand in it')
      }
      return own({ kind: 'decimal', size: null }, 'SQLite keeps numbers of 64 bits', NUMERICS)
  }
}

function readBits(type: string): 16 | 64 {
  return type === 'SMALLINT' ? 16 : 64
}

function readSpelled(
  kind: NeutralType['kind'] | undefined,
  inner: string,
): NeutralType | undefined {
  const [first, second] = inner === '' ? [] : inner.split(',').map(Number)
  switch (kind) {
    case 'decimal':
      return { kind, size: first === undefined ? null : { precision: first, scale: second ?? 0 } }
    case 'time':
    case 'moment':
    case 'instant':
      return { kind, digits: first ?? 6 }
    case 'padded':
    case 'bits':
      return { kind, length: first ?? 1 }
    case 'date':
    case 'uuid':
    case 'json':
    case 'duration':
      return { kind }
    default:
      return undefined
  }
}

function codecOf(neutral: NeutralType): Codec {
  switch (neutral.kind) {
    case 'boolean':
      return words({ yes: '1', no: '0' })
    case 'float':
      return REALS
    case 'bytes':
      return only(/^\\x/, 'bytes')
    case 'time':
    case 'moment':
      return { toNeutral: cutFraction, fromNeutral: cutFraction }
    case 'instant':
      return ZONED
    default:
      return null
  }
}

/** `Z`, which SQLite's own functions read as UTC. */
const ZONED: Codec = both(
  {
    toNeutral: (own) => own.replace(/Z( BC)?$/, '$1'),
    fromNeutral: (neutral) =>
      /^-?infinity$/.test(neutral) ? neutral : neutral.replace(/( BC)?$/, 'Z$1'),
  },
  { toNeutral: cutFraction, fromNeutral: cutFraction },
)

const REALS: Codec = {
  toNeutral: (own) => {
    if (/^-?9e999$/.test(own)) return own.startsWith('-') ? '-Infinity' : 'Infinity'
    if (!/^-?[0-9.]+(?:e[+-]?[0-9]+)?$/.test(own)) throw new Misfit('a number')
    return own === '-0.0' ? '-0' : String(Number(own))
  },
  fromNeutral: (neutral) => {
    if (/^(?:NaN|-0)$/.test(neutral)) throw new Misfit('a number other than NaN and -0')
    if (/Infinity/.test(neutral)) return neutral.replace('Infinity', '9e999')
    return /[.e]/.test(neutral) ? neutral : `${neutral}.0`
  },
}
const INTEGER_MAX = 2n ** 63n - 1n

/** Of a field of numbers: integers of 64 bits where a number is one, floats else. */
const NUMERICS: Codec = {
  toNeutral: (own) => {
    if (!/^-?[0-9.]+(?:e[+-]?[0-9]+)?$/.test(own)) throw new Misfit('a number')
    const plain = own.includes('e') ? writeWithoutExponent(own) : own
    return plain.replace(/\.0$/, '')
  },
  fromNeutral: (neutral) => {
    if (/^-?[0-9]+$/.test(neutral)) {
      const integer = BigInt(neutral)
      if (integer <= INTEGER_MAX && integer >= -INTEGER_MAX) return neutral
    }
    if (!DECIMAL.test(neutral)) throw new Misfit('a number')
    const text = String(Number(neutral))
    return /[.e]/.test(text) ? text : `${text}.0`
  },
}
const DECIMAL = /^-?[0-9]+(?:\.[0-9]+)?$/

function writeWithoutExponent(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?e([+-]?[0-9]+)$/.exec(text) ?? []
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return point >= digits.length
    ? sign + digits.padEnd(point, '0')
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/**
 * The type that holds all values of `neutral`.
 * @param isKeyed part of a key, which has to have the type of what refers to it, and may count
 */
export function writeSqliteType(neutral: NeutralType, isKeyed: boolean): OwnType {
  const own = writingAs(neutral, codecOf)
  switch (neutral.kind) {
    case 'integer':
      return writeInteger(neutral, isKeyed, own)
    case 'decimal': {
      const { size } = neutral
      const why = 'kept as text, because SQLite rounds numbers: cast it to compute with it'
      return own(
        size === null ? 'DECIMAL_TEXT' : `DECIMAL_TEXT(${size.precision},${size.scale})`,
        why,
      )
    }
    case 'float':
      return own(neutral.bits === 32 ? 'FLOAT4' : 'DOUBLE', 'it holds no NaN and no -0')
    case 'boolean':
      return own('BOOLEAN')
    case 'text':
      return own(neutral.length === null ? 'TEXT' : `VARCHAR(${neutral.length})`)
    case 'padded':
      return own(`PADDED_TEXT(${neutral.length ?? 1})`, 'kept without the blanks at its end')
    case 'bytes':
      return own('BLOB', neutral.length === null ? null : 'its length is not limited there')
    case 'time':
      return own(`TIME_TEXT(${neutral.digits})`, AS_TEXT)
    case 'moment':
      return own(`TIMESTAMP_TEXT(${neutral.digits})`, AS_TEXT)
    case 'instant':
      return own(`TIMESTAMPTZ_TEXT(${neutral.digits})`, `${AS_TEXT}, in UTC`)
    case 'bits':
      return own(`BIT_TEXT(${neutral.length})`, AS_TEXT)
    case 'labels':
      return own('TEXT', 'labels are checked as text and sort as text')
    case 'other':
      return own('TEXT', 'kept as the text its platform prints')
    case 'date':
    case 'uuid':
    case 'json':
    case 'duration':
      return own(`${neutral.kind.toUpperCase()}_TEXT`, AS_TEXT)
  }
}

const AS_TEXT = 'kept as text'

function writeInteger(
  { bits, isUnsigned }: Extract<NeutralType, { kind: 'integer' }>,
  isKeyed: boolean,
  own: WriteAs,
): OwnType {
  if (isUnsigned && bits === 64) {
    return isKeyed
      ? own('BIGINT', 'numbers above 9223372036854775807 are refused there')
      : own('DECIMAL_TEXT(20,0)', AS_TEXT)
  }
  if (bits === 64) return own('BIGINT')
  const why = 'SQLite holds any integer of 64 bits there'
  return own(bits <= 16 && !isUnsigned ? 'SMALLINT' : 'INTEGER', why)
}
