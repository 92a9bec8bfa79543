import { formatField } from '#record/row-text'
import { readState } from '#segment/read-state'
import { RowFields } from '../values/row-fields.ts'
import { type EntityProfile, eachRow, hashFields } from './profile-entity.ts'
import { ValueSketch } from './value-sketch.ts'

/** Values that a second look at an entity gathers: of several fields as one, or under a condition. */
export type Look = {
  readonly fields: readonly string[]
  readonly when: readonly (readonly [field: string, value: string])[]
}

const SKETCH_VALUES = 1024

/** Looks at an entity once more, for all `looks` at once; a sketch for each, in their order. */
export async function lookAgain(
  { at, deps }: EntityProfile,
  looks: readonly Look[],
  signal: AbortSignal,
): Promise<ValueSketch[]> {
  const { asOf, schema, schemas, segments } = at
  const indexOf = (name: string) => schema.fields.findIndex((field) => field.name === name)
  const gauges = looks.map(({ fields, when }) => ({
    sketch: new ValueSketch(SKETCH_VALUES),
    indexes: fields.map(indexOf),
    conditions: when.map(([name, value]) => {
      return { index: indexOf(name), text: Buffer.from(formatField(value)) }
    }),
  }))
  const row = new RowFields(schema.fields.length)
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  for await (const batch of readState(deps, options)) {
    eachRow(batch, row, (bytes) => {
      for (const { conditions, indexes, sketch } of gauges) {
        if (!conditions.every(({ index, text }) => row.isText(bytes, index, text))) continue
        const hash = hashFields(bytes, row, indexes)
        if (hash !== undefined) sketch.add(hash)
      }
    })
  }
  return gauges.map(({ sketch }) => sketch)
}
