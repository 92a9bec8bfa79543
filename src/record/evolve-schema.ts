import { assert } from '#stdx/assert'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type {
  DescribedEntity,
  DescribedField,
  DescribedKey,
  Field,
  Key,
  SchemaVersion,
} from './schema.ts'

/**
 * What a description changed, the gravest first:
 *
 * - `generation`: another key, or the table was dropped and recreated: segments start anew. The layout
 *   goes on where key and fields do, so that the same row keeps its digest, which is all that
 *   identifies a record without key
 * - `layout`: rows written before can no longer be read as rows of now: all are written again
 * - `fields`: fields were added with a known missing value, or provably renamed: no row is written
 * - `definition`: anything else: types' names, nullability, foreign keys, DDL
 * - `none`: nothing; the previous schema is returned as it is
 */
export type SchemaChange = 'none' | 'definition' | 'fields' | 'layout' | 'generation'

export type EvolvedSchema = { readonly schema: SchemaVersion; readonly change: SchemaChange }

/**
 * The schema version that follows `previous` when the source now describes the entity as `described`.
 *
 * A field keeps its id as long as the source proves it is the same one: by its `sourceId` while the
 * table is the same, by its name where there is no `sourceId` (a rename is then one drop and one
 * add). Ids of dropped fields are never given again.
 */
export function evolveSchema(
  previous: SchemaVersion | undefined,
  described: DescribedEntity,
): EvolvedSchema {
  if (previous === undefined) return { schema: beginSchema(described), change: 'generation' }
  assert(previous.entity === described.entity, 'A schema evolves within one entity.')

  const isSameTable = !differ(previous.sourceId, described.sourceId)
  const matches = matchFields(previous, described, isSameTable)
  const key = readKey(described.key, matches)
  // Records of one layout are told apart by key and digest: under another key they are others.
  const isNewKey = !isSame(key, previous.key)
  const isNewGeneration = isNewKey || !isSameTable
  const isNewLayout = isNewKey || breaksLayout(previous, matches)
  const next: SchemaVersion = {
    ...describe(described, matches, key),
    version: previous.version,
    generation: previous.generation + (isNewGeneration ? 1 : 0),
    layout: previous.layout + (isNewLayout ? 1 : 0),
    sourceId: described.sourceId ?? previous.sourceId,
    fieldIdMax: matches.reduce((max, { id }) => Math.max(max, id), previous.fieldIdMax),
    fields: readFields(matches, isNewLayout),
  }
  if (isSame(next, previous)) return { schema: previous, change: 'none' }
  const schema = { ...next, version: previous.version + 1 }
  if (isNewGeneration) return { schema, change: 'generation' }
  if (isNewLayout) return { schema, change: 'layout' }
  return { schema, change: namesChanged(previous, next) ? 'fields' : 'definition' }
}

/** A described field with the id it has or now gets. */
type Match = {
  readonly id: number
  readonly field: DescribedField
  /** `undefined`: added. */
  readonly previous: Field | undefined
}

function beginSchema(described: DescribedEntity): SchemaVersion {
  const matches = described.fields.map((field, i) => ({ id: i + 1, field, previous: undefined }))
  return {
    ...describe(described, matches, readKey(described.key, matches)),
    version: 1,
    generation: 1,
    layout: 1,
    sourceId: described.sourceId,
    fieldIdMax: matches.length,
    fields: readFields(matches, true),
  }
}

function describe(described: DescribedEntity, matches: readonly Match[], key: Key) {
  return {
    entity: described.entity,
    sourceOrder: matches.map(({ id }) => id),
    key,
    foreignKeys: described.foreignKeys,
    definition: described.definition,
  }
}

/** In the order of the source. */
function matchFields(
  previous: SchemaVersion,
  described: DescribedEntity,
  isSameTable: boolean,
): Match[] {
  let idMax = previous.fieldIdMax
  return described.fields.map((field) => {
    const match = previous.fields.find((known) => isSameField(known, field, isSameTable))
    if (match !== undefined) return { id: match.id, field, previous: match }
    idMax += 1
    return { id: idMax, field, previous: undefined }
  })
}

function isSameField(known: Field, field: DescribedField, isSameTable: boolean): boolean {
  // Attribute numbers of another table prove nothing: there, the name is all there is to go by.
  if (isSameTable && known.sourceId !== null && field.sourceId !== null) {
    return known.sourceId === field.sourceId
  }
  return known.name === field.name
}

/** In id order. `missing` holds as long as the layout: the digests of its rows depend on it. */
function readFields(matches: readonly Match[], isNewLayout: boolean): Field[] {
  return matches
    .map(({ id, field, previous }) => ({
      id,
      name: field.name,
      type: field.type,
      isNullable: field.isNullable,
      sourceId: field.sourceId ?? previous?.sourceId ?? null,
      missing: isNewLayout ? null : previous === undefined ? field.missing : previous.missing,
    }))
    .sort((a, b) => a.id - b.id)
}

function readKey(key: DescribedKey | null, matches: readonly Match[]): Key {
  if (key === null) return { kind: 'digest' }
  assert(
    key.fields.length > 0 && key.fields.length === key.encodings.length,
    'A described key has fields, each with an encoding.',
  )
  const fieldIds = key.fields.map((name) => {
    const match = matches.find(({ field }) => field.name === name)
    assert(match !== undefined, 'A key field is among the described fields.')
    return match.id
  })
  return { kind: 'fields', fieldIds, encodings: key.encodings }
}

function breaksLayout(previous: SchemaVersion, matches: readonly Match[]): boolean {
  const keptCount = matches.filter((match) => match.previous !== undefined).length
  if (keptCount < previous.fields.length) return true
  return matches.some(({ field, previous: known }) =>
    known === undefined ? field.missing === null : known.type !== field.type,
  )
}

function namesChanged(previous: SchemaVersion, next: SchemaVersion): boolean {
  const names = (schema: SchemaVersion) => schema.fields.map(({ id, name }) => [id, name])
  return !isSame(names(previous), names(next))
}

function differ(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b
}

function isSame(a: unknown, b: unknown): boolean {
  return formatCanonicalJson(a) === formatCanonicalJson(b)
}
