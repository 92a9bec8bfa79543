import type { DatabaseSync } from 'node:sqlite'
import { type EntityName, formatEntityName } from '#record/entity-name'
import type { Catalogue, DescribedEntity, ForeignKey, NotRestored } from '#record/schema'
import { assert } from '#stdx/assert'
import { describeFields, NO_CONTENTS, readContents } from './describe-fields.ts'
import { describeKey } from './describe-key.ts'
import {
  type Column,
  type Index,
  listColumns,
  listForeignKeyParts,
  listIndexes,
  listSequences,
  listSql,
  listTables,
  readPragma,
  type TableOfList,
} from './read-schema.ts'
import { foldName, formatTable, isSameName, quoteTable } from './sql-name.ts'
import { callSqlite } from './sqlite-failure.ts'

/**
 * Describes every table of the file. Views, triggers and virtual tables are named as not restored;
 * the shadow tables in which a virtual table keeps its contents belong to it.
 */
export function readCatalogue(
  db: DatabaseSync,
  mayRead: (entity: EntityName) => boolean,
): Catalogue {
  const doing = `read the catalogue of "${db.location() ?? 'memory'}"`
  return callSqlite(doing, 'connector.scan-failed', () => {
    const tables = listTables(db)
    const columnsByTable = new Map(
      tables.map(({ name, kind }) => [name, kind === 'table' ? listColumns(db, name) : []]),
    )
    const isUtf8 = readPragma(db, 'encoding') === 'UTF-8'
    const entities = tables
      .filter(({ kind }) => kind === 'table')
      .map((table) => describeTable(db, table, { columnsByTable, isUtf8, mayRead }))
    const sequences = listSequences(db).map(({ table, seq }) => [formatTable(table), seq])
    return {
      entities,
      definition: {
        encoding: readPragma(db, 'encoding'),
        userVersion: readPragma(db, 'user_version'),
        applicationId: readPragma(db, 'application_id'),
      },
      sequences: Object.fromEntries(sequences),
      notRestored: listNotRestored(db, tables),
    }
  })
}

type Surroundings = {
  readonly columnsByTable: ReadonlyMap<string, readonly Column[]>
  readonly isUtf8: boolean
  readonly mayRead: (entity: EntityName) => boolean
}

function describeTable(
  db: DatabaseSync,
  { name, isStrict }: TableOfList,
  { columnsByTable, isUtf8, mayRead }: Surroundings,
): DescribedEntity {
  const entity = formatTable(name)
  const columns = columnsByTable.get(name) ?? []
  const indexes = listIndexes(db, name)
  const keyNames = namesOfKeys(columns, indexes)
  const contents = mayRead(entity)
    ? readContents(db, quoteTable(entity), columns, { isStrict, keyNames })
    : NO_CONTENTS
  const fields = describeFields(columns, contents, isStrict)
  const typeByName = new Map(fields.map((field) => [field.name, field.type]))
  const [table] = listSql(db, 'table', name)
  assert(table !== undefined, 'A table has the SQL that created it.')
  return {
    entity,
    sourceId: null,
    fields,
    ...describeKey({ columns, contents, indexes, typeByName, isUtf8 }),
    uniqueFields: namesOfUnique(indexes),
    uniqueKeys: listUniqueKeys(indexes),
    foreignKeys: describeForeignKeys(db, name, columnsByTable),
    definition: { sql: table.sql, indexes: listSql(db, 'index', name).map(({ sql }) => sql) },
    missingGrant: null,
  }
}

function namesOfKeys(columns: readonly Column[], indexes: readonly Index[]): Set<string> {
  const primary = columns.filter(({ keyPlace }) => keyPlace > 0).map(({ name }) => name)
  return new Set([...primary, ...namesOfUnique(indexes)])
}

function namesOfUnique(indexes: readonly Index[]): string[] {
  return indexes
    .filter(({ isUnique }) => isUnique)
    .flatMap((index) => index.columns.flatMap(({ name }) => name ?? []))
}

function listUniqueKeys(indexes: readonly Index[]): string[][] {
  return indexes
    .filter(({ columns, isPartial, isUnique }) => {
      return isUnique && !isPartial && columns.every(({ name }) => name !== null)
    })
    .map(({ columns }) => columns.flatMap(({ name }) => name ?? []))
}

/** SQLite forgets the names of foreign keys, so they are numbered as it numbers them. */
function describeForeignKeys(
  db: DatabaseSync,
  table: string,
  columnsByTable: ReadonlyMap<string, readonly Column[]>,
): ForeignKey[] {
  const parts = listForeignKeyParts(db, table)
  return [...Map.groupBy(parts, ({ id }) => id)].flatMap(([id, group]) => {
    const [first] = group
    if (first === undefined) return []
    const other = findTable(columnsByTable, first.table)
    const keyFields = other.columns
      .filter(({ keyPlace }) => keyPlace > 0)
      .sort((a, b) => a.keyPlace - b.keyPlace)
    const referencedFields = group.map(({ to }, i) => {
      if (to === null) return keyFields[i]?.name ?? ''
      return other.columns.find((column) => isSameName(column.name, to))?.name ?? to
    })
    return {
      name: `${table}_fk${id}`,
      fields: group.map(({ from }) => from),
      entity: formatTable(other.name),
      referencedFields,
      onDelete: first.onDelete,
      onUpdate: first.onUpdate,
      // We check foreign keys when we commit, whatever was declared.
      isDeferrable: true,
    }
  })
}

/** The table that a foreign key means, in its own spelling; it need not exist. */
function findTable(
  columnsByTable: ReadonlyMap<string, readonly Column[]>,
  wanted: string,
): { readonly name: string; readonly columns: readonly Column[] } {
  for (const [name, columns] of columnsByTable) {
    if (foldName(name) === foldName(wanted)) return { name, columns }
  }
  return { name: wanted, columns: [] }
}

function listNotRestored(db: DatabaseSync, tables: readonly TableOfList[]): NotRestored[] {
  const views = tables.flatMap(({ name, kind }) => {
    if (kind !== 'view' && kind !== 'virtual') return []
    return [{ kind: kind === 'view' ? 'view' : 'virtual table', name: formatTable(name) }]
  })
  const triggers = listSql(db, 'trigger').map(({ name }) => ({
    kind: 'trigger',
    name: formatEntityName(['main', name]),
  }))
  return [...views, ...triggers]
}
