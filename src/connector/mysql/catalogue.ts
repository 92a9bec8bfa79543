import { quoteText } from './quote.ts'
import type { Session } from './session.ts'

/** What the server's catalogue says about the database of the session. Names as they are, unquoted. */

export type TableRow = {
  readonly table: string
  readonly kind: string
  readonly engine: string
  readonly collation: string
  readonly counter: string | null
  readonly rows: string | null
}

/** All or one, in the order of their names, whatever collation the server sorts by. */
export async function readTables(
  session: Session,
  signal: AbortSignal,
  only?: string,
): Promise<TableRow[]> {
  const rows = await session.query(
    `SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION, AUTO_INCREMENT, TABLE_ROWS
      FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ${isTable('TABLE_NAME', only)}`,
    signal,
  )
  const tables = rows.map(([table, kind, engine, collation, counter, count]) => ({
    table: table ?? '',
    kind: kind ?? '',
    engine: engine ?? '',
    collation: collation ?? '',
    counter: counter ?? null,
    rows: count ?? null,
  }))
  return tables.sort((a, b) => (a.table < b.table ? -1 : 1))
}

export type ColumnRow = {
  readonly table: string
  readonly name: string
  readonly type: string
  readonly isNullable: boolean
  readonly hasDefault: boolean
  readonly charset: string | null
  readonly collation: string | null
  readonly isGenerated: boolean
  /** Set to the time of a change that does not mention it. */
  readonly isTouched: boolean
}

/** A condition for one table; nothing for all. */
function isTable(column: string, table: string | undefined): string {
  return table === undefined ? '' : `AND ${column} = ${quoteText(table)}`
}

/** Of all tables, or of one. */
export async function readColumns(
  session: Session,
  signal: AbortSignal,
  table?: string,
): Promise<ColumnRow[]> {
  const one = isTable('TABLE_NAME', table)
  const rows = await session.query(
    `SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, CHARACTER_SET_NAME,
        COLLATION_NAME, EXTRA, GENERATION_EXPRESSION
      FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ${one}
      ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    signal,
  )
  return rows.map(
    ([of, name, type, isNullable, byDefault, charset, collation, extra, generation]) => ({
      table: of ?? '',
      name: name ?? '',
      type: type ?? '',
      isNullable: isNullable === 'YES',
      hasDefault: byDefault !== null && byDefault !== 'NULL',
      charset: charset ?? null,
      collation: collation ?? null,
      isGenerated: (generation ?? '') !== '' || / GENERATED/.test(extra ?? ''),
      isTouched: /on update /i.test(extra ?? ''),
    }),
  )
}

export type IndexRow = {
  readonly table: string
  readonly name: string
  readonly fields: readonly string[]
}

/** Unique indexes over whole columns, the primary key among them. */
export async function readUniqueIndexes(
  session: Session,
  signal: AbortSignal,
  table?: string,
): Promise<IndexRow[]> {
  const rows = await session.query(
    `SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, INDEX_TYPE
      FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0
        ${isTable('TABLE_NAME', table)}
      ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
    signal,
  )
  const parts = Map.groupBy(rows, ([table, name]) => JSON.stringify([table, name]))
  return [...parts.values()].flatMap((columns) => {
    const [[table, name] = []] = columns
    // A part of a column, an expression, and a hash, by which no row can be found.
    const isWhole = columns.every(
      ([, , column, part, type]) => column !== null && part === null && type !== 'HASH',
    )
    const fields = columns.map(([, , column]) => column ?? '')
    return isWhole ? [{ table: table ?? '', name: name ?? '', fields }] : []
  })
}

export type ForeignKeyRow = {
  /** Of the table that refers. */
  readonly childDatabase: string
  readonly table: string
  readonly name: string
  readonly fields: readonly string[]
  /** Of the table that is referred to. */
  readonly database: string
  readonly referenced: string
  readonly referencedFields: readonly string[]
  readonly onDelete: string
  readonly onUpdate: string
}

/** Foreign keys of tables of this database, or of one of them. */
export function readForeignKeys(
  session: Session,
  signal: AbortSignal,
  table?: string,
): Promise<ForeignKeyRow[]> {
  const one = isTable('k.TABLE_NAME', table)
  const where = `k.TABLE_SCHEMA = DATABASE() AND r.CONSTRAINT_SCHEMA = DATABASE() ${one}`
  return askForeignKeys(session, where, signal)
}

/** Foreign keys of any table of the server to one of this database. */
export function readReferring(
  session: Session,
  table: string,
  signal: AbortSignal,
): Promise<ForeignKeyRow[]> {
  const where = `k.REFERENCED_TABLE_SCHEMA = DATABASE()
    AND k.REFERENCED_TABLE_NAME = ${quoteText(table)}`
  return askForeignKeys(session, where, signal)
}

async function askForeignKeys(
  session: Session,
  where: string,
  signal: AbortSignal,
): Promise<ForeignKeyRow[]> {
  const rows = await session.query(
    `SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.REFERENCED_TABLE_SCHEMA,
        k.REFERENCED_TABLE_NAME, r.DELETE_RULE, r.UPDATE_RULE, k.COLUMN_NAME,
        k.REFERENCED_COLUMN_NAME
      FROM information_schema.KEY_COLUMN_USAGE k
      JOIN information_schema.REFERENTIAL_CONSTRAINTS r
        ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
        AND r.TABLE_NAME = k.TABLE_NAME
      WHERE ${where} AND k.REFERENCED_TABLE_NAME IS NOT NULL
      ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`,
    signal,
  )
  const byKey = Map.groupBy(rows, ([database, table, name]) =>
    JSON.stringify([database, table, name]),
  )
  return [...byKey.values()].map((columns) => {
    const [childDatabase, table, name, database, referenced, onDelete, onUpdate] = columns[0] ?? []
    return {
      childDatabase: childDatabase ?? '',
      table: table ?? '',
      name: name ?? '',
      fields: columns.map((row) => row[7] ?? ''),
      database: database ?? '',
      referenced: referenced ?? '',
      referencedFields: columns.map((row) => row[8] ?? ''),
      onDelete: onDelete ?? '',
      onUpdate: onUpdate ?? '',
    }
  })
}

/** What the database holds besides tables: recorded by kind and name, never put back. */
export async function readOthers(
  session: Session,
  signal: AbortSignal,
): Promise<{ kind: string; name: string }[]> {
  const rows = await session.query(
    `SELECT 'trigger', CONCAT(TRIGGER_NAME, ' on ', EVENT_OBJECT_TABLE)
        FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
      UNION ALL SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME
        FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
      UNION ALL SELECT 'event', EVENT_NAME
        FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()
      ORDER BY 1, 2`,
    signal,
  )
  return rows.map(([kind, name]) => ({ kind: kind ?? '', name: name ?? '' }))
}
