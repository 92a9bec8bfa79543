import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { Stamp } from '#record/stamp'
import { type PlacedSegment, seqsOf } from '#segment/segment'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { EntityAtPoint } from '#timeline/entry'
import { formatPoint } from '#timeline/format-point'
import type { Point, TimelineState } from '#timeline/timeline-state'

/** One entity as a point holds it: where its versions lie and under which schema they are read. */
export type EntityAt = {
  readonly facts: EntityAtPoint
  readonly schema: SchemaVersion
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  /** Segments of its generation that the point can see. */
  readonly segments: readonly PlacedSegment[]
  readonly asOf: Stamp
}

/** @throws history.entity-unknown when the point does not hold it, naming what comes close */
export function entityAt(
  state: Pick<TimelineState, 'schemas' | 'segments' | 'source'>,
  point: Point,
  entity: EntityName,
): EntityAt {
  const facts = point.factsOf(entity)
  if (facts === undefined) throw unknownEntity(state, point, entity)
  const schemas = new Map((state.schemas.get(entity) ?? []).map((one) => [one.version, one]))
  const schema = schemas.get(facts.schema)
  assert(schema !== undefined, 'A point names only schema versions that the timeline holds.')
  const segments = (state.segments.get(entity) ?? []).filter(
    (one) => one.ref.generation === facts.generation && seqsOf(one).min <= point.seq,
  )
  return { facts, schema, schemas, segments, asOf: point.asOf }
}

function unknownEntity(
  state: Pick<TimelineState, 'source'>,
  point: Point,
  entity: EntityName,
): AppError {
  const names = point.entities.map((one) => one.entity)
  const last = lastPart(entity)
  const close = names.filter((name) => lastPart(name) === last)
  const hint = close.length > 0 ? `; did you mean ${close.join(' or ')}` : ''
  const at = formatPoint(state.source, point)
  return new AppError(
    'history.entity-unknown',
    `Cannot find entity "${entity}" in ${at}: it holds ${names.length} entities${hint}`,
    { entity, point: at },
  )
}

function lastPart(name: string): string {
  return (name.split('.').at(-1) ?? name).replaceAll('"', '').toLowerCase()
}
