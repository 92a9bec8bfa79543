import { assert } from '#stdx/assert'
import type { Field, SchemaVersion } from './schema.ts'

/** The fields a scan asks for: names in id order, which is the order of a row. */
export function scanFields(schema: SchemaVersion): string[] {
  return schema.fields.map(({ name }) => name)
}

/** Where the fields of the key stand in a row, in key order; empty for a digest key. */
export function keyIndexes(schema: SchemaVersion): number[] {
  if (schema.key.kind === 'digest') return []
  return schema.key.fieldIds.map((id) => {
    const index = schema.fields.findIndex((field) => field.id === id)
    assert(index >= 0, 'A key field is among the fields of its schema.')
    return index
  })
}

/** The fields in the order of the source, as people know them; `schema.fields` itself if that is it. */
export function sourceFields(schema: SchemaVersion): readonly Field[] {
  // Asked for every record, and nearly always fields were only ever added.
  const { fields, sourceOrder } = schema
  const isSame = sourceOrder.length === fields.length
  if (isSame && sourceOrder.every((id, i) => fields[i]?.id === id)) return fields
  const fieldById = new Map(schema.fields.map((field) => [field.id, field]))
  return schema.sourceOrder.map((id) => {
    const field = fieldById.get(id)
    assert(field !== undefined, 'The source order names fields of its schema.')
    return field
  })
}

/**
 * All fields of a row, still escaped, when the row was written under `schema` or an older version of
 * its layout: fields that the row does not carry hold their missing value.
 */
export function padRow(fields: readonly string[], schema: SchemaVersion): string[] {
  assert(fields.length <= schema.fields.length, 'A row has no more fields than its schema.')
  if (fields.length === schema.fields.length) return [...fields]
  return schema.fields.map(({ missing }, i) => {
    const field = fields[i] ?? missing
    assert(field !== null, 'A field that a row leaves out has a missing value.')
    return field
  })
}

/** The opposite of `padRow`: without the trailing fields that hold their missing value. */
export function trimRow(fields: readonly string[], schema: SchemaVersion): string[] {
  assert(fields.length === schema.fields.length, 'A row to trim has all fields of its schema.')
  let end = fields.length
  while (end > 0 && fields[end - 1] === schema.fields[end - 1]?.missing) end -= 1
  return fields.slice(0, end)
}
