import { padRow } from '#record/project'
import {
  decodeRowText,
  formatField,
  parseField,
  parseLargeMarker,
  splitRow,
} from '#record/row-text'
import { entryOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import { assert } from '#stdx/assert'
import type { EntityInReport } from './entities-at.ts'

/** Which records of an entity count, by what their fields hold. */
export type Conditions = {
  readonly when?: Readonly<Record<string, Wanted>> | undefined
  readonly unless?: Readonly<Record<string, Wanted>> | undefined
}

/** Some values, or what another field of the same record holds. */
export type Wanted = readonly (string | null)[] | { readonly field: string }

/** Values of one record, in the order of the fields asked for. */
export type Values = readonly (string | null)[]

/**
 * Values of every record of an entity that counts, batch by batch, in key order. A value that lies
 * out of line is none that a report could use, and is read as null.
 */
export async function* readValues(
  { at, deps }: EntityInReport,
  fields: readonly string[],
  conditions: Conditions,
  signal: AbortSignal,
): AsyncGenerator<Values[], void, undefined> {
  const { asOf, schema, schemas, segments } = at
  const indexOf = (name: string) => {
    const index = schema.fields.findIndex((field) => field.name === name)
    assert(index >= 0, 'A report asks for fields that the entity has.')
    return index
  }
  const indexes = fields.map(indexOf)
  const judges = [
    ...toJudges(conditions.when, indexOf, true),
    ...toJudges(conditions.unless, indexOf, false),
  ]
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  for await (const { count, rows } of readState(deps, options)) {
    assert(rows !== null, 'Rows were asked for.')
    const found: Values[] = []
    for (let i = 0; i < count; i++) {
      const texts = padRow(splitRow(decodeRowText(entryOf(rows, i))), schema)
      const counts = judges.every(({ isMet, isWanted }) => isMet(texts) === isWanted)
      if (counts) found.push(indexes.map((index) => toValue(texts[index] ?? '')))
    }
    yield found
  }
}

function toJudges(
  conditions: Conditions['when'],
  indexOf: (name: string) => number,
  isWanted: boolean,
) {
  return Object.entries(conditions ?? {}).map(([name, wanted]) => {
    const index = indexOf(name)
    if ('field' in wanted) {
      const other = indexOf(wanted.field)
      return { isMet: (texts: Texts) => texts[index] === texts[other], isWanted }
    }
    const known = new Set(wanted.map(formatField))
    return { isMet: (texts: Texts) => known.has(texts[index] ?? ''), isWanted }
  })
}

type Texts = readonly string[]

function toValue(text: string): string | null {
  return parseLargeMarker(text) === undefined ? parseField(text) : null
}
