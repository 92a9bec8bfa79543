import type { DatabaseSync } from 'node:sqlite'
import type { RowBatch } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { deleteEqualRows } from './delete-equal-rows.ts'
import { ExchangedRows } from './exchange-rows.ts'
import type { SqliteValue } from './field-form.ts'
import { readValues, type WrittenTable } from './read-values.ts'
import { quoteName, quoteTable } from './sql-name.ts'
import { callSqlite, isTaken } from './sqlite-failure.ts'

/**
 * `OR ABORT` everywhere: a table may say `ON CONFLICT REPLACE` or `IGNORE` for itself, which would
 * delete or skip rows in silence.
 */

export async function insertRows(
  db: DatabaseSync,
  table: WrittenTable,
  rows: AsyncIterable<RowBatch>,
  signal: AbortSignal,
): Promise<number> {
  const { entity, fields } = table
  const names = fields.map(({ name }) => quoteName(name))
  const into = `INSERT OR ABORT INTO ${quoteTable(entity)}`
  const marks = names.map(() => '?').join(', ')
  const sql =
    names.length === 0
      ? `${into} DEFAULT VALUES`
      : `${into} (${names.join(', ')}) VALUES (${marks})`
  const insert = prepareWrite(db, `insert into "${entity}"`, sql)
  let count = 0
  for await (const values of readValues(table, rows, signal)) {
    insert(values)
    count += 1
  }
  return count
}

/**
 * Rows may exchange values that have to be unique.
 *
 * @param key the fields that find a row; each row is found exactly once
 */
export async function updateRows(
  db: DatabaseSync,
  { table, key }: KeyedTable,
  rows: AsyncIterable<RowBatch>,
  signal: AbortSignal,
): Promise<number> {
  assert(key.length > 0, 'Rows without a key cannot be updated.')
  const { entity, fields } = table
  const keyIndexes = findIndexes(table, key)
  const setIndexes = [...fields.keys()].filter((i) => !keyIndexes.includes(i))
  const set = setIndexes.map((i, at) => `${quoteField(table, i)} = ?${at + 1}`)
  // A row that is nothing but key is only looked for.
  const setSql =
    set.length > 0 ? set.join(', ') : `${quoteField(table, 0)} = ${quoteField(table, 0)}`
  const where = (firstMark: number) => whereEqual(table, keyIndexes, firstMark)
  const sql = `UPDATE OR ABORT ${quoteTable(entity)} SET ${setSql} WHERE ${where(set.length + 1)}`
  const names = setIndexes.map((i) => fields[i]?.name ?? '')
  const exchanged = new ExchangedRows(db, { entity, set: names, where })
  const onTaken = (values: readonly SqliteValue[]) =>
    exchanged.take(values.slice(0, set.length), values.slice(set.length))
  const used = [...setIndexes, ...keyIndexes]
  const count = await writeExactly(db, { table, used, doing: 'update', onTaken, sql }, rows, signal)
  exchanged.giveBack()
  return count
}

/** With an empty `key`, deletes for every row given one that equals it in all fields. */
export async function deleteRows(
  db: DatabaseSync,
  { table, key }: KeyedTable,
  rows: AsyncIterable<RowBatch>,
  signal: AbortSignal,
): Promise<number> {
  if (key.length === 0) return deleteEqualRows(db, table, rows, signal)
  const used = findIndexes(table, key)
  const sql = `DELETE FROM ${quoteTable(table.entity)} WHERE ${whereEqual(table, used, 1)}`
  return writeExactly(db, { table, used, doing: 'delete', sql }, rows, signal)
}

export type KeyedTable = { readonly table: WrittenTable; readonly key: readonly string[] }

type ExactWrite = {
  readonly table: WrittenTable
  /** Which values of a row the statement takes, in its order. */
  readonly used: readonly number[]
  readonly doing: 'update' | 'delete'
  /** Called for a row of which another holds a value that has to be unique, instead of a failure. */
  readonly onTaken?: (values: readonly SqliteValue[]) => void
  readonly sql: string
}

async function writeExactly(
  db: DatabaseSync,
  { table, used, doing, onTaken, sql }: ExactWrite,
  rows: AsyncIterable<RowBatch>,
  signal: AbortSignal,
): Promise<number> {
  const { entity } = table
  const write = prepareWrite(db, `${doing} a row of "${entity}"`, sql)
  let count = 0
  for await (const values of readValues(table, rows, signal)) {
    const found = writeOrTake(
      write,
      used.map((i) => values[i] ?? null),
      onTaken,
    )
    if (found !== 1) {
      const message = `Cannot ${doing} a row of "${entity}": found ${found} rows like it, need one`
      throw new AppError('connector.target-changed', message, { entity })
    }
    count += 1
  }
  return count
}

function writeOrTake(
  write: (values: readonly SqliteValue[]) => number,
  values: readonly SqliteValue[],
  onTaken: ExactWrite['onTaken'],
): number {
  try {
    return write(values)
  } catch (error) {
    if (onTaken === undefined || !isTaken(error)) throw error
    onTaken(values)
    return 1
  }
}

function prepareWrite(
  db: DatabaseSync,
  doing: string,
  sql: string,
): (values: readonly SqliteValue[]) => number {
  const statement = callSqlite(doing, 'connector.write-failed', () => db.prepare(sql))
  return (values) =>
    callSqlite(doing, 'connector.write-failed', () => Number(statement.run(...values).changes))
}

/**
 * Conditions that hold for equal values of the same class only. The plain `=` lets SQLite use an
 * index whatever its collation; the others refuse what only the collation or a cast makes equal.
 */
function whereEqual(table: WrittenTable, indexes: readonly number[], firstMark: number): string {
  return indexes
    .map((i, at) => {
      const field = quoteField(table, i)
      const mark = `?${firstMark + at}`
      const exactly = `${field} IS ${mark} COLLATE BINARY AND typeof(${field}) = typeof(${mark})`
      return `${field} IS ${mark} AND ${exactly}`
    })
    .join(' AND ')
}

function findIndexes({ fields }: WrittenTable, names: readonly string[]): number[] {
  return names.map((name) => {
    const index = fields.findIndex((field) => field.name === name)
    assert(index >= 0, 'A key field is among the fields of a row.')
    return index
  })
}

function quoteField({ fields }: WrittenTable, index: number): string {
  const field = fields[index]
  assert(field !== undefined, 'A row has the field.')
  return quoteName(field.name)
}
