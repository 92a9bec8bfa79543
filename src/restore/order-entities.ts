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
 * In a cycle those foreign keys have a say that act when rows go, for these never wait: what refers by
 * them comes after what it refers to, unless they are a cycle by themselves.
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
    orderCycle: (cycle) => orderByActing(cycle.flatMap((entity) => known.get(entity) ?? [])),
    indexes: new Map(),
    lows: new Map(),
    open: [],
    order: [],
    cyclic: new Set(),
  }
  for (const entity of [...known.keys()].sort()) if (!walk.indexes.has(entity)) visit(walk, entity)
  return { order: walk.order, cyclic: walk.cyclic }
}

/** The entities of a cycle by those foreign keys alone that do more than refuse at the commit. */
function orderByActing(cycle: readonly SchemaVersion[]): readonly EntityName[] {
  const names = cycle.map(({ entity }) => entity)
  const isInside = ({ entity }: { entity: EntityName }) => names.includes(entity)
  const acting = cycle.map((schema) => {
    const foreignKeys = schema.foreignKeys.filter((one) => isInside(one) && isActing(one))
    return { ...schema, foreignKeys }
  })
  const count = (some: readonly SchemaVersion[]) =>
    some.reduce((sum, { foreignKeys }) => sum + foreignKeys.filter(isInside).length, 0)
  const isLess = count(acting) > 0 && count(acting) < count(cycle)
  return isLess ? orderEntities(acting).order : names
}

function isActing({ onDelete }: { readonly onDelete: string }): boolean {
  return onDelete !== 'NO ACTION'
}

type Walk = {
  readonly orderCycle: (cycle: readonly EntityName[]) => readonly EntityName[]
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
  walk.order.push(...(component.length > 1 ? walk.orderCycle(component) : component))
  const isCycle = component.length > 1 || walk.parentsOf(entity).includes(entity)
  if (isCycle) for (const one of component) walk.cyclic.add(one)
}

function lower(walk: Walk, entity: EntityName, low: number): void {
  walk.lows.set(entity, Math.min(walk.lows.get(entity) ?? low, low))
}
