import { formatFloatValue } from '../mysql/format-float.ts'
import {
  decimalsOf,
  only,
  padFraction,
  shortestFloat,
  splitNumber,
  splitScientific,
  words,
  writePlain,
} from './codecs.ts'
import {
  type Codec,
  Misfit,
  type NeutralType,
  type OwnType,
  readingAs,
  type WriteAs,
  writingAs,
} from './neutral.ts'

/** The types of MariaDB, as its catalogue writes them, read and written. */

const INTEGER_BITS: Readonly<Record<string, 8 | 16 | 24 | 32 | 64>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  bigint: 64,
}
const TEXTS = new Set(['tinytext', 'text', 'mediumtext', 'longtext'])
const BYTES = new Set(['tinyblob', 'blob', 'mediumblob', 'longblob'])
const GEOMETRY = /^(?:geometry|(?:multi)?(?:point|linestring|polygon)|geom(?:etry)?collection)$/

/** @param checked `boolean`: a check says 0 or 1; `json`: a check says that it is JSON */
export function readMariadbType(type: string, checked?: 'boolean' | 'json'): OwnType {
  const own = readingAs(type, codecOf)
  const [, base = '', inner = ''] = /^([a-z0-9]+)(?:\((.*)\))?/.exec(type.toLowerCase()) ?? []
  const [first = 0, second = 0] = inner.split(',').map(Number)
  const bits = INTEGER_BITS[base]
  if (bits !== undefined) {
    if (checked === 'boolean' && base === 'tinyint') return own({ kind: 'boolean' })
    return own({ kind: 'integer', bits, isUnsigned: / unsigned\b/i.test(type) })
  }
  if (base === 'enum') return own({ kind: 'labels', labels: readLabels(type) })
  if (checked === 'json' && base === 'longtext') return own({ kind: 'json' })
  if (TEXTS.has(base)) return own({ kind: 'text', length: null })
  if (BYTES.has(base)) return own({ kind: 'bytes', length: null })
  switch (base) {
    case 'decimal':
      return own({ kind: 'decimal', size: { precision: first, scale: second } })
    case 'float':
      return own({ kind: 'float', bits: 32 })
    case 'double':
      return own({ kind: 'float', bits: 64 }, null, inner === '' ? DOUBLES : fixedDoubles(second))
    case 'varchar':
      return own({ kind: 'text', length: first })
    case 'char':
      return own({ kind: 'padded', length: first })
    case 'binary':
    case 'varbinary':
      return own({ kind: 'bytes', length: first })
    case 'time':
    case 'datetime':
    case 'timestamp':
      return own({ kind: KIND_OF_TIME[base], digits: first })
    case 'bit':
      return own({ kind: 'bits', length: first })
    case 'date':
    case 'uuid':
      return own({ kind: base })
    case 'year': {
      const year: NeutralType = { kind: 'integer', bits: 16, isUnsigned: false }
      return own(year, 'any small number there', YEARS)
    }
  }
  if (GEOMETRY.test(base)) {
    return own({ kind: 'bytes', length: null }, 'a shape is kept as the bytes that MariaDB stores')
  }
  return own({ kind: 'other' }, 'only MariaDB has this type')
}

const KIND_OF_TIME = { time: 'time', datetime: 'moment', timestamp: 'instant' } as const

function readLabels(type: string): string[] {
  return [...type.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map(([, label = '']) =>
    label.replaceAll("''", "'").replaceAll(/\\(.)/gs, '$1'),
  )
}

const YEARS: Codec = {
  toNeutral: (own) => String(Number(own)),
  fromNeutral: (neutral) => neutral.padStart(4, '0'),
}

function codecOf(neutral: NeutralType): Codec {
  switch (neutral.kind) {
    case 'boolean':
      return words({ yes: '1', no: '0' })
    case 'float':
      return neutral.bits === 32 ? FLOATS : DOUBLES
    case 'date':
      return DATES
    case 'time':
      return padFraction(
        /^(-?[0-9]{2,3}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?$/,
        neutral.digits,
        'a time',
      )
    case 'moment':
    case 'instant':
      return padFraction(MOMENT, neutral.digits, 'a moment of the years 1 to 9999')
    case 'padded':
      return { toNeutral: (own) => own, fromNeutral: (text) => text.replace(/ +$/, '') }
    default:
      return null
  }
}

const MOMENT = /^([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?$/
const DATES = only(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, 'a date of the years 1 to 9999')
const FINITE = 'a finite number other than -0'

/** What the server takes and we print for the greatest float has other digits than elsewhere. */
const FLOATS: Codec = {
  toNeutral: (own) => shortestFloat(Math.fround(Number(own))),
  fromNeutral: (neutral) => {
    if (/Infinity|NaN|^-0$/.test(neutral)) throw new Misfit(FINITE)
    return formatFloatValue(Math.fround(Number(neutral)))
  },
}

/** As the server prints the shortest digits: plainly where they are few enough. */
const DOUBLES: Codec = {
  toNeutral: (own) => String(Number(own)),
  fromNeutral: (neutral) => {
    if (/Infinity|NaN|^-0$/.test(neutral)) throw new Misfit(FINITE)
    if (neutral === '0') return neutral
    const parts = splitNumber(neutral)
    const isPlain = parts.point >= -14 && (parts.point <= 15 || parts.digits.length > parts.point)
    if (isPlain) return writePlain(parts)
    const [digits, exponent] = splitScientific(parts)
    return `${digits}e${exponent}`
  },
}

/** Of `double(10,2)`, whose fraction is always printed whole. */
function fixedDoubles(scale: number): Codec {
  return {
    toNeutral: (own) => String(Number(own)),
    fromNeutral: (neutral) => Number(neutral).toFixed(scale),
  }
}

export type FieldUse = {
  /** Most characters it may have where it is part of a key; `null` where it is part of none. */
  readonly keyLength: number | null
}

/** The type that holds all values of `neutral`, in a table whose collation compares bytes. */
export function writeMariadbType(neutral: NeutralType, { keyLength }: FieldUse): OwnType {
  const own = writingAs(neutral, codecOf)
  const asText = (why: string | null, codec: Codec = null): OwnType => {
    const cut = keyLength === null ? null : `at most ${keyLength} characters, as it is in a key`
    const said = [why, cut].filter((one) => one !== null).join('; ')
    const type = keyLength === null ? 'longtext' : `varchar(${keyLength})`
    return own(type, said === '' ? null : said, codec)
  }
  switch (neutral.kind) {
    case 'integer':
      return own(`${NAME_BY_BITS[neutral.bits]}${neutral.isUnsigned ? ' unsigned' : ''}`)
    case 'decimal':
      return writeDecimal(neutral.size, own, asText)
    case 'float':
      return own(neutral.bits === 32 ? 'float' : 'double', 'it holds no infinity, no NaN and no -0')
    case 'boolean':
      return own('tinyint(1)')
    case 'text':
      if (neutral.length === null || neutral.length > VARCHAR_MAX) {
        return asText(neutral.length === null ? null : LENGTH_LOST)
      }
      return keyLength !== null && neutral.length > keyLength
        ? asText(null)
        : own(`varchar(${neutral.length})`)
    case 'padded':
      return (neutral.length ?? 1) <= 255
        ? own(`char(${neutral.length ?? 1})`)
        : asText(LENGTH_LOST)
    case 'bytes':
      return writeBytes(neutral.length, keyLength, own)
    case 'date':
      return own('date', 'it holds the years 1 to 9999')
    case 'time':
      return own(`time${fraction(neutral.digits)}`)
    case 'moment':
      return own(`datetime${fraction(neutral.digits)}`, 'it holds the years 1 to 9999')
    case 'instant':
      return own(
        `datetime${fraction(neutral.digits)}`,
        'it holds UTC of the years 1 to 9999, and no zone',
      )
    case 'uuid':
      return own('uuid')
    case 'bits':
      return neutral.length <= 64 ? own(`bit(${neutral.length})`) : asText('kept as text')
    case 'json':
      return own('longtext')
    case 'labels':
      return neutral.labels.every((label) => LABEL.test(label))
        ? own(
            `enum(${neutral.labels.map((label) => `'${label.replaceAll("'", "''")}'`).join(',')})`,
          )
        : asText('labels that MariaDB would not keep are text')
    case 'duration':
      return asText('MariaDB has no intervals: kept as text')
    case 'other':
      return asText('kept as the text its platform prints')
  }
}

const LENGTH_LOST = 'its length is not limited there'
/** A longer one is stored aside anyway, and would leave too little of a row for the others. */
const VARCHAR_MAX = 4000
const NAME_BY_BITS = { 8: 'tinyint', 16: 'smallint', 24: 'mediumint', 32: 'int', 64: 'bigint' }
/** Commas and blanks at the end are dropped or refused by the server. */
const LABEL = /^[^,\\]{0,254}[^, \\]$/

type WriteText = (why: string | null, codec?: Codec) => OwnType

function writeDecimal(
  size: Extract<NeutralType, { kind: 'decimal' }>['size'],
  own: WriteAs,
  asText: WriteText,
): OwnType {
  if (size === null)
    return asText('kept as text: MariaDB has no number of any number of digits', null)
  const { precision, scale } = size
  if (precision > 65 || scale > 38)
    return asText('more digits than MariaDB has: kept as text', null)
  return own(`decimal(${precision},${scale})`, 'it holds no NaN', decimalsOf(scale))
}

function writeBytes(length: number | null, keyLength: number | null, own: WriteAs): OwnType {
  if (length !== null && length <= VARCHAR_MAX) return own(`varbinary(${length})`)
  if (keyLength === null) return own('longblob', length === null ? null : LENGTH_LOST)
  const bytes = keyLength * 4
  return own(`varbinary(${bytes})`, `at most ${bytes} bytes, as it is in a key`)
}

function fraction(digits: number): string {
  return digits === 0 ? '' : `(${digits})`
}
