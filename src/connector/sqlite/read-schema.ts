import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { assert } from '#stdx/assert'

/** What the pragmas of SQLite say, typed. Nothing here reads a row of a user's table. */

export type TableKind = 'table' | 'view' | 'virtual' | 'shadow'

export type TableOfList = {
  readonly name: string
  readonly kind: TableKind
  readonly isStrict: boolean
}

export type Column = {
  readonly name: string
  readonly type: string
  readonly isNotNull: boolean
  /** SQL of the default, or `null`. */
  readonly defaultSql: string | null
  /** Place in the primary key from 1, or 0. */
  readonly keyPlace: number
  readonly isGenerated: boolean
}

export type Index = {
  readonly name: string
  readonly isPrimaryKey: boolean
  readonly isUnique: boolean
  readonly isPartial: boolean
  /** `name` is `null` for an expression or the rowid. */
  readonly columns: readonly {
    readonly name: string | null
    readonly isDescending: boolean
    readonly collation: string
  }[]
}

export type ForeignKeyPart = {
  readonly id: number
  readonly table: string
  readonly from: string
  /** `null`: the key of the other table. */
  readonly to: string | null
  readonly onUpdate: string
  readonly onDelete: string
}

type Row = Readonly<Record<string, SQLOutputValue>>

export function listTables(db: DatabaseSync): TableOfList[] {
  const sql = `SELECT name, type, strict FROM pragma_table_list
    WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`
  return readAll(db, sql).map((row) => ({
    name: readText(row, 'name'),
    kind: readKind(readText(row, 'type')),
    isStrict: readNumber(row, 'strict') === 1,
  }))
}

export function listColumns(db: DatabaseSync, table: string): Column[] {
  const sql = `SELECT name, type, "notnull", dflt_value, pk, hidden
    FROM pragma_table_xinfo(?, 'main') ORDER BY cid`
  return readAll(db, sql, table).map((row) => ({
    name: readText(row, 'name'),
    type: readText(row, 'type'),
    isNotNull: readNumber(row, 'notnull') === 1,
    defaultSql: readTextOrNull(row, 'dflt_value'),
    keyPlace: readNumber(row, 'pk'),
    isGenerated: readNumber(row, 'hidden') >= 2,
  }))
}

export function listIndexes(db: DatabaseSync, table: string): Index[] {
  const sql = `SELECT name, "unique", origin, partial
    FROM pragma_index_list(?, 'main') ORDER BY name`
  return readAll(db, sql, table).map((row) => {
    const name = readText(row, 'name')
    return {
      name,
      isPrimaryKey: readText(row, 'origin') === 'pk',
      isUnique: readNumber(row, 'unique') === 1,
      isPartial: readNumber(row, 'partial') === 1,
      columns: listIndexColumns(db, name),
    }
  })
}

function listIndexColumns(db: DatabaseSync, index: string): Index['columns'] {
  const sql = `SELECT name, "desc", coll FROM pragma_index_xinfo(?, 'main')
    WHERE key = 1 ORDER BY seqno`
  return readAll(db, sql, index).map((row) => ({
    name: readTextOrNull(row, 'name'),
    isDescending: readNumber(row, 'desc') === 1,
    collation: readText(row, 'coll'),
  }))
}

/** The parts of the foreign keys of a table, those of one key together and in order. */
export function listForeignKeyParts(db: DatabaseSync, table: string): ForeignKeyPart[] {
  const sql = `SELECT id, "table", "from", "to", on_update, on_delete
    FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq`
  return readAll(db, sql, table).map((row) => ({
    id: readNumber(row, 'id'),
    table: readText(row, 'table'),
    from: readText(row, 'from'),
    to: readTextOrNull(row, 'to'),
    onUpdate: readText(row, 'on_update'),
    onDelete: readText(row, 'on_delete'),
  }))
}

/**
 * Names and SQL of what `sqlite_schema` holds of one type, in the order of its making. A trigger bears
 * the name of its table as whoever made it wrote it.
 */
export function listSql(
  db: DatabaseSync,
  type: 'table' | 'index' | 'trigger',
  table?: string,
): { readonly name: string; readonly sql: string }[] {
  const sql = `SELECT name, sql FROM main.sqlite_schema
    WHERE type = ? AND sql IS NOT NULL AND (?2 IS NULL OR tbl_name = ?2 COLLATE NOCASE) ORDER BY rowid`
  return readAll(db, sql, type, table ?? null).map((row) => ({
    name: readText(row, 'name'),
    sql: readText(row, 'sql'),
  }))
}

/** The counters of AUTOINCREMENT, by table. */
export function listSequences(
  db: DatabaseSync,
): { readonly table: string; readonly seq: string }[] {
  const found = "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'"
  if (readAll(db, found).length === 0) return []
  const sql = 'SELECT name, CAST(seq AS TEXT) AS seq FROM main.sqlite_sequence ORDER BY name'
  return readAll(db, sql).flatMap((row) => {
    const seq = readTextOrNull(row, 'seq')
    return seq === null ? [] : [{ table: readText(row, 'name'), seq }]
  })
}

/** The value of a pragma of the whole database. */
export function readPragma(
  db: DatabaseSync,
  name: 'encoding' | 'user_version' | 'application_id',
): string | number {
  const value = readAll(db, `PRAGMA main.${name}`)[0]?.[name]
  assert(typeof value === 'string' || typeof value === 'number', 'A pragma has a value.')
  return value
}

function readAll(db: DatabaseSync, sql: string, ...values: (string | null)[]): Row[] {
  return db.prepare(sql).all(...values)
}

function readKind(type: string): TableKind {
  if (type === 'view' || type === 'virtual' || type === 'shadow') return type
  assert(type === 'table', 'SQLite knows four kinds of tables.')
  return type
}

function readText(row: Row, name: string): string {
  const value = row[name]
  assert(typeof value === 'string', 'A pragma gives text where it names something.')
  return value
}

function readTextOrNull(row: Row, name: string): string | null {
  return row[name] === null ? null : readText(row, name)
}

function readNumber(row: Row, name: string): number {
  const value = row[name]
  assert(typeof value === 'number', 'A pragma gives a number where it counts something.')
  return value
}
