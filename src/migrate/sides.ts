import type { NeutralField } from '#connector/neutral-fields'
import type { EntityName } from '#record/entity-name'
import type { DescribedEntity, SchemaVersion } from '#record/schema'

/** A record of the point: its fields, escaped, and its key's address. */
export type PointRecord = { readonly row: readonly string[]; readonly address: () => string }

/** An entity of the point that is migrated. */
export type SourceEntity = {
  readonly schema: SchemaVersion
  readonly fields: ReadonlyMap<string, NeutralField>
}

/** An entity that the target has. */
export type TargetEntity = {
  readonly described: DescribedEntity
  readonly fields: ReadonlyMap<string, NeutralField>
}

/** What is migrated, and where it goes; `name` is for messages. */
export type Sides = {
  readonly source: {
    readonly name: string
    readonly entities: ReadonlyMap<EntityName, SourceEntity>
  }
  readonly target: {
    readonly name: string
    readonly entities: ReadonlyMap<EntityName, TargetEntity>
  }
}
