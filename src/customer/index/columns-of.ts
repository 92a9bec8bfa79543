import type { SchemaVersion } from '#record/schema'
import { keyStartOf } from '../closure/wanted-keys.ts'
import { type CustomerMap, isSamePlace, type MapEntity } from '../customer-map.ts'
import { keyOf } from '../key-of.ts'
import { IDENTITY_FIELDS } from '../map-schema.ts'
import type { Column } from './column.ts'
import { distinctColumns } from './row-index.ts'

/**
 * All that a closure or a search may ever ask of an entity: both ends of its links, and what is known
 * of it as identity. What the key begins with is found by the key.
 */
export function columnsOf(map: CustomerMap, entity: MapEntity, schema: SchemaVersion): Column[] {
  const own = entity.links.map(({ fields }) => fields)
  const pointing = map.entities.flatMap(({ links }) => {
    return links.filter(({ to }) => isSamePlace(to, entity))
  })
  const targets = pointing.map(({ toFields }) => toFields ?? entity.key ?? keyOf(schema))
  const known = ['number' as const, ...map.match].flatMap((by) => entity.identity[by] ?? [])
  const asked = [...own, ...targets, ...known.map((name) => [name])]
  const values = asked
    .filter((fields) => fields.length > 0 && keyStartOf(schema, fields) === undefined)
    .map((fields): Column => ({ kind: 'values', fields }))
  const searched = IDENTITY_FIELDS.flatMap((by): Column[] => {
    const name = entity.identity[by]
    return name === undefined ? [] : [{ kind: by === 'name' ? 'name' : 'code', fields: [name] }]
  })
  return distinctColumns([...values, ...searched]).filter(({ fields }) =>
    fields.every((name) => schema.fields.some((field) => field.name === name)),
  )
}
