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
  readonly when?: Readonly<Record<string, readonly string[]>> | undefined
  readonly unless?: Readonly<Record<string, readonly string[]>> | undefined
}

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
      const counts = judges.every(({ index, texts: known, isWanted }) => {
        return known.has(texts[index] ?? '') === isWanted
      })
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
  return Object.entries(conditions ?? {}).map(([name, values]) => {
    return { index: indexOf(name), texts: new Set(values.map(formatField)), isWanted }
  })
}

function toValue(text: string): string | null {
  return parseLargeMarker(text) === undefined ? parseField(text) : null
}
