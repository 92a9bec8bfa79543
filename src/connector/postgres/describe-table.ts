import { type EntityName, formatEntityName } from '#record/entity-name'
import { formatField, NULL_FIELD } from '#record/row-text'
import type {
  DescribedEntity,
  DescribedField,
  DescribedKey,
  ForeignKey,
  KeyEncoding,
} from '#record/schema'
import { assert } from '#stdx/assert'
import type { ColumnRow } from './catalogue/columns.ts'
import type { ConstraintRow, IndexRow } from './catalogue/constraints.ts'
import type { PrivilegeRow, TableFactsRow, TableRow } from './catalogue/tables.ts'
import {
  type ColumnDefinition,
  compactDefinition,
  type PartitionDefinition,
  type TableDefinition,
} from './definition.ts'
import { quoteName, quoteQualified } from './quote.ts'

/** Everything the catalogue said, by table oid. */
export type CatalogueFacts = {
  readonly tables: ReadonlyMap<string, TableRow>
  readonly partitionsByRoot: ReadonlyMap<string, readonly TableRow[]>
  readonly facts: ReadonlyMap<string, TableFactsRow>
  readonly columns: ReadonlyMap<string, readonly ColumnRow[]>
  readonly constraints: ReadonlyMap<string, readonly ConstraintRow[]>
  readonly indexes: ReadonlyMap<string, readonly IndexRow[]>
  readonly privileges: ReadonlyMap<string, PrivilegeRow>
}

const INTEGERS = new Set(['int2', 'int4', 'int8', 'oid'])
const ACTIONS: Readonly<Record<string, string>> = {
  a: 'NO ACTION',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
}

export function describeEntity(table: TableRow, all: CatalogueFacts): DescribedEntity {
  const columns = all.columns.get(table.oid) ?? []
  const indexes = all.indexes.get(table.oid) ?? []
  const key = chooseKey(indexes, columns)
  return {
    entity: entityOf(table),
    sourceId: table.oid,
    fields: columns.filter(({ generated }) => generated === null).map(describeField),
    key,
    uniqueFields: indexes.filter(({ isUnique }) => isUnique).flatMap(({ fields }) => fields),
    uniqueKeys: indexes
      .filter(({ isUnique, isWhole }) => isUnique && isWhole)
      .map(({ fields }) => fields),
    foreignKeys: describeForeignKeys(table, all),
    definition: compactDefinition(describeTable(table, all)),
    scanOrder: key === null ? 'none' : 'key',
    missingGrant: findMissingGrant(table, all.privileges.get(table.oid)),
  }
}

export function entityOf({ schema, name }: { schema: string; name: string }): EntityName {
  return formatEntityName([schema, name])
}

function describeField(column: ColumnRow): DescribedField {
  return {
    name: column.name,
    type: column.type,
    isNullable: !column.isNotNull,
    sourceId: column.number,
    missing: describeMissing(column),
  }
}

function describeMissing(column: ColumnRow): string | null {
  if (column.hasMissing) return formatField(column.missing)
  return column.isNotNull || column.default !== null || column.identity !== null ? null : NULL_FIELD
}

/**
 * The primary key, or the unique index over never-null columns with the fewest columns, the first
 * by name among those: a choice that does not change while the table does not.
 */
function chooseKey(
  indexes: readonly IndexRow[],
  columns: readonly ColumnRow[],
): DescribedKey | null {
  const usable = indexes
    .filter(({ isUnique, isPlain, fields }) => isUnique && isPlain && fields.length > 0)
    .toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
  const chosen = usable[0]
  if (chosen === undefined) return null
  const encodings = chosen.fields.map((field) => {
    const column = columns.find(({ name }) => name === field)
    assert(column !== undefined, 'An index is over columns of its table.')
    return encodingOf(column.baseType)
  })
  return { fields: chosen.fields, encodings }
}

function rank(index: IndexRow): number {
  return index.isPrimary ? 0 : index.fields.length
}

function encodingOf(baseType: string): KeyEncoding {
  if (INTEGERS.has(baseType)) return 'integer'
  if (baseType === 'uuid') return 'uuid'
  return baseType === 'bytea' ? 'bytes' : 'text'
}

function describeForeignKeys(table: TableRow, all: CatalogueFacts): ForeignKey[] {
  const own = [table, ...(all.partitionsByRoot.get(table.oid) ?? [])]
  return own
    .flatMap(({ oid }) => all.constraints.get(oid) ?? [])
    .filter(({ kind }) => kind === 'f')
    .flatMap((constraint) => {
      const referenced = findEntity(constraint.referenced, all)
      if (referenced === null) return []
      return {
        name: constraint.name,
        fields: constraint.fields,
        entity: referenced,
        referencedFields: constraint.referencedFields,
        onDelete: ACTIONS[constraint.onDelete] ?? constraint.onDelete,
        onUpdate: ACTIONS[constraint.onUpdate] ?? constraint.onUpdate,
        isDeferrable: constraint.isDeferrable,
      }
    })
}

/** The entity a table is, or is a partition of. */
export function findEntity(
  oid: string | null,
  all: Pick<CatalogueFacts, 'tables'>,
): EntityName | null {
  const table = oid === null ? undefined : all.tables.get(oid)
  if (table === undefined) return null
  const root = table.root === null ? table : all.tables.get(table.root)
  return root === undefined ? null : entityOf(root)
}

function describeTable(table: TableRow, all: CatalogueFacts): TableDefinition {
  const partitions = all.partitionsByRoot.get(table.oid) ?? []
  const described = partitions.map((partition) => describeOneTable(partition, all))
  return { ...describeOneTable(table, all), partitions: parentsFirst(described) }
}

function describeOneTable(table: TableRow, all: CatalogueFacts): PartitionDefinition {
  const facts = all.facts.get(table.oid)
  assert(facts !== undefined, 'Every table has facts.')
  const indexes = all.indexes.get(table.oid) ?? []
  return {
    schema: table.schema,
    name: table.name,
    isUnlogged: facts.isUnlogged,
    options: [...facts.options, ...facts.toastOptions],
    method: facts.method,
    ofType: facts.ofType,
    partitionKey: facts.partitionKey,
    parents: facts.parents ?? [],
    columns: (all.columns.get(table.oid) ?? []).map((column) =>
      describeColumn(column, facts.bound !== null),
    ),
    constraints: (all.constraints.get(table.oid) ?? []).map((constraint) => ({
      name: constraint.name,
      kind: constraint.kind,
      definition: constraint.definition,
      references: findEntity(constraint.referenced, all),
    })),
    indexes: indexes
      .filter(({ isOfConstraint }) => !isOfConstraint)
      .map(({ name, definition }) => ({ name, definition })),
    clusteredOn: indexes.find(({ isClustered }) => isClustered)?.name ?? null,
    replicaIdentity: facts.replicaIdentity,
    replicaIndex: indexes.find(({ isReplicaIdentity }) => isReplicaIdentity)?.name ?? null,
    bound: facts.bound,
  }
}

/** A partition is made alone and attached then: it declares what it will share with its parent. */
function describeColumn(column: ColumnRow, isPartition: boolean): ColumnDefinition {
  const { notNull } = column
  const isDeclaredHere = notNull === null || ((notNull.isLocal || isPartition) && notNull.isValid)
  return {
    name: column.name,
    type: column.type,
    isNotNull: column.isNotNull && isDeclaredHere,
    notNull:
      notNull !== null && isDeclaredHere
        ? { name: notNull.name, isInherited: notNull.isInherited }
        : null,
    collation: column.collation,
    default: column.default,
    generated: column.generated,
    generatedKind: column.generatedKind,
    identity: column.identity,
    storage: column.storage,
    compression: column.compression,
    statistics: column.statistics,
    options: column.options,
    isOnlyInherited: !column.isLocal,
  }
}

function parentsFirst(partitions: readonly PartitionDefinition[]): PartitionDefinition[] {
  const byParent = Map.groupBy(partitions, ({ parents }) => nameOf(parents[0]))
  const own = new Set(partitions.map(nameOf))
  const tops = partitions.filter(({ parents }) => !own.has(nameOf(parents[0])))
  const withParts = (partition: PartitionDefinition): PartitionDefinition[] => [
    partition,
    ...(byParent.get(nameOf(partition)) ?? []).flatMap(withParts),
  ]
  return tops.flatMap(withParts)
}

function nameOf(table: { schema: string; name: string } | undefined): string {
  return table === undefined ? '' : quoteQualified(table.schema, table.name)
}

/** The statements that would make every row readable, or `null` when all are. */
function findMissingGrant(table: TableRow, privilege: PrivilegeRow | undefined): string | null {
  assert(privilege !== undefined, 'The privileges on every table are known.')
  const user = quoteName(privilege.user)
  const statements: string[] = []
  if (!privilege.mayUseSchema) {
    statements.push(`GRANT USAGE ON SCHEMA ${quoteName(table.schema)} TO ${user};`)
  }
  if (!privilege.maySelect) {
    const name = quoteQualified(table.schema, table.name)
    statements.push(`GRANT SELECT ON TABLE ${name} TO ${user};`)
  }
  // A policy that filters would make rows look deleted.
  if (privilege.isFiltered) statements.push(`ALTER ROLE ${user} BYPASSRLS;`)
  return statements.length === 0 ? null : statements.join(' ')
}
