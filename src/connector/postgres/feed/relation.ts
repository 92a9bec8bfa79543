import type { DescribedEntity } from '#record/schema'
import { assert } from '#stdx/assert'
import type { ChangeShape } from '../../changes/change-block.ts'

/** A table as the stream announces it before its first change, and again when it may be another. */
export type Relation = {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** `d` the primary key, `n` nothing, `f` the whole row, `i` an index. */
  readonly identity: string
  readonly columns: readonly RelationColumn[]
}

export type RelationColumn = {
  readonly name: string
  /** Part of what identifies a row in the stream. */
  readonly isIdentity: boolean
  readonly typeOid: number
  readonly typeModifier: number
}

/** What to do with the changes of a relation. */
export type Verdict =
  | { readonly kind: 'follow'; readonly plan: RowPlan }
  /** Not covered, or cannot be told exactly: its changes are passed over. */
  | { readonly kind: 'ignore' }

/** How the columns of a relation become the fields of a row. */
export type RowPlan = {
  readonly shape: ChangeShape
  /** By field: the column it stands in. */
  readonly columnByField: Int32Array
  /** By part of the key: the field. */
  readonly keyFields: Int32Array
  /** Of a partition: the names of all partitions with rows; `null`: it is the whole entity. */
  readonly siblings: ReadonlySet<string> | null
}

/** @param siblings as in `RowPlan` */
export function planRows(
  relation: Relation,
  shape: ChangeShape,
  siblings: RowPlan['siblings'],
): RowPlan {
  const columns = new Map(relation.columns.map(({ name }, i) => [name, i]))
  const columnByField = Int32Array.from(shape.fields, (name) => columns.get(name) ?? -1)
  const keyFields = Int32Array.from(shape.key, (name) => shape.fields.indexOf(name))
  assert(!columnByField.includes(-1), 'A relation to follow has all fields.')
  assert(!keyFields.includes(-1), 'A key is among the fields.')
  return { shape, columnByField, keyFields, siblings }
}

/**
 * Whether what the stream sends of a replaced or deleted row holds the key, and is the key.
 *
 * @param keys of the relation that are unique at any moment, not only at the end of a transaction;
 *   any other would let a row be deleted and inserted under a key whose other row is still there
 */
export function identifiesRows(
  relation: Relation,
  described: DescribedEntity,
  keys: RelationKeys,
): boolean {
  const key = described.key?.fields
  if (key === undefined || relation.identity === 'n') return false
  if (relation.identity === 'f') return keys === null || keys.some((one) => isSameSet(one, key))
  // The server itself takes no other index for an identity.
  const sent = relation.columns.filter(({ isIdentity }) => isIdentity).map(({ name }) => name)
  return isSameSet(sent, key)
}

/** Fields of each key; `null`: the relation is not there any more. */
export type RelationKeys = readonly (readonly string[])[] | null

export function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name))
}

/**
 * Whether the relation has exactly the fields of the description with the same types. Of one table
 * they never change places: in another order they are others, whose names were traded meanwhile. A
 * partition may have an order of its own. Generated columns are in neither.
 *
 * @param types of the relation's columns, as DDL prints them
 * @param wanted `generated` are columns that are no fields
 */
export function hasFieldsOf(
  relation: Relation,
  types: readonly string[],
  wanted: { described: DescribedEntity; generated: ReadonlySet<string>; isPart: boolean },
): boolean {
  const { described, generated, isPart } = wanted
  const places = new Map(described.fields.map(({ name }, place) => [name, place]))
  let found = 0
  for (const [i, { name }] of relation.columns.entries()) {
    const place = places.get(name)
    if (place === undefined && generated.has(name)) continue
    if (place === undefined || described.fields[place]?.type !== types[i]) return false
    if (!isPart && place !== found) return false
    found += 1
  }
  return found === described.fields.length
}
