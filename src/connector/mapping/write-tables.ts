import type { EntityName } from '#record/entity-name'
import type { ForeignKey, JsonValue } from '#record/schema'
import type { CheckToken, NamedFields, NeutralTable, OwnType, Unmapped } from './neutral.ts'

/** A field of a table that is made for another platform. */
export type MadeField = {
  readonly name: string
  readonly own: OwnType
  readonly isNullable: boolean
  /** SQL of the other platform; `null` for none. */
  readonly default: string | null
}

/** A table in the words of the platform that it is made for. */
export type MadeTable = {
  readonly entity: EntityName
  readonly fields: readonly MadeField[]
  readonly definition: JsonValue
  readonly foreignKeys: readonly ForeignKey[]
  readonly unmapped: readonly Unmapped[]
}

/** All tables that are made, and what they share. */
export type MadeTables = {
  readonly tables: readonly MadeTable[]
  readonly definition: JsonValue
  readonly sequences: Readonly<Record<string, string>>
}

/** Which name each entity has on the other platform. */
export type Naming = (entity: EntityName) => EntityName

/** Fields that a key of some kind is over, or that one refers to. */
export function findKeyed(tables: readonly NeutralTable[]): ReadonlySet<string> {
  const lists = tables.flatMap(({ entity, foreignKeys, primaryKey, uniques }) => [
    { entity, fields: primaryKey },
    ...uniques.map(({ fields }) => ({ entity, fields })),
    ...foreignKeys.map(({ fields }) => ({ entity, fields })),
    ...foreignKeys.map((key) => ({ entity: key.entity, fields: key.referencedFields })),
  ])
  return new Set(
    lists.flatMap(({ entity, fields }) => fields.map((name) => fieldKey(entity, name))),
  )
}

export function fieldKey(entity: EntityName, field: string): string {
  return JSON.stringify([entity, field])
}

/** Kinds whose values every platform compares alike, whatever type they have there. */
const COMPARED_ALIKE = new Set(['integer', 'float', 'text', 'labels', 'padded'])

/** Of the checks those that mean the same there; the others are told of. */
export function chooseChecks(
  { checks, counter, fields }: NeutralTable,
  kinds: ReadonlySet<string>,
  unmapped: Unmapped[],
): NeutralTable['checks'] {
  const kindByName = new Map(fields.map(({ name, neutral }) => [name, neutral.kind]))
  return checks.filter(({ name, tokens }) => {
    const used = tokens.flatMap((token) => (token.kind === 'field' ? [token.name] : []))
    const isAlike = used.every((field) => {
      const kind = kindByName.get(field) ?? ''
      return field !== counter?.field && (COMPARED_ALIKE.has(kind) || kinds.has(kind))
    })
    if (!isAlike) unmapped.push({ from: describeCheck(name, tokens), why: COMPARED_OTHERWISE })
    return isAlike
  })
}

const COMPARED_OTHERWISE = 'the other platform compares these values in another way'

function describeCheck(name: string | null, tokens: readonly CheckToken[]): string {
  const fields = tokens.flatMap((token) => (token.kind === 'field' ? [token.name] : []))
  return `CHECK ${name ?? `over ${[...new Set(fields)].join(', ')}`}`
}

/** Names of indexes are shared by a whole schema on some platforms: each once. */
export function nameApart(used: Set<string>, table: string, { fields, name }: NamedFields): string {
  const free = (wanted: string) => !used.has(wanted.toLowerCase())
  const plain = /^sqlite_/.test(name) ? `${table}_${fields.join('_')}_key` : name
  const shortened = plain.slice(0, 60)
  let chosen = shortened
  for (let n = 2; !free(chosen); n++) chosen = `${shortened.slice(0, 56)}_${n}`
  used.add(chosen.toLowerCase())
  return chosen
}
