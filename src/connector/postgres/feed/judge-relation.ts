import { type EntityName, formatEntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import { parseTableDefinition } from '../definition.ts'
import { quoteQualified } from '../quote.ts'
import { hasFieldsOf, identifiesRows, type Relation, type RelationKeys } from './relation.ts'

export type RelationQuestion = {
  readonly relation: Relation
  /** Of the relation's columns, as DDL prints them. */
  readonly types: readonly string[]
  readonly keys: RelationKeys
  /** What the catalogue says now of the entity that the relation is or is a partition of. */
  readonly live: DescribedEntity | undefined
  /** What was told last, by entity. */
  readonly known: ReadonlyMap<EntityName, DescribedEntity>
  readonly isCovered: (entity: EntityName) => boolean
}

export type RelationAnswer =
  | {
      readonly kind: 'follow'
      readonly described: DescribedEntity
      /** Of a partition: the names of all partitions with rows. */
      readonly siblings: ReadonlySet<string> | null
    }
  | { readonly kind: 'ignore' }
  | {
      readonly kind: 'unfollowed'
      readonly entity: EntityName
      readonly reason: string
      readonly remedy: readonly string[]
    }

/**
 * Which description the rows of a relation are to be read under.
 *
 * The stream tells a table as it was at its position, names and types of columns only. What else
 * belongs to a description comes from the catalogue of now, or from what was told last, whichever
 * has exactly these fields: the catalogue may be ahead, because the stream is behind. Where neither
 * has, the table was changed several times meanwhile, and its rows are not guessed at.
 */
export function judgeRelation(question: RelationQuestion): RelationAnswer {
  const { isCovered, keys, known, live, relation, types } = question
  const { entity, isPart } = place(question)
  if (!isCovered(entity)) return { kind: 'ignore' }
  const oid = String(relation.oid)
  const fits = (described: DescribedEntity | undefined): described is DescribedEntity =>
    described?.entity === entity &&
    (isPart || described.sourceId === oid) &&
    hasFieldsOf(relation, types, { described, generated: generatedOf(described), isPart })
  const fitting = [live, known.get(entity)].filter(fits)
  const described = fitting.find((candidate) => identifiesRows(relation, candidate, keys))
  if (described !== undefined) {
    return { kind: 'follow', described, siblings: isPart ? partitionsOf(described) : null }
  }
  if (fitting.length > 0) {
    const name = quoteQualified(relation.schema, relation.name)
    if (relation.identity === 'f') {
      const reason = `the key of ${name} is deferrable: the log does not tell which record keeps it`
      return { kind: 'unfollowed', entity, reason, remedy: [] }
    }
    return {
      kind: 'unfollowed',
      entity,
      reason: `the replica identity of ${name} does not tell the key of its records`,
      remedy: [`ALTER TABLE ${name} REPLICA IDENTITY DEFAULT;`],
    }
  }
  const reason =
    live === undefined
      ? 'it was changed and is not there any more'
      : 'its fields were changed more than once since it was last looked at'
  return { kind: 'unfollowed', entity, reason, remedy: [] }
}

/**
 * What a relation was told as before it was called otherwise or became a partition: under its old name
 * nothing is told any more.
 */
export function formerEntities(question: RelationQuestion): readonly EntityName[] {
  const oid = String(question.relation.oid)
  const { entity } = place(question)
  return [...question.known.values()]
    .filter((described) => described.sourceId === oid && described.entity !== entity)
    .map((described) => described.entity)
    .filter(question.isCovered)
}

/**
 * Whether other partitions hold the rows than when it was told last. They are told by name: one that
 * was called otherwise counts, too.
 */
export function hasOtherPartitions(
  known: DescribedEntity | undefined,
  described: DescribedEntity,
): boolean {
  if (known === undefined) return false
  return partitionsOf(known).symmetricDifference(partitionsOf(described)).size > 0
}

/** The entity a relation is, or is a partition of. */
function place({ known, live, relation }: RelationQuestion): {
  readonly entity: EntityName
  readonly isPart: boolean
} {
  const oid = String(relation.oid)
  const own = formatEntityName([relation.schema, relation.name])
  if (live !== undefined) {
    return live.sourceId === oid
      ? { entity: own, isPart: false }
      : { entity: live.entity, isPart: true }
  }
  if (known.get(own)?.sourceId === oid) return { entity: own, isPart: false }
  const root = [...known.values()].find((described) => hasPartition(described, relation))
  return { entity: root?.entity ?? own, isPart: root !== undefined }
}

function hasPartition(described: DescribedEntity, { name, schema }: Relation): boolean {
  const { partitions } = parseTableDefinition(described.definition)
  return partitions.some((partition) => partition.name === name && partition.schema === schema)
}

function partitionsOf({ definition }: DescribedEntity): ReadonlySet<string> {
  const leaves = parseTableDefinition(definition).partitions.filter(
    ({ partitionKey }) => partitionKey === null,
  )
  return new Set(leaves.map(({ name, schema }) => formatEntityName([schema, name])))
}

function generatedOf({ definition }: DescribedEntity): ReadonlySet<string> {
  const { columns } = parseTableDefinition(definition)
  return new Set(columns.filter(({ generated }) => generated !== null).map(({ name }) => name))
}
