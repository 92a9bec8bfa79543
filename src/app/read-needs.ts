import { type CustomerMap, isSamePlace, type MapEntity, type MapLink } from '#customer/customer-map'
import { isReference } from '#customer/roles'
import { entityAt } from '#history/entity-at'
import { keyIndexes, scanFields } from '#record/project'
import type { Need } from '#restore/needed-records'
import type { FoundPoint } from './find-point.ts'

/**
 * What the customer map says that records of a source need in the same system: the links of kind
 * `reference`. Links of what the point does not hold, or not in these fields, say nothing. Pure.
 */
export function needsOfMap({ entities }: CustomerMap, found: FoundPoint): Need[] {
  const own = entities.filter(({ source }) => source === found.source)
  return own.flatMap((from) =>
    from.links.flatMap((link) => {
      const to = own.find((one) => isSamePlace(one, link.to))
      const isMeant = link.kind === 'reference' && to !== undefined
      return isMeant ? (toNeed(found, from, link, to) ?? []) : []
    }),
  )
}

function toNeed(
  found: FoundPoint,
  from: MapEntity,
  { fields, line, none, toFields, when }: MapLink,
  to: MapEntity,
): Need | undefined {
  const [own, other] = [from, to].map((one) => fieldsAt(found, one))
  if (own === undefined || other === undefined) return undefined
  const wanted = toFields ?? to.key ?? other.key
  const asked = [...fields, ...when.map(([field]) => field)]
  const isThere =
    wanted.length === fields.length &&
    asked.every((field) => own.all.includes(field)) &&
    wanted.every((field) => other.all.includes(field))
  if (!isThere) return undefined
  const open = to.open !== undefined && other.all.includes(to.open.field) ? to.open : null
  return {
    ...{ by: `line ${line} of the customer map`, fields, when, none, open },
    ...{ entity: from.entity, to: to.entity, toFields: wanted },
    role: isReference(to.role) ? to.role : null,
  }
}

function fieldsAt(
  { point, state }: FoundPoint,
  { entity }: MapEntity,
): { readonly all: readonly string[]; readonly key: readonly string[] } | undefined {
  if (point.factsOf(entity) === undefined) return undefined
  const { schema } = entityAt(state, point, entity)
  const all = scanFields(schema)
  return { all, key: keyIndexes(schema).map((index) => all[index] ?? '') }
}
