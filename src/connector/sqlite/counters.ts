import type { DatabaseSync } from 'node:sqlite'
import type { DescribedEntity } from '#record/schema'
import type { Counter } from '../counter.ts'
import { listColumns, listSequences, listSql } from './read-schema.ts'
import { isSameName, tableName } from './sql-name.ts'

/** What AUTOINCREMENT keeps. Without it the next number is the largest plus one, and nothing is kept. */
export function readCounters(db: DatabaseSync, { entity }: DescribedEntity): Counter[] {
  const table = tableName(entity)
  const sql = listSql(db, 'table', table).find(({ name }) => isSameName(name, table))?.sql ?? ''
  if (!/ AUTOINCREMENT\b/i.test(sql)) return []
  const field = listColumns(db, table).find(({ keyPlace }) => keyPlace > 0)?.name
  if (field === undefined) return []
  const last = listSequences(db).find((one) => isSameName(one.table, table))?.seq ?? '0'
  const name = `sqlite_sequence of ${table}`
  return [{ field, name, step: 1n, next: BigInt(last) + 1n, moving: null }]
}
