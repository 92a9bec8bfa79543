import type { DescribedEntity, SchemaVersion } from '#record/schema'

/**
 * The description under which a system's rows are printed as those of `schema`, so that the two can
 * be compared text by text: fields that both have take their type from `schema`. Where that is
 * another type, the order of the key may be another one too, and the scan promises none. A field that
 * no record of the system has is asked for all the same, where records need not have all.
 */
export function readAs(described: DescribedEntity, schema: SchemaVersion): DescribedEntity {
  const typeByName = new Map(schema.fields.map(({ name, type }) => [name, type]))
  const fields = described.fields.map((field) => ({
    ...field,
    type: typeByName.get(field.name) ?? field.type,
  }))
  const names = new Set(fields.map(({ name }) => name))
  const others = schema.fields.filter(({ name }) => !names.has(name))
  if (described.hasOpenFields === true) fields.push(...others)
  const isSame = fields.every(({ type }, i) => type === described.fields[i]?.type)
  return isSame ? described : { ...described, fields, scanOrder: 'none' }
}
