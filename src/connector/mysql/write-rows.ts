import { createHash } from 'node:crypto'
import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import type { KeyedRows } from '../connector.ts'
import type { SideEffect } from '../side-effect.ts'
import { type ColumnRow, readColumns, readForeignKeys } from './catalogue.ts'
import { exchangeTaken } from './exchange-taken.ts'
import type { ForeignKeyWatch } from './foreign-key-watch.ts'
import { loadRows } from './load-rows.ts'
import { printAs } from './print-as.ts'
import { quoteName, quoteNames, tableOf } from './quote.ts'
import { refuseTriggers } from './refuse-triggers.ts'
import type { Session } from './session.ts'

export type WriteContext = {
  readonly accepted: readonly SideEffect[]
  readonly session: Session
  readonly watch: ForeignKeyWatch
  /** Whether the transaction sees an earlier moment, so that rows may have changed since. */
  readonly hasSnapshot: boolean
  /** A number for a temporary table that no other has. */
  readonly nextNumber: () => number
  readonly signal: AbortSignal
}

export async function insertRows(
  context: WriteContext,
  entity: EntityName,
  { fields, rows }: { fields: readonly string[]; rows: AsyncIterable<RowBatch> },
): Promise<number> {
  const { session, signal, watch } = context
  const table = tableOf(entity)
  await refuseTriggers(context, entity, 'insert')
  const what = `insert into "${entity}"`
  const columns = await readColumns(session, signal, table)
  const foreignKeys = await readForeignKeys(session, signal, table)
  // Kept apart until the commit, to look at nothing else then.
  if (foreignKeys.length === 0) return addRows(context, table, { what, columns, fields, rows })
  const given = await loadGiven(context, table, { what, columns, fields, rows })
  const added = await addGiven(context, table, { fields, given })
  for (const key of foreignKeys) {
    const isGiven = key.fields.every((field) => fields.includes(field))
    watch.addReferring(key, `${isGiven ? given.name : quoteName(table)} c`)
  }
  return added
}

export type AddedRows = {
  readonly what: string
  /** Of the table that is written. */
  readonly columns: readonly ColumnRow[]
  readonly fields: readonly string[]
  readonly rows: AsyncIterable<RowBatch>
  /** Whether the rows that are given get numbers, from 1: a table of the most columns has no room for one. */
  readonly isNumbered?: boolean
}

/** Adds rows and looks at nothing else. */
export async function addRows(
  context: Pick<WriteContext, 'nextNumber' | 'session' | 'signal'>,
  table: string,
  added: AddedRows,
): Promise<number> {
  const { session, signal } = context
  // What is computed may be rounded, which would look like a value that was changed.
  if (!added.columns.some(({ isGenerated }) => isGenerated)) {
    return loadRows(session, table, { ...added, signal })
  }
  const given = await loadGiven(context, table, added)
  const count = await addGiven(context, table, { fields: added.fields, given })
  await session.query(`DROP TEMPORARY TABLE ${given.name}`, signal)
  return count
}

async function addGiven(
  { session, signal }: Pick<WriteContext, 'session' | 'signal'>,
  table: string,
  { fields, given }: { fields: readonly string[]; given: Given },
): Promise<number> {
  const names = quoteNames(fields)
  const into = `${quoteName(table)} (${names})`
  return session.change(`INSERT INTO ${into} SELECT ${names} FROM ${given.name}`, signal)
}

/**
 * Sets the fields that are not in the key on the rows that the key finds. Rows may exchange values
 * that have to be unique.
 *
 * @throws connector.target-changed when not every row is found exactly once, as the snapshot saw it
 */
export async function updateRows(
  context: WriteContext,
  entity: EntityName,
  { fields, key, rows }: KeyedRows,
): Promise<number> {
  const { session, signal, watch } = context
  const table = tableOf(entity)
  await refuseTriggers(context, entity, 'update')
  const columns = await readColumns(session, signal, table)
  const what = `update "${entity}"`
  const given = await loadGiven(context, table, { what, columns, fields, rows })
  const found = foundSql(given.name, table, key)
  await expectUnchanged(context, { what: 'update', entity, given, found })
  const changed = fields.filter((field) => !key.includes(field))
  if (changed.length === 0) return given.count
  await watch.addReferred(table, { changed, rows: found }, signal)
  const set = changed.map((field) => `t.${quoteName(field)} = given.${quoteName(field)}`)
  // Otherwise the server would set these to now.
  const kept = given.columns.filter(({ isTouched, name }) => isTouched && !fields.includes(name))
  set.push(...kept.map(({ name }) => `t.${quoteName(name)} = t.${quoteName(name)}`))
  const update = () => session.change(`UPDATE ${found} SET ${set.join(', ')}`, signal)
  await exchangeTaken(context, { changed, columns, entity, found, update })
  for (const foreignKey of await readForeignKeys(session, signal, table)) {
    if (!foreignKey.fields.some((field) => changed.includes(field))) continue
    watch.addReferring(foreignKey, foundSql(given.name, table, key, 'c'))
  }
  return given.count
}

/**
 * Deletes the rows that the key finds, each exactly once; without a key one equal row per row given.
 *
 * @throws connector.target-changed when not every row is found, as the snapshot saw it
 */
export async function deleteRows(
  context: WriteContext,
  entity: EntityName,
  { fields, key, rows }: KeyedRows,
): Promise<number> {
  const { session, signal, watch } = context
  const table = tableOf(entity)
  await refuseTriggers(context, entity, 'delete')
  const columns = await readColumns(session, signal, table)
  const what = `delete from "${entity}"`
  const isNumbered = key.length === 0
  const given = await loadGiven(context, table, { what, columns, fields, rows, isNumbered })
  if (key.length === 0) {
    await watch.addReferred(table, { changed: null, rows: `${given.name} t` }, signal)
    const deleted = await deleteEqualRows(context, table, { given, fields })
    return expectAll('delete', entity, { givenCount: given.count, foundCount: deleted })
  }
  const found = foundSql(given.name, table, key)
  await expectUnchanged(context, { what: 'delete', entity, given, found })
  await watch.addReferred(table, { changed: null, rows: found }, signal)
  const deleted = await session.change(`DELETE t FROM ${found}`, signal)
  return expectAll('delete', entity, { givenCount: given.count, foundCount: deleted })
}

type Given = {
  /** A temporary table of the session, with the types of the fields; kept until the commit. */
  readonly name: string
  readonly count: number
  /** Of the table that is written. */
  readonly columns: readonly ColumnRow[]
}

async function loadGiven(
  { nextNumber, session, signal }: Pick<WriteContext, 'nextNumber' | 'session' | 'signal'>,
  table: string,
  given: AddedRows,
): Promise<Given> {
  const name = `_holdfast_given_${nextNumber()}`
  const number = 'holdfast_n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT INVISIBLE PRIMARY KEY'
  await session.query(
    `CREATE TEMPORARY TABLE ${name} ${given.isNumbered === true ? `(${number})` : ''} ENGINE=InnoDB
      SELECT ${quoteNames(given.fields)} FROM ${quoteName(table)} LIMIT 0`,
    signal,
  )
  const count = await loadRows(session, name, { ...given, signal })
  return { name, count, columns: given.columns }
}

/** The rows of a table that are given, in the order given. */
function foundSql(given: string, table: string, key: readonly string[], as = 't'): string {
  return `${given} given STRAIGHT_JOIN ${quoteName(table)} ${as} ON ${isSame(key, '=', as)}`
}

/**
 * The first comparison is the type's own, which an index serves; the second is that of the bytes, so
 * that a collation that ignores case does not find another record.
 */
function isSame(fields: readonly string[], equals: '=' | '<=>', as: string): string {
  return fields
    .map((field) => {
      const name = quoteName(field)
      const bytes = `CAST(${as}.${name} AS BINARY) ${equals} CAST(given.${name} AS BINARY)`
      return `${as}.${name} ${equals} given.${name} AND ${bytes}`
    })
    .join(' AND ')
}

/** Locks the rows that are found, and compares them with what the snapshot saw of them. */
async function expectUnchanged(
  context: WriteContext,
  {
    entity,
    found,
    given,
    what,
  }: { entity: EntityName; found: string; given: Given; what: 'update' | 'delete' },
): Promise<void> {
  const { hasSnapshot, session, signal } = context
  const count = `SELECT COUNT(*) FROM ${found} FOR UPDATE`
  const [[foundCount] = []] = await session.query(count, signal)
  expectAll(what, entity, { givenCount: given.count, foundCount: Number(foundCount) })
  if (!hasSnapshot) return
  const columns = given.columns.filter(({ isGenerated }) => !isGenerated)
  const printed = columns.map(({ name, type }) => printAs(name, type, type).replace('`', 't.`'))
  const select = `SELECT ${printed.join(', ')} FROM ${found}`
  const seen = await digestRows(context, select, columns.length)
  const now = await digestRows(context, `${select} FOR UPDATE`, columns.length)
  if (seen === now) return
  const message = `Cannot ${what} "${entity}": somebody changed the same rows meanwhile`
  throw new AppError('connector.target-changed', message, { entity })
}

async function digestRows(
  { session, signal }: WriteContext,
  sql: string,
  fieldCount: number,
): Promise<string> {
  const digest = createHash('sha256')
  const forms = Array.from({ length: fieldCount }, () => ({ kind: 'bytes' as const }))
  for await (const batch of session.rows(sql, forms, signal)) {
    for (const piece of batch.kind === 'rows' ? [batch.bytes] : batch.parts) digest.update(piece)
  }
  return digest.digest('hex')
}

/** One statement per row given: nothing tells equal rows apart but their number. */
async function deleteEqualRows(
  { session, signal }: WriteContext,
  table: string,
  { fields, given }: { fields: readonly string[]; given: Given },
): Promise<number> {
  const target = quoteName(table)
  const equal = isSame(fields, '<=>', target)
  let deleted = 0
  for (let n = 1; n <= given.count; n++) {
    const wanted = `SELECT 1 FROM ${given.name} given WHERE given.holdfast_n = ${n} AND ${equal}`
    deleted += await session.change(
      `DELETE FROM ${target} WHERE EXISTS (${wanted}) LIMIT 1`,
      signal,
    )
  }
  return deleted
}

function expectAll(
  what: string,
  entity: EntityName,
  { foundCount, givenCount }: { foundCount: number; givenCount: number },
): number {
  if (givenCount === foundCount) return givenCount
  const found = `${foundCount} of ${givenCount} rows were there as planned`
  throw new AppError('connector.target-changed', `Cannot ${what} "${entity}": ${found}`, {
    entity,
    givenCount,
    foundCount,
  })
}
