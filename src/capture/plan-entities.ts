import { evolveSchema } from '#record/evolve-schema'
import type { DescribedEntity, SchemaVersion } from '#record/schema'
import type { PlacedSegment } from '#segment/segment'
import type { TimelineState } from '#timeline/timeline-state'

/** What a capture will do with one entity. */
export type EntityPlan = {
  readonly described: DescribedEntity
  readonly schema: SchemaVersion
  readonly isNewSchema: boolean
  /** Versions the scan is compared with; empty when the entity starts anew. */
  readonly segments: readonly PlacedSegment[]
  readonly schemas: readonly SchemaVersion[]
}

/**
 * Decides, from the timeline and the source's description, under which schema version each entity is
 * captured and what it is compared with. Pure.
 *
 * An entity that the newest point does not hold starts a new generation: what came back is not what
 * was dropped. `isFull` starts every entity anew. Of another system than before, tables and fields are
 * told by their names: its internal numbers prove nothing.
 */
export function planEntities(
  state: TimelineState,
  entities: readonly DescribedEntity[],
  { isFull, isOtherSystem }: { readonly isFull: boolean; readonly isOtherSystem: boolean },
): EntityPlan[] {
  const held = new Set(state.points.at(-1)?.entities.map(({ entity }) => entity))
  return entities.map((described) => {
    const isAnew = isFull || !held.has(described.entity)
    return planEntity(state, described, { isAnew, isOtherSystem })
  })
}

function planEntity(
  state: TimelineState,
  described: DescribedEntity,
  { isAnew, isOtherSystem }: { isAnew: boolean; isOtherSystem: boolean },
): EntityPlan {
  const { entity } = described
  const schemas = state.schemas.get(entity) ?? []
  const previous = schemas.at(-1)
  const known = isOtherSystem && previous ? withoutSourceIds(previous) : previous
  const evolved = evolveSchema(known, described).schema
  const schema =
    isAnew && previous?.generation === evolved.generation
      ? restartSchema(evolved, previous)
      : evolved
  const segments = (state.segments.get(entity) ?? []).filter(
    ({ ref }) => ref.generation === schema.generation,
  )
  const isNewSchema = schema !== known
  return {
    described,
    schema: isNewSchema ? schema : (previous ?? schema),
    isNewSchema,
    segments,
    schemas,
  }
}

function withoutSourceIds(schema: SchemaVersion): SchemaVersion {
  const fields = schema.fields.map((field) => ({ ...field, sourceId: null }))
  return { ...schema, sourceId: null, fields }
}

/**
 * The same under a new generation: every row is written again. The layout stays, missing values
 * included, so that a row has the digest it had before.
 */
export function restartSchema(schema: SchemaVersion, previous: SchemaVersion): SchemaVersion {
  return { ...schema, version: previous.version + 1, generation: previous.generation + 1 }
}
