import type { EntityName } from '#record/entity-name'
import { cutFraction } from './mapping/codecs.ts'
import { type FitText, fitType } from './mapping/fit-type.ts'
import { Misfit, type NeutralField, type NeutralType } from './mapping/neutral.ts'
import { PLATFORMS } from './mapping/platforms.ts'
import type { SourceTables } from './mapping/source-tables.ts'

/** The fields of tables in words that all platforms share, by entity and name. */
export type NeutralFields = ReadonlyMap<EntityName, ReadonlyMap<string, NeutralField>>

export type { NeutralField } from './mapping/neutral.ts'

/** Any text: what people write, and what is computed. */
export const ANY_TEXT: NeutralType = { kind: 'text', length: null }

/** `null`: of that kind of system the types are not known. */
export function readNeutralFields(connector: string, tables: SourceTables): NeutralFields | null {
  const read = PLATFORMS[connector]?.readTables(tables)
  if (read === undefined) return null
  return new Map(
    read.map(({ entity, fields }) => [entity, new Map(fields.map((field) => [field.name, field]))]),
  )
}

/** A value in another field, or what the other would need; never the value. */
export type Fitted = { readonly text: string } | { readonly wanted: string }

/** The neutral text of a value that a platform printed. */
export function toNeutralText({ codec }: NeutralField, own: string): Fitted {
  return fitted(() => (codec === null ? own : codec.toNeutral(own)))
}

/**
 * From the neutral text of a type to the text of a field of another platform. `null`: the types have
 * nothing to do with each other.
 */
export function openFit(
  from: NeutralType,
  { codec, neutral, type }: NeutralField,
): ((text: string) => Fitted) | null {
  const convert: FitText | null = fitType(from, neutral)
  if (convert === null) return null
  const toOwn = (text: string) => {
    const there = convert(text)
    if (codec === null) return there
    const own = codec.fromNeutral(there)
    // A codec may print the nearest value that there is.
    if (cutFraction(codec.toNeutral(own)) !== cutFraction(there)) throw new Misfit('another value')
    return own
  }
  return (text) => {
    const done = fitted(() => toOwn(text))
    return 'text' in done ? done : { wanted: `${type} needs ${done.wanted}` }
  }
}

function fitted(convert: () => string): Fitted {
  try {
    return { text: convert() }
  } catch (error) {
    if (error instanceof Misfit) return { wanted: error.message }
    throw error
  }
}
