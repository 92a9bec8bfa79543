import type { SharedDefinition } from '../postgres/definition.ts'
import {
  both,
  cutFraction,
  padTo,
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
  writingAs,
} from './neutral.ts'

/** The types of PostgreSQL, read and written. */

const INTEGER_BITS: Readonly<Record<string, 16 | 32 | 64>> = {
  smallint: 16,
  integer: 32,
  bigint: 64,
}
const OTHERS_WHY = 'only PostgreSQL has this type'
const ZONED_TEXT = /^(.*)\+00( BC)?$/

export function readPostgresType(type: string, shared: SharedDefinition): OwnType {
  const own = readingAs(type, codecOf)
  const enumeration = shared.enums.find((one) => one.type === type)
  if (enumeration !== undefined) return own({ kind: 'labels', labels: enumeration.labels })
  const domain = shared.domains.find((one) => one.type === type)
  if (domain !== undefined) {
    const base = readPostgresType(domain.base, shared)
    return { ...base, type, why: base.why ?? 'what the domain demands is not checked there' }
  }
  const plain = readPlainType(type)
  if (plain !== undefined) return own(plain)
  if (/(?:^|\.)citext$/.test(type)) {
    return own({ kind: 'text', length: null }, 'it compares without regard to case')
  }
  if (type.endsWith('[]')) return own({ kind: 'other' }, 'only PostgreSQL has arrays')
  return own({ kind: 'other' }, OTHERS_WHY)
}

function readPlainType(type: string): NeutralType | undefined {
  const bits = INTEGER_BITS[type]
  if (bits !== undefined) return { kind: 'integer', bits, isUnsigned: false }
  const [, name = '', first, second, rest = ''] =
    /^([a-z ]+?)(?:\((-?\d+)(?:,(-?\d+))?\))?( with(?:out)? time zone)?$/.exec(type) ?? []
  const length = first === undefined ? null : Number(first)
  switch (name + rest) {
    case 'oid':
      return { kind: 'integer', bits: 32, isUnsigned: true }
    case 'numeric':
      return { kind: 'decimal', size: readSize(length, Number(second ?? 0)) }
    case 'real':
      return { kind: 'float', bits: 32 }
    case 'double precision':
      return { kind: 'float', bits: 64 }
    case 'text':
    case 'name':
      return { kind: 'text', length: null }
    case 'character varying':
      return { kind: 'text', length }
    case 'character':
      return { kind: 'padded', length: length ?? 1 }
    case 'bytea':
      return { kind: 'bytes', length: null }
    case 'time without time zone':
      return { kind: 'time', digits: length ?? 6 }
    case 'timestamp without time zone':
      return { kind: 'moment', digits: length ?? 6 }
    case 'timestamp with time zone':
      return { kind: 'instant', digits: length ?? 6 }
    case 'bit':
      return { kind: 'bits', length: length ?? 1 }
    case 'json':
    case 'jsonb':
      return { kind: 'json' }
    case 'interval':
      return { kind: 'duration' }
    case 'boolean':
    case 'date':
    case 'uuid':
      return { kind: name as 'boolean' | 'date' | 'uuid' }
    default:
      return undefined
  }
}

/** A scale below zero or above the precision is said by no other platform. */
function readSize(precision: number | null, scale: number) {
  return precision === null || scale < 0 || scale > precision ? null : { precision, scale }
}

function codecOf(neutral: NeutralType): Codec {
  switch (neutral.kind) {
    case 'boolean':
      return words({ yes: 't', no: 'f' })
    case 'float':
      return floats(neutral.bits)
    case 'padded':
      return padTo(neutral.length ?? 1)
    case 'time':
    case 'moment':
      return { toNeutral: cutFraction, fromNeutral: cutFraction }
    case 'instant':
      return ZONED
    default:
      return null
  }
}

/** As the server prints the shortest digits: with an exponent of two digits at least. */
function floats(bits: 32 | 64): Codec {
  const plainMax = bits === 32 ? 6 : 15
  return {
    toNeutral: (own) => (/^-?(?:Infinity|NaN|0)$/.test(own) ? own : String(Number(own))),
    fromNeutral: (neutral) => {
      if (/^-?(?:Infinity|NaN|0)$/.test(neutral)) return neutral
      const parts = splitNumber(neutral)
      if (parts.point >= -3 && parts.point <= plainMax) return writePlain(parts)
      const [digits, exponent] = splitScientific(parts)
      const sign = exponent < 0 ? '-' : '+'
      return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
    },
  }
}

/** Sessions speak UTC, so that every instant ends with its zone. */
const ZONED: Codec = both(
  {
    toNeutral: (own) => {
      if (/^-?infinity$/.test(own)) return own
      const [, text, era = ''] = ZONED_TEXT.exec(own) ?? []
      if (text === undefined) throw new Misfit('an instant in UTC')
      return text + era
    },
    fromNeutral: (neutral) =>
      /^-?infinity$/.test(neutral)
        ? neutral
        : neutral.endsWith(' BC')
          ? `${neutral.slice(0, -3)}+00 BC`
          : `${neutral}+00`,
  },
  { toNeutral: cutFraction, fromNeutral: cutFraction },
)

/**
 * The type that holds all values of `neutral`.
 * @param isKeyed part of a key, which has to have the type of what refers to it, and may count
 */
export function writePostgresType(neutral: NeutralType, isKeyed: boolean): OwnType {
  const own = writingAs(neutral, codecOf)
  switch (neutral.kind) {
    case 'integer':
      if (neutral.bits === 64 && neutral.isUnsigned && isKeyed) {
        return own('bigint', 'numbers above 9223372036854775807 are refused there')
      }
      return own(integerFor(neutral.bits, neutral.isUnsigned))
    case 'decimal':
      return own(
        neutral.size === null
          ? 'numeric'
          : `numeric(${neutral.size.precision},${neutral.size.scale})`,
      )
    case 'float':
      return own(neutral.bits === 32 ? 'real' : 'double precision')
    case 'text':
      return own(neutral.length === null ? 'text' : `character varying(${neutral.length})`)
    case 'padded':
      return own(`character(${neutral.length ?? 1})`)
    case 'bytes':
      return own('bytea', neutral.length === null ? null : 'its length is not limited there')
    case 'time':
      return own(`time${fraction(neutral.digits)} without time zone`)
    case 'moment':
      return own(`timestamp${fraction(neutral.digits)} without time zone`)
    case 'instant':
      return own(`timestamp${fraction(neutral.digits)} with time zone`)
    case 'bits':
      return own(`bit(${neutral.length})`)
    case 'labels':
      return own('text', 'labels are checked as text and sort as text')
    case 'duration':
      return own('interval')
    case 'other':
      return own('text', 'kept as the text its platform prints')
    default:
      return own(neutral.kind)
  }
}

function integerFor(bits: number, isUnsigned: boolean): string {
  const needed = bits + (isUnsigned ? 1 : 0)
  if (needed <= 16) return 'smallint'
  if (needed <= 32) return 'integer'
  return needed <= 64 ? 'bigint' : 'numeric(20,0)'
}

function fraction(digits: number): string {
  return digits >= 6 ? '' : `(${digits})`
}
