import type { Source, Target } from '#connector/connector'
import { type MappedTarget, mapSource, mapTarget } from '#connector/map-target'
import { isMappable, type MappedType, mapTables, type PlatformMapping } from '#connector/mapping'
import { entityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { PreparedRestore } from '#restore/prepared-restore'
import { AppError } from '#stdx/app-error'
import type { FoundPoint } from '../points/find-point.ts'

/** A target that reads and writes as the platform of the point does, and what was mapped for that. */
export type TargetAsCaptured = {
  readonly target: Target
  /** `null`: it is of that platform. */
  readonly mappings: readonly MappedType[] | null
  /** Whether a field there holds a value of the point; absent: on the same platform, always. */
  readonly holds?: MappedTarget['holds']
}

/**
 * @param connector of the target
 * @param entities what is put back
 * @throws app.other-platform | connector.mapping-refused
 */
export function asCaptured(
  target: Target,
  { connector, entities, found }: Seen & { readonly entities: readonly EntityName[] },
): TargetAsCaptured {
  const mapped = mapPoint(found, connector, entities)
  if (mapped === null) return { target, mappings: null }
  const { mapping, schemas } = mapped
  const wanted = new Set(entities)
  const mappings = mapping.report.filter(({ entity }) => wanted.has(entity))
  const there = mapTarget(target, mapping, schemas)
  return { target: there, mappings, holds: there.holds }
}

/** A plan that says what was mapped for it. */
export function withMappings(
  prepared: PreparedRestore,
  mappings: readonly MappedType[] | null,
): PreparedRestore {
  return mappings === null ? prepared : { ...prepared, plan: { ...prepared.plan, mappings } }
}

/** The same for a system that is only compared with a point. */
export function readAsCaptured(source: Source, { connector, found }: Seen): Source {
  const mapped = mapPoint(found, connector, [])
  return mapped === null ? source : mapSource(source, mapped)
}

type Seen = { readonly connector: string; readonly found: FoundPoint }

/** `null`: the system is of the point's own platform. */
function mapPoint(
  { point, state }: FoundPoint,
  connector: string,
  entities: readonly EntityName[],
): { readonly mapping: PlatformMapping; readonly schemas: readonly SchemaVersion[] } | null {
  const captured = point.body.connector
  if (captured === connector) return null
  if (!isMappable(captured, connector)) {
    const message = `Cannot restore into this target: it is ${connector}, the point was captured from ${captured}`
    throw new AppError('app.other-platform', message)
  }
  // What an undo takes back may be of a table that its point does not hold.
  const names = new Set([...point.entities.map(({ entity }) => entity), ...entities])
  const schemas = [...names].map((entity) => entityAt(state, point, entity).schema)
  const { definition } = point.catalogue
  const tables = { schemas, definition, sequences: point.sequences }
  return { mapping: mapTables(captured, connector, tables), schemas }
}
