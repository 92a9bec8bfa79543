import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'

/**
 * Groups entities whose rows are deleted: those whose foreign keys take each other along, or refuse, in a cycle
 * go together, for one after the other each would take, or be kept by, rows of the next. A group stands where its
 * first entity stood. Pure.
 */
export function groupActing<T extends { readonly schema: SchemaVersion }>(
  deleted: readonly T[],
): T[][] {
  const byName = new Map(deleted.map((one) => [one.schema.entity, one.schema]))
  const reach = new Map([...byName.keys()].map((entity) => [entity, reachedFrom(entity, byName)]))
  const isTogether = (a: EntityName, b: EntityName) =>
    reach.get(a)?.has(b) === true && reach.get(b)?.has(a) === true
  const groups: T[][] = []
  for (const one of deleted) {
    const found = groups.find(([first]) => {
      return first !== undefined && isTogether(first.schema.entity, one.schema.entity)
    })
    if (found === undefined) groups.push([one])
    else found.push(one)
  }
  return groups
}

function reachedFrom(
  from: EntityName,
  byName: ReadonlyMap<EntityName, SchemaVersion>,
): ReadonlySet<EntityName> {
  const reached = new Set<EntityName>()
  const open = [from]
  for (let entity = open.pop(); entity !== undefined; entity = open.pop()) {
    for (const { entity: to, onDelete } of byName.get(entity)?.foreignKeys ?? []) {
      if (onDelete === 'NO ACTION' || !byName.has(to) || reached.has(to)) continue
      reached.add(to)
      open.push(to)
    }
  }
  return reached
}
