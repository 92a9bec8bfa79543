import type { DatabaseSync } from 'node:sqlite'
import type { DescribedEntity } from '#record/schema'
import { assert } from '#stdx/assert'
import type { NextKey } from '../connector.ts'
import { listColumns, listIndexes, listSequences } from './read-schema.ts'
import { isSameName, quoteName, quoteTable, tableName } from './sql-name.ts'

/**
 * Above the largest rowid and, where AUTOINCREMENT keeps one, the counter. Only an `INTEGER PRIMARY KEY`,
 * which needs no index because it is the rowid itself, is numbered by SQLite.
 */
export function readNextKey(db: DatabaseSync, { entity, key }: DescribedEntity): NextKey | null {
  const [field, ...more] = key?.fields ?? []
  if (field === undefined || more.length > 0) return null
  const table = tableName(entity)
  const own = listColumns(db, table).filter(({ keyPlace }) => keyPlace > 0)
  const isRowid = own.length === 1 && own[0]?.name === field && !hasKeyIndex(db, table)
  if (!isRowid) return null
  const sql = `SELECT CAST(MAX(${quoteName(field)}) AS TEXT) AS last FROM ${quoteTable(entity)}`
  const last = db.prepare(sql).get()?.['last'] ?? '0'
  assert(typeof last === 'string', 'SQLite casts to text what it is told to.')
  const counter = listSequences(db).find((one) => isSameName(one.table, table))?.seq ?? '0'
  const highest = [BigInt(last), BigInt(counter), 0n].reduce((a, b) => (a > b ? a : b))
  return { next: highest + 1n, step: 1n }
}

function hasKeyIndex(db: DatabaseSync, table: string): boolean {
  return listIndexes(db, table).some(({ isPrimaryKey }) => isPrimaryKey)
}
