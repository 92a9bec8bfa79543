import type { EntityName } from '#record/entity-name'
import { keyIndexes, scanFields } from '#record/project'
import { NULL_FIELD, parseField } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { isMinted as isMintedBy, type KeyPolicies } from './key-policy.ts'
import { type Need, needsOf } from './needed-records.ts'

/** That one field of a record holds the number of a record which gets another one. */
export type KeyReference = {
  /** A foreign key's name, or where the customer map says it. */
  readonly by: string
  readonly field: string
  /** Where it stands in a row. */
  readonly index: number
  /** Whose numbers these are. */
  readonly to: EntityName
  /** Where it is a record of another source: what that is called in the target it is put into. */
  readonly elsewhere: KeysElsewhere | null
  /** It means something only where these are not null: with them it is one reference. */
  readonly beside: readonly number[]
  readonly when: readonly (readonly [index: number, value: string])[]
  /** Values that mean no record. */
  readonly none: readonly string[]
  readonly mayBeNull: boolean
}

/** What a record is called in a target; `undefined`: it has no key there. */
export type FindTargetKey = (entity: EntityName, key: string) => string | undefined

/** Another source that is put back as well, into a target that numbers its records. */
export type KeysElsewhere = {
  readonly source: string
  readonly keyed: KeyedEntities
  readonly find: FindTargetKey
}

/** What the customer map says of records of another source. */
export type LinkElsewhere = Pick<Need, 'by' | 'entity' | 'fields' | 'none' | 'to' | 'when'> & {
  /** Absent: the key over there. */
  readonly toFields: readonly string[] | undefined
  readonly keys: KeysElsewhere
}

/** An entity some of whose values become others because keys do. */
export type KeyedEntity = {
  readonly schema: SchemaVersion
  /** Where its own number stands; `null`: it gets none. */
  readonly minted: number | null
  readonly references: readonly KeyReference[]
  /** Where its key stands, in key order. */
  readonly key: readonly number[]
  /** Its records have other keys in the target. */
  readonly isKeyChanged: boolean
}

export type KeyedEntities = ReadonlyMap<EntityName, KeyedEntity>

/**
 * What becomes of the keys of a source's entities: those whose policy is `mint` and that have a single
 * number as their key get others; whatever names them follows, through keys that are references
 * themselves. Entities of which nothing changes are left out. Pure.
 *
 */
export function findKeyReferences(
  schemas: readonly SchemaVersion[],
  { elsewhere = [], links, policies }: KeyRules,
): KeyedEntities {
  const needs = [...schemas.flatMap(needsOf), ...links]
  const schemaOf = new Map(schemas.map((schema) => [schema.entity, schema]))
  const graph = { elsewhere, needs, policies, schemaOf }
  const found = new Map<EntityName, KeyedEntity>()
  for (const schema of schemas) {
    const keyed = describe(graph, schema)
    if (keyed.minted !== null || keyed.references.length > 0) found.set(schema.entity, keyed)
  }
  return found
}

export type KeyRules = {
  readonly policies: KeyPolicies
  /** What the customer map says beside foreign keys, inside this source. */
  readonly links: readonly Need[]
  readonly elsewhere?: readonly LinkElsewhere[]
}

type Graph = {
  readonly elsewhere: readonly LinkElsewhere[]
  readonly needs: readonly Need[]
  readonly policies: KeyPolicies
  readonly schemaOf: ReadonlyMap<EntityName, SchemaVersion>
}

function describe(graph: Graph, schema: SchemaVersion): KeyedEntity {
  const key = keyIndexes(schema)
  const references = listReferences(graph, schema)
  const minted = isMinted(graph, schema.entity) ? (key[0] ?? null) : null
  const isKeyReference = references.some(({ index }) => key.includes(index))
  // Without a key a record is told by all of its values.
  const isDigest = schema.key.kind === 'digest' && references.length > 0
  const isKeyChanged = minted !== null || isKeyReference || isDigest
  return { schema, minted, references, key, isKeyChanged }
}

function listReferences(graph: Graph, schema: SchemaVersion): KeyReference[] {
  const names = scanFields(schema)
  const own = graph.needs.filter(({ elsewhere, entity }) => {
    return entity === schema.entity && elsewhere === undefined
  })
  const describeField = (link: Said, field: string, to: EntityName): Place => {
    const { by, fields, none, when } = link
    const index = names.indexOf(field)
    const beside = fields.map((name) => names.indexOf(name)).filter((one) => one !== index)
    const conditions = when.map(([name, value]) => [names.indexOf(name), value] as const)
    const mayBeNull = schema.fields[index]?.isNullable === true
    return { by, field, index, to, beside, when: conditions, none, mayBeNull }
  }
  const inside = own.flatMap((need) =>
    need.fields.flatMap((field, i): KeyReference[] => {
      const root = findRoot(graph, need.to, need.toFields[i] ?? '', new Set())
      return root === null ? [] : [{ ...describeField(need, field, root), elsewhere: null }]
    }),
  )
  const outside = graph.elsewhere
    .filter(({ entity, fields, when }) => {
      const asked = [...fields, ...when.map(([field]) => field)]
      return entity === schema.entity && asked.every((field) => names.includes(field))
    })
    .flatMap((link) =>
      link.fields.flatMap((field, i): KeyReference[] => {
        const root = findRootElsewhere(link, i)
        const { keys } = link
        return root === null ? [] : [{ ...describeField(link, field, root), elsewhere: keys }]
      }),
    )
  const references = [...inside, ...outside]
  return references.filter((one, i) => references.findIndex((two) => isSame(one, two)) === i)
}

type Said = Pick<Need, 'by' | 'fields' | 'none' | 'when'>
type Place = Omit<KeyReference, 'elsewhere'>

/** The entity of the other source whose numbers a field of a link holds; `null`: none that change. */
function findRootElsewhere({ fields, keys, to, toFields }: LinkElsewhere, at: number) {
  const named = keys.keyed.get(to)
  if (named === undefined) return null
  const names = scanFields(named.schema)
  const wanted = toFields ?? named.key.map((index) => names[index] ?? '')
  if (wanted.length !== fields.length) return null
  const index = names.indexOf(wanted[at] ?? '')
  if (index >= 0 && index === named.minted) return to
  const follows = named.references.find((one) => one.index === index && one.when.length === 0)
  return follows?.elsewhere === null ? follows.to : null
}

/** A foreign key and a link of the map often say the same. */
function isSame(a: KeyReference, b: KeyReference): boolean {
  const isAsWide = a.when.join() === b.when.join() && a.none.join() === b.none.join()
  const isOfOne = a.elsewhere?.source === b.elsewhere?.source
  return a.index === b.index && a.to === b.to && isOfOne && isAsWide
}

/** The entity whose numbers a field holds, itself or by what it refers to; `null`: nobody's that change. */
function findRoot(
  graph: Graph,
  entity: EntityName,
  field: string,
  seen: Set<string>,
): EntityName | null {
  const place = `${entity}\0${field}`
  if (seen.has(place)) return null
  seen.add(place)
  if (isMinted(graph, entity) && field === keyFieldOf(graph, entity)) return entity
  for (const { elsewhere, fields, to, toFields, when, ...need } of graph.needs) {
    const at = need.entity === entity && elsewhere === undefined ? fields.indexOf(field) : -1
    if (at < 0 || when.length > 0) continue
    const root = findRoot(graph, to, toFields[at] ?? '', seen)
    if (root !== null) return root
  }
  return null
}

/** It has a single number as its key, which is nobody else's. */
function isMinted(graph: Graph, entity: EntityName): boolean {
  const schema = graph.schemaOf.get(entity)
  if (schema === undefined || !isMintedBy(graph.policies, entity)) return false
  return hasNumberKey(schema) && !isKeyOfAnother(graph, schema)
}

export function hasNumberKey({ key }: SchemaVersion): boolean {
  return key.kind === 'fields' && key.encodings.length === 1 && key.encodings[0] === 'integer'
}

/** The key is that of another record, as where one table continues another. */
function isKeyOfAnother(graph: Graph, { entity }: SchemaVersion): boolean {
  const field = keyFieldOf(graph, entity)
  return graph.needs.some(({ elsewhere, fields, to, toFields, when, ...need }) => {
    const isOwn = need.entity === entity && elsewhere === undefined && when.length === 0
    const isKey = isOwn && fields.length === 1 && fields[0] === field && to !== entity
    return isKey && toFields[0] === keyFieldOf(graph, to)
  })
}

function keyFieldOf({ schemaOf }: Graph, entity: EntityName): string | undefined {
  const schema = schemaOf.get(entity)
  const [index] = schema === undefined ? [] : keyIndexes(schema)
  return index === undefined ? undefined : schema?.fields[index]?.name
}

/** The number that a reference names in a row; `null`: it names none. */
export function readReference(
  { beside, index, none, when }: KeyReference,
  texts: readonly string[],
): string | null {
  const text = texts[index] ?? NULL_FIELD
  if (text === NULL_FIELD || beside.some((one) => (texts[one] ?? NULL_FIELD) === NULL_FIELD))
    return null
  const value = parseField(text)
  const isMeant = when.every(([at, wanted]) => parseField(texts[at] ?? NULL_FIELD) === wanted)
  return isMeant && value !== null && !none.includes(value) ? readNumber(value) : null
}

/** One spelling for each number; what is none stays as it is. */
export function readNumber(text: string): string {
  return /^[+-]?\d{1,20}$/.test(text) ? String(BigInt(text)) : text
}
