import { type Fitted, type NeutralField, toNeutralText } from '#connector/neutral-fields'
import { scanFields } from '#record/project'
import { NULL_FIELD, parseField } from '#record/row-text'
import type { PointRecord, SourceEntity } from './sides.ts'

/** The values of one record of the source. */
export type RecordValues = {
  /** Of its key at the point. */
  address(): string
  /** The neutral text of a field, `null` for none. @throws Unfit */
  read(field: string): string | null
}

/** A value that has no place: says why, never the value. */
export class Unfit extends Error {}

/** The values of a row, whose fields are escaped. */
export function openRecords({
  fields,
  schema,
}: SourceEntity): (record: PointRecord) => RecordValues {
  const indexes = new Map(
    scanFields(schema).map((name, index) => [name, { index, known: fields.get(name) }]),
  )
  return ({ address, row }) => ({
    address,
    read(field) {
      const { index, known } = indexes.get(field) ?? {}
      const own = parseField((index === undefined ? undefined : row[index]) ?? NULL_FIELD)
      return own === null || known === undefined ? null : neutralOf(known, own)
    },
  })
}

function neutralOf(field: NeutralField, own: string): string {
  if (field.codec === null) return own
  return textOf(toNeutralText(field, own))
}

/** @throws Unfit */
export function textOf(fitted: Fitted): string {
  if ('text' in fitted) return fitted.text
  throw new Unfit(fitted.wanted)
}
