import type { EntityName } from '#record/entity-name'
import type { ForeignKey } from '#record/schema'

/**
 * What a table is, said without any platform's words: where every mapping between two platforms
 * passes through. A type here is a set of values and one neutral text for each of them:
 *
 * - integer, decimal: digits as they are printed everywhere; float: as JavaScript prints the number,
 *   with `NaN`, `Infinity` and `-0`
 * - boolean: `true`, `false`
 * - padded: without the blanks at its end
 * - bytes: `\x` and lower-case hex
 * - date: `2026-01-31`; time: `23:59:59`; moment: `2026-01-31 23:59:59`; instant: the same in UTC. No
 *   zeros at the end of a fraction. What only PostgreSQL knows (`infinity`, `BC`) is as it prints it
 * - everything else: as its own platform prints it
 */
export type NeutralType =
  | { readonly kind: 'integer'; readonly bits: 8 | 16 | 24 | 32 | 64; readonly isUnsigned: boolean }
  /** `null`: any number of digits, each value with a scale of its own. */
  | { readonly kind: 'decimal'; readonly size: DecimalSize | null }
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  /** `length` in characters. */
  | { readonly kind: 'text' | 'padded'; readonly length: number | null }
  /** `length` in bytes. */
  | { readonly kind: 'bytes'; readonly length: number | null }
  /** `digits` of a second's fraction. */
  | { readonly kind: 'time' | 'moment' | 'instant'; readonly digits: number }
  | { readonly kind: 'bits'; readonly length: number }
  | { readonly kind: 'labels'; readonly labels: readonly string[] }
  | { readonly kind: 'boolean' | 'date' | 'uuid' | 'json' | 'duration' | 'other' }

export type DecimalSize = { readonly precision: number; readonly scale: number }

/** How the values of a field are printed by its own platform, both ways; `null` where as neutral. */
export type Codec = {
  /** @throws Misfit for what is no value of the neutral type */
  toNeutral(own: string): string
  /** @throws Misfit for what the platform's type does not hold */
  fromNeutral(neutral: string): string
} | null

/** A type as a platform writes it. */
export type OwnType = {
  readonly type: string
  readonly neutral: NeutralType
  readonly codec: Codec
  /** What about it cannot be said without the platform; `null` when nothing. */
  readonly why: string | null
}

/** What a platform's type is in neutral words, with the platform's own codec unless another is given. */
export type ReadAs = (neutral: NeutralType, why?: string | null, codec?: Codec) => OwnType

export function readingAs(type: string, codecOf: (neutral: NeutralType) => Codec): ReadAs {
  return (neutral, why = null, codec = codecOf(neutral)) => ({ type, neutral, codec, why })
}

/** Which of a platform's types holds a neutral one, the codec being as for {@link ReadAs}. */
export type WriteAs = (type: string, why?: string | null, codec?: Codec) => OwnType

export function writingAs(neutral: NeutralType, codecOf: (neutral: NeutralType) => Codec): WriteAs {
  return (type, why = null, codec = codecOf(neutral)) => ({ type, neutral, codec, why })
}

/** A value that the other side does not hold. Says what would be needed, never the value. */
export class Misfit extends Error {}

export type NeutralDefault =
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'now' }

export type NeutralField = OwnType & {
  readonly name: string
  readonly isNullable: boolean
  readonly default: NeutralDefault | null
  /** A row that does not name it gets a value all the same: a default, portable or not, or a number. */
  readonly isFilled: boolean
}

export type NamedFields = { readonly name: string; readonly fields: readonly string[] }

/** Something of a table that has no place on the other side, and why. */
export type Unmapped = { readonly from: string; readonly why: string }

export type NeutralTable = {
  readonly entity: EntityName
  /** In the order of the source. */
  readonly fields: readonly NeutralField[]
  readonly primaryKey: readonly string[]
  readonly uniques: readonly NamedFields[]
  readonly indexes: readonly NamedFields[]
  readonly foreignKeys: readonly ForeignKey[]
  readonly checks: readonly {
    readonly name: string | null
    readonly tokens: readonly CheckToken[]
  }[]
  /** The field that counts by itself, and the last number it gave; `null` when nothing is known. */
  readonly counter: { readonly field: string; readonly last: bigint | null } | null
  readonly unmapped: readonly Unmapped[]
}

/** A condition in the words that all platforms share. */
export type CheckToken =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'text'; readonly value: string }
  /** Numbers, operators, parentheses, commas, and AND, OR, NOT, IS, NULL, IN, BETWEEN. */
  | { readonly kind: 'sign'; readonly sign: string }
  /** The number of characters of the text that follows in parentheses. */
  | { readonly kind: 'length' }
