import * as z from 'zod'
import type { EntityName } from './entity-name.ts'

/**
 * What a source said its tables look like, and what the vault remembers of it. A connector
 * *describes* entities; `evolveSchema` turns a description into the next *schema version* of the
 * entity, in which every field has an id that never changes its meaning.
 *
 * Rows keep their fields in id order. Two rows of one layout therefore differ only in how many
 * trailing fields they carry, and a field that is absent from a row holds its `missing` value.
 */

/** How one key field becomes bytes whose `memcmp` order is the key order. See `key.ts`. */
export type KeyEncoding = 'integer' | 'uuid' | 'bytes' | 'text'

export type DescribedField = {
  readonly name: string
  /** As the source's own DDL prints it, modifiers included: `numeric(15,2)`, `public.mood`. */
  readonly type: string
  readonly isNullable: boolean
  /** Identity of the field inside its source (an attribute number), or `null` where it has none. */
  readonly sourceId: string | null
  /** Canonical text (escaped, `\N` for null) that rows older than this field hold, where known. */
  readonly missing: string | null
}

export type DescribedKey = {
  /** Names, in key order. */
  readonly fields: readonly string[]
  readonly encodings: readonly KeyEncoding[]
}

export type ForeignKey = {
  readonly name: string
  readonly fields: readonly string[]
  readonly entity: EntityName
  readonly referencedFields: readonly string[]
  /** As SQL words: `NO ACTION`, `CASCADE`, ... */
  readonly onDelete: string
  readonly onUpdate: string
  readonly isDeferrable: boolean
}

export type DescribedEntity = {
  readonly entity: EntityName
  /** Identity of the table inside its source (an oid): another one means dropped and recreated. */
  readonly sourceId: string | null
  /** In the source's own order, generated fields left out. */
  readonly fields: readonly DescribedField[]
  /** `null`: nothing identifies a record, the key is the row's digest with an occurrence number. */
  readonly key: DescribedKey | null
  /** Those of which some index allows no value twice, alone or together with others. */
  readonly uniqueFields?: readonly string[]
  /** Fields that no two records of the entity have alike, null apart: of indexes over all its records. */
  readonly uniqueKeys?: readonly (readonly string[])[]
  readonly foreignKeys: readonly ForeignKey[]
  /** What the connector needs to create the table again; opaque outside its connector. */
  readonly definition: JsonValue
  /** `key`: scans arrive in key order. `none`: capture sorts. */
  readonly scanOrder: 'key' | 'none'
  /** Statement that would make the entity readable; `null` when it is. */
  readonly missingGrant: string | null
  /** Values are translated on their way in and out: what was written is read before it is committed. */
  readonly isTranslated?: boolean
  /** A record need not have every field, and one that none has is not described: it reads as null. */
  readonly hasOpenFields?: boolean
  /** What a person should know of how it is read; never part of a schema version. */
  readonly remarks?: readonly string[]
}

/** Something of the source that is recorded by name and never put back: a view, a trigger. */
export type NotRestored = { readonly kind: string; readonly name: string }

export type Catalogue = {
  readonly entities: readonly DescribedEntity[]
  /** Types, schemas, sequences: what entities share. Opaque outside the connector. */
  readonly definition: JsonValue
  /** Positions of sequences and identity counters at the cut, by name. */
  readonly sequences: Readonly<Record<string, string>>
  readonly notRestored: readonly NotRestored[]
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

export type Field = {
  /** From 1, unique in the entity for ever. */
  readonly id: number
  readonly name: string
  readonly type: string
  readonly isNullable: boolean
  readonly sourceId: string | null
  /** Canonical text of rows written before the field; `null`: every row of this layout carries it. */
  readonly missing: string | null
}

export type Key =
  | {
      readonly kind: 'fields'
      readonly fieldIds: readonly number[]
      readonly encodings: readonly KeyEncoding[]
    }
  | { readonly kind: 'digest' }

export type SchemaVersion = {
  readonly entity: EntityName
  /** Raised by every change of the entity, from 1. */
  readonly version: number
  /** A stretch of the entity's life under one key and identity, from 1. */
  readonly generation: number
  /**
   * Part of every row digest: raised with another key, and when old row text can no longer be read as
   * new, from 1. Over all generations, rows of one layout are equal where their digests are.
   */
  readonly layout: number
  readonly sourceId: string | null
  /** The highest field id ever given in this entity, dropped fields included: ids are never reused. */
  readonly fieldIdMax: number
  /** In id order, which is the order of a row's fields. */
  readonly fields: readonly Field[]
  /** Field ids in the order of the source, for creating the table again. */
  readonly sourceOrder: readonly number[]
  readonly key: Key
  readonly foreignKeys: readonly ForeignKey[]
  readonly definition: JsonValue
}

const keyEncoding = z.enum(['integer', 'uuid', 'bytes', 'text'])
const jsonValue: z.ZodType<JsonValue> = z.json()
const entityName = z.string().transform((text) => text as EntityName)

const foreignKeySchema = z.strictObject({
  name: z.string(),
  fields: z.array(z.string()),
  entity: entityName,
  referencedFields: z.array(z.string()),
  onDelete: z.string(),
  onUpdate: z.string(),
  isDeferrable: z.boolean(),
})

/** Reads a schema version from an entry. */
export const schemaVersionSchema = z.strictObject({
  entity: entityName,
  version: z.int().min(1),
  generation: z.int().min(1),
  layout: z.int().min(1),
  sourceId: z.string().nullable(),
  fieldIdMax: z.int().min(0),
  fields: z.array(
    z.strictObject({
      id: z.int().min(1),
      name: z.string(),
      type: z.string(),
      isNullable: z.boolean(),
      sourceId: z.string().nullable(),
      missing: z.string().nullable(),
    }),
  ),
  sourceOrder: z.array(z.int().min(1)),
  key: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('fields'),
      fieldIds: z.array(z.int().min(1)).min(1),
      encodings: z.array(keyEncoding).min(1),
    }),
    z.strictObject({ kind: z.literal('digest') }),
  ]),
  foreignKeys: z.array(foreignKeySchema),
  definition: jsonValue,
})
