import type { JsonValue, SchemaVersion } from '#record/schema'

/** What a point remembers of its tables: see `Catalogue`. */
export type SourceTables = {
  readonly schemas: readonly SchemaVersion[]
  readonly definition: JsonValue
  readonly sequences: Readonly<Record<string, string>>
}
