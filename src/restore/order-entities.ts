import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'

/** Entities in the order in which rows can be added: what is referred to comes first. */
export type EntityOrder = {
  readonly order: readonly EntityName[]
  /** Entities that refer to themselves through others, or directly: their foreign keys must wait. */
  readonly cyclic: ReadonlySet<EntityName>
}

/**
 * Orders entities by their foreign keys. Pure; entities without a say keep the order of their names.
 *
 * Tarjan's strongly connected components (SIAM J. Comput. 1(2), 1972), which come out referred-to
 * first; walked with a stack of its own, so that a long chain of tables cannot exhaust the engine's.
 */
export function orderEntities(schemas: readonly SchemaVersion[]): EntityOrder {
  const known = new Map(schemas.map((schema) => [schema.entity, schema]))
  const parentsOf = (entity: EntityName) =>
    (known.get(entity)?.foreignKeys ?? []).map((one) => one.entity).filter((one) => known.has(one))
  const walk: Walk = {
    parentsOf,
    indexes: new Map(),
    lows: new Map(),
    open: [],
    order: [],
    cyclic: new Set(),
  }
  for (const entity of [...known.keys()].sort()) if (!walk.indexes.has(entity)) visit(walk, entity)
  return { order: walk.order, cyclic: walk.cyclic }
}

type Walk = {
  readonly parentsOf: (entity: EntityName) => EntityName[]
  readonly indexes: Map<EntityName, number>
  readonly lows: Map<EntityName, number>
  /** Visited, and not yet in a component. */
  readonly open: EntityName[]
  readonly order: EntityName[]
  readonly cyclic: Set<EntityName>
}

function visit(walk: Walk, root: EntityName): void {
  const path = [enter(walk, root)]
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const parent = step.parents.pop()
    if (parent === undefined) {
      path.pop()
      leave(walk, step.entity, path.at(-1)?.entity)
    } else if (!walk.indexes.has(parent)) {
      path.push(enter(walk, parent))
    } else if (walk.open.includes(parent)) {
      lower(walk, step.entity, walk.indexes.get(parent) ?? 0)
    }
  }
}

function enter(walk: Walk, entity: EntityName): { entity: EntityName; parents: EntityName[] } {
  walk.lows.set(entity, walk.indexes.size)
  walk.indexes.set(entity, walk.indexes.size)
  walk.open.push(entity)
  return { entity, parents: walk.parentsOf(entity).sort().reverse() }
}

function leave(walk: Walk, entity: EntityName, child: EntityName | undefined): void {
  const low = walk.lows.get(entity) ?? 0
  if (child !== undefined) lower(walk, child, low)
  if (low !== walk.indexes.get(entity)) return
  const component = walk.open.splice(walk.open.indexOf(entity))
  walk.order.push(...component)
  const isCycle = component.length > 1 || walk.parentsOf(entity).includes(entity)
  if (isCycle) for (const one of component) walk.cyclic.add(one)
}

function lower(walk: Walk, entity: EntityName, low: number): void {
  walk.lows.set(entity, Math.min(walk.lows.get(entity) ?? low, low))
}
