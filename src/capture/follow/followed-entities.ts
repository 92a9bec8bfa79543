import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { assert } from '#stdx/assert'
import type { Point, TimelineState } from '#timeline/timeline-state'

/** An entity as the newest point holds it. */
export type FollowedEntity = {
  readonly schema: SchemaVersion
  readonly rows: number
  /** `null`: pending. */
  readonly fingerprint: string | null
  /** Whether something was told of it since the newest scan: every entry up to the next lists it. */
  readonly isTold: boolean
}

export type FollowedEntities = ReadonlyMap<EntityName, FollowedEntity>

/** What a point of a followed source holds. Pure. */
export function followedEntities(
  { schemas }: Pick<TimelineState, 'schemas'>,
  { body, entities }: Pick<Point, 'body' | 'entities'>,
): Map<EntityName, FollowedEntity> {
  const isFeed = body.follow?.part === 'transactions'
  const told = new Set(isFeed ? body.entities.map(({ entity }) => entity) : [])
  return new Map(
    entities.map(({ entity, fingerprint, rows, schema: version }) => {
      const schema = schemas.get(entity)?.find((one) => one.version === version)
      assert(schema !== undefined, 'A point holds entities of known schema versions.')
      return [entity, { schema, rows, fingerprint, isTold: told.has(entity) }]
    }),
  )
}
