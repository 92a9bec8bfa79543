import { sourceFields } from '#record/project'
import { parseField } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import type { ReadRecord } from './record-fields.ts'

/**
 * A record as it reads under another schema version of its layout: renamed fields under their names
 * there, fields added since with their missing value, later ones left out. A record of another layout
 * is returned as it is. Pure.
 */
export function presentUnder(record: ReadRecord, schema: SchemaVersion): ReadRecord {
  if (record.schema === schema || record.schema.layout !== schema.layout) return record
  const nameById = new Map(record.schema.fields.map(({ id, name }) => [id, name]))
  const fields: Record<string, string | null> = Object.create(null)
  for (const { id, missing, name } of sourceFields(schema)) {
    const known = nameById.get(id)
    const value = known === undefined ? missing && parseField(missing) : record.fields[known]
    fields[name] = value ?? null
  }
  return { schema, fields }
}
