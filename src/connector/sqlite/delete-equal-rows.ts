import { createHash } from 'node:crypto'
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { EntityName } from '#record/entity-name'
import { LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { decodeRowText, formatField } from '#record/row-text'
import { AppError } from '#stdx/app-error'
import { formatValue } from './field-form.ts'
import { listColumns } from './read-schema.ts'
import type { WrittenTable } from './read-values.ts'
import { encodeLargeRow } from './row-blocks.ts'
import { foldName, quoteName, quoteTable, tableName } from './sql-name.ts'
import { callSqlite } from './sqlite-failure.ts'

/** Rows that one pass over the table looks for, and what their texts may take in memory. */
const WANTED_ROWS_MAX = 200_000
const WANTED_UNITS_MAX = 32 * 1_048_576

/** How often a row is wanted, by its text; by the hash of its text when that is large. */
type Wanted = Map<string, number>

/**
 * Deletes, for every row given, one row of the table that equals it in all fields. Rows are compared
 * by their text, so that nothing is equal that was not captured as equal.
 *
 * Passes over the table once for some 200 000 rows: looking for each alone would take as many passes
 * as there are rows, for a table without key seldom has an index that helps.
 *
 * @throws connector.target-changed when a row is not there
 */
export async function deleteEqualRows(
  db: DatabaseSync,
  table: WrittenTable,
  batches: AsyncIterable<RowBatch>,
  signal: AbortSignal,
): Promise<number> {
  const rowid = findRowid(db, table.entity)
  let count = 0
  let rowCount = 0
  let units = 0
  let wanted: Wanted = new Map()
  for await (const batch of batches) {
    signal.throwIfAborted()
    for (const key of keysOf(batch)) {
      wanted.set(key, (wanted.get(key) ?? 0) + 1)
      units += key.length
      count += 1
      rowCount += 1
    }
    if (rowCount >= WANTED_ROWS_MAX || units >= WANTED_UNITS_MAX) {
      deleteWanted(db, { rowid, table, wanted })
      wanted = new Map()
      rowCount = 0
      units = 0
    }
    await setImmediate()
  }
  if (wanted.size > 0) deleteWanted(db, { rowid, table, wanted })
  return count
}

type Search = {
  readonly rowid: string
  readonly table: WrittenTable
  readonly wanted: Wanted
}

function deleteWanted(db: DatabaseSync, search: Search): void {
  const { rowid, table, wanted } = search
  callSqlite(`delete rows of "${table.entity}"`, 'connector.write-failed', () => {
    const found = findRows(db, search)
    const remove = db.prepare(`DELETE FROM ${quoteTable(table.entity)} WHERE ${rowid} = ?`)
    for (const id of found) remove.run(id)
  })
  if (wanted.size === 0) return
  const message = `Cannot delete a row of "${table.entity}": found none like it any more, need one`
  throw new AppError('connector.target-changed', message, { entity: table.entity })
}

/** Takes what it finds out of `wanted`. Ends before the first row is deleted. */
function findRows(db: DatabaseSync, { rowid, table, wanted }: Search): bigint[] {
  const names = table.fields.map(({ name }) => quoteName(name))
  const sql = `SELECT ${[rowid, ...names].join(', ')} FROM ${quoteTable(table.entity)}`
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  statement.setReadBigInts(true)
  const found: bigint[] = []
  for (const row of statement.iterate()) {
    // With setReturnArrays a row is an array, which the declared type does not say.
    const [id, ...values] = row as unknown as SQLOutputValue[]
    const key = keyOfValues(table, values)
    const count = key === undefined ? undefined : wanted.get(key)
    if (key === undefined || count === undefined || typeof id !== 'bigint') continue
    found.push(id)
    if (count > 1) wanted.set(key, count - 1)
    else wanted.delete(key)
    if (wanted.size === 0) break
  }
  return found
}

function* keysOf(batch: RowBatch): Generator<string, void, undefined> {
  if (batch.kind === 'large') {
    yield hashParts(batch.parts)
    return
  }
  const text = decodeRowText(batch.bytes)
  for (const row of text.slice(0, -1).split('\n')) yield keyOfText(row)
}

/** `undefined` for a row that holds a value without text of its field's form: it equals none. */
function keyOfValues(
  { fields }: WrittenTable,
  values: readonly SQLOutputValue[],
): string | undefined {
  const texts: string[] = []
  for (const [i, { form }] of fields.entries()) {
    const text = formatValue(values[i] ?? null, form)
    if (text === undefined) return undefined
    texts.push(formatField(text))
  }
  return keyOfText(texts.join('\t'))
}

function keyOfText(row: string): string {
  const isLong = (row.length + 1) * 3 > LARGE_ROW_BYTES
  if (!isLong || Buffer.byteLength(row) + 1 <= LARGE_ROW_BYTES) return row
  const batch = encodeLargeRow([row])
  return hashParts(batch.kind === 'large' ? batch.parts : [batch.bytes])
}

function hashParts(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('base64')
}

/** A name of the rowid that no field has taken. */
function findRowid(db: DatabaseSync, entity: EntityName): string {
  const taken = new Set(listColumns(db, tableName(entity)).map(({ name }) => foldName(name)))
  const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name))
  if (rowid !== undefined) return rowid
  const found = 'found fields named rowid, _rowid_ and oid, need one of these names to be free'
  const message = `Cannot delete single rows of "${entity}": ${found}`
  throw new AppError('connector.value-refused', message, { entity })
}
