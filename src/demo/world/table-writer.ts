import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { assert } from '#stdx/assert'

export type Row = Readonly<Record<string, SQLInputValue>>

/** Inserts one row. Every row of a table names the same fields. */
export type TableWriter = (table: string, row: Row) => void

/** Prepares one statement a table, for as long as `db` is open. */
export function openTableWriter(db: DatabaseSync): TableWriter {
  const statements = new Map<string, StatementSync>()
  return (table, row) => {
    const statement = statements.get(table) ?? prepareInsert(db, table, row)
    statements.set(table, statement)
    statement.run(row)
  }
}

function prepareInsert(db: DatabaseSync, table: string, row: Row): StatementSync {
  const names = Object.keys(row)
  const values = names.map((name) => `$${name}`).join(', ')
  return db.prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${values})`)
}

export type ResultRow = Record<string, unknown>

export function readRows(db: DatabaseSync, sql: string, ...values: SQLInputValue[]): ResultRow[] {
  return db.prepare(sql).all(...values)
}

/** Reads a field that is text for certain. */
export function textOf(row: ResultRow | undefined, field: string): string {
  const value = row?.[field]
  assert(typeof value === 'string', `The demo's field ${field} holds text.`)
  return value
}

/** Reads a field that is a number for certain. */
export function numberOf(row: ResultRow | undefined, field: string): number {
  const value = row?.[field]
  assert(typeof value === 'number', `The demo's field ${field} holds a number.`)
  return value
}
