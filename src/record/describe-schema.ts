import { keyIndexes, sourceFields } from './project.ts'
import type { DescribedEntity, DescribedKey, SchemaVersion } from './schema.ts'

/**
 * The description that a schema version remembers: what `evolveSchema` finds nothing changed in. How
 * the source was read is not remembered: it promises no order and misses no grant.
 */
export function describeSchema(schema: SchemaVersion): DescribedEntity {
  return {
    entity: schema.entity,
    sourceId: schema.sourceId,
    fields: sourceFields(schema).map(({ isNullable, missing, name, sourceId, type }) => {
      return { name, type, isNullable, sourceId, missing }
    }),
    key: describeKey(schema),
    foreignKeys: schema.foreignKeys,
    definition: schema.definition,
    scanOrder: 'none',
    missingGrant: null,
  }
}

function describeKey(schema: SchemaVersion): DescribedKey | null {
  const { fields, key } = schema
  if (key.kind === 'digest') return null
  const names = keyIndexes(schema).map((index) => fields[index]?.name ?? '')
  return { fields: names, encodings: key.encodings }
}
