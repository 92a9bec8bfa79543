import type { FeedCatalogue } from '#connector/feed'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import type { SchemaVersion } from '#record/schema'
import type { FollowedEntities } from './followed-entities.ts'

/** What is known before a look at the catalogue. */
export type CatalogueFacts = {
  readonly entities: FollowedEntities
  readonly notFollowed: ReadonlySet<EntityName>
  /** Entities of which it is not known what they hold. */
  readonly ignored: ReadonlySet<EntityName>
  readonly isIncluded: (entity: EntityName) => boolean
}

export type CatalogueAnswer = {
  /** Why a scan is needed; the first reason, `null` for none. */
  readonly scanWhy: string | null
  /** Schema versions that follow those of now without any row being written. */
  readonly evolved: readonly SchemaVersion[]
  /** Entities that cannot be told as they are, and why. */
  readonly lost: readonly { readonly entity: EntityName; readonly found: string }[]
}

/** What a catalogue changes about what is followed. Pure. */
export function judgeCatalogue(
  { entities, ignored, isIncluded, notFollowed }: CatalogueFacts,
  { catalogue, followed }: Pick<FeedCatalogue, 'catalogue' | 'followed'>,
): CatalogueAnswer {
  const why: string[] = []
  const evolved: SchemaVersion[] = []
  const lost: { entity: EntityName; found: string }[] = []
  const covered = catalogue.entities.filter(({ entity }) => isIncluded(entity))
  const there = new Set(covered.map(({ entity }) => entity))
  for (const described of covered) {
    const { entity } = described
    const known = entities.get(entity)
    // What may not be read would only make the scan fail.
    if (known === undefined) {
      if (described.missingGrant === null) why.push(`${entity} is new`)
      continue
    }
    if (ignored.has(entity)) continue
    if (notFollowed.has(entity)) {
      if (followed.has(entity)) why.push(`${entity} can be followed now`)
      continue
    }
    if (!followed.has(entity)) {
      lost.push({ entity, found: 'the source does not tell its changes any more' })
      why.push(`the changes of ${entity} are not told any more`)
      continue
    }
    const { change, schema } = evolveSchema(known.schema, described)
    if (change === 'fields' || change === 'definition') evolved.push(schema)
    if (change !== 'layout' && change !== 'generation') continue
    lost.push({ entity, found: 'its fields or its key were changed' })
    why.push(`the fields of ${entity} were changed`)
  }
  // Dropped, or called otherwise now, and told under that name.
  const gone = [...entities.keys()].filter((entity) => !there.has(entity))
  why.push(...gone.map((entity) => `${entity} is not there any more`))
  const unknown = ignored.union(notFollowed)
  for (const entity of new Set(gone).difference(unknown)) {
    lost.push({ entity, found: 'it is not there any more' })
  }
  return { scanWhy: why[0] ?? null, evolved, lost }
}
