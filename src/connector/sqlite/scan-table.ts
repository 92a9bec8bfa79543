import { constants, isUtf8 } from 'node:buffer'
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { formatField } from '#record/row-text'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { Pace } from '../pace.ts'
import { type FieldForm, formatValue, readForm } from './field-form.ts'
import {
  areSurelySmall,
  BlockText,
  encodeLargeRow,
  type FieldText,
  type HexField,
} from './row-blocks.ts'
import { quoteName, quoteTable } from './sql-name.ts'
import { callSqlite, translateFailure } from './sqlite-failure.ts'

export type ScanDeps = { readonly db: DatabaseSync; readonly pace: Pace }

/** What takes the place of bytes that are no text when they are read as text. */
const REPLACEMENT = '\ufffd'

type ScannedField = { readonly name: string; readonly form: FieldForm }

/**
 * Streams the rows of a table at the transaction that `db` is in. Yields to other work after every
 * batch; holds one batch, and of a large row its values and its pieces.
 */
export async function* scanTable(
  { db, pace }: ScanDeps,
  entity: DescribedEntity,
  names: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void, undefined> {
  const fields = names.map((name) => ({ name, form: formOf(entity, name) }))
  const textChecks = openTextChecks(db, entity, fields)
  for (const batch of readBatches(db, entity, fields)) {
    if (batch.hasReplacement) textChecks.refuseBroken()
    await pace.spend(sizeOf(batch.rows), signal)
    await setImmediate()
    signal.throwIfAborted()
    yield batch.rows
  }
}

type CheckedBatch = { readonly rows: RowBatch; readonly hasReplacement: boolean }

function* readBatches(
  db: DatabaseSync,
  entity: DescribedEntity,
  fields: readonly ScannedField[],
): Generator<CheckedBatch, void, undefined> {
  const block = new BlockText()
  for (const values of readRows(db, entity, fields)) {
    const texts = formatValues(values, fields, entity)
    if (areSurelySmall(texts) && block.add(`${texts.join('\t')}\n`)) {
      if (block.isFull()) yield takeBlock(block)
      continue
    }
    // The order of rows is the order of the key: what came before goes first.
    if (!block.isEmpty()) yield takeBlock(block)
    const hasReplacement = texts.some(includesReplacement)
    yield { rows: encodeLargeRow(texts), hasReplacement }
  }
  if (!block.isEmpty()) yield takeBlock(block)
}

function includesReplacement(text: FieldText): boolean {
  if (typeof text === 'string') return text.includes(REPLACEMENT)
  return 'unescaped' in text && text.unescaped.includes(REPLACEMENT)
}

function takeBlock(block: BlockText): CheckedBatch {
  const hasReplacement = block.text.includes(REPLACEMENT)
  return { rows: { kind: 'rows', bytes: block.take() }, hasReplacement }
}

function* readRows(
  db: DatabaseSync,
  entity: DescribedEntity,
  fields: readonly ScannedField[],
): Generator<readonly SQLOutputValue[], void, undefined> {
  const doing = `scan "${entity.entity}"`
  const statement = callSqlite(doing, 'connector.scan-failed', () => {
    const prepared = db.prepare(scanSql(entity, fields))
    prepared.setReturnArrays(true)
    prepared.setReadBigInts(true)
    return prepared
  })
  try {
    // With setReturnArrays a row is an array, which the declared type does not say.
    for (const row of statement.iterate()) yield row as unknown as SQLOutputValue[]
  } catch (error) {
    if (isTooLong(error)) throw refuseLongest(db, entity, fields)
    throw translateFailure(error, doing, 'connector.scan-failed')
  }
}

function isTooLong(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STRING_TOO_LONG'
}

function refuseLongest(
  db: DatabaseSync,
  { entity }: DescribedEntity,
  fields: readonly ScannedField[],
): AppError {
  const sizes = fields.map(({ name }) => {
    const sql = `SELECT max(octet_length(${quoteName(name)})) AS size FROM ${quoteTable(entity)}`
    return Number(db.prepare(sql).get()?.['size'] ?? 0)
  })
  const longest = fields[sizes.indexOf(Math.max(...sizes))]
  return refuse(
    entity,
    longest?.name ?? '',
    `found text too long for one string, need at most ${constants.MAX_STRING_LENGTH} units`,
  )
}

function scanSql({ entity, key, scanOrder }: DescribedEntity, fields: readonly ScannedField[]) {
  const list = fields.map(({ name }) => quoteName(name)).join(', ')
  const select = `SELECT ${list === '' ? 'NULL' : list} FROM ${quoteTable(entity)}`
  if (scanOrder === 'none' || key === null) return select
  const order = key.fields.map((name) => `${quoteName(name)} COLLATE BINARY`).join(', ')
  return `${select} ORDER BY ${order}`
}

function formatValues(
  values: readonly SQLOutputValue[],
  fields: readonly ScannedField[],
  { entity }: DescribedEntity,
): FieldText[] {
  return fields.map(({ name, form }, i) => {
    const value = values[i] ?? null
    const hex = formatLargeBlob(value, form)
    if (hex !== undefined) return hex
    const text = formatValue(value, form)
    if (text !== null && text !== undefined && text.length > LARGE_ROW_BYTES) {
      return { unescaped: text }
    }
    if (text !== undefined) return formatField(text)
    const found = 'found a value of a class that its type does not have'
    throw refuse(entity, name, `${found}, need another description of the table`)
  })
}

/** A blob whose hex would be a string of unusual size, or undefined for any other value. */
function formatLargeBlob(value: SQLOutputValue, form: FieldForm): HexField | undefined {
  if (!(value instanceof Uint8Array) || value.length <= LARGE_ROW_BYTES / 2) return undefined
  if (form === 'blob') return { before: formatField('\\x'), bytes: value, after: '' }
  return form === 'any' ? { before: "x'", bytes: value, after: "'" } : undefined
}

function formOf({ entity, fields }: DescribedEntity, name: string): FieldForm {
  const field = fields.find((described) => described.name === name)
  if (field !== undefined) return readForm(field.type)
  const message = `Cannot scan "${entity}": it has no field "${name}"`
  throw new AppError('connector.scan-failed', message, { entity, field: name })
}

function sizeOf(batch: RowBatch): number {
  if (batch.kind === 'rows') return batch.bytes.length
  return batch.parts.reduce((size, part) => size + part.length, 0)
}

/**
 * SQLite stores as text whatever it is told is text. Broken encoding shows as a replacement
 * character, which may also have been stored as such: only then are the bytes themselves looked at,
 * once a scan.
 */
function openTextChecks(
  db: DatabaseSync,
  entity: DescribedEntity,
  fields: readonly ScannedField[],
): { refuseBroken(): void } {
  let isChecked = false
  return {
    refuseBroken() {
      if (isChecked) return
      for (const { name } of fields) {
        if (hasBrokenText(db, entity, name)) {
          throw refuse(entity.entity, name, 'found text with broken encoding, need valid Unicode')
        }
      }
      isChecked = true
    },
  }
}

function hasBrokenText(db: DatabaseSync, { entity }: DescribedEntity, name: string): boolean {
  const encoding = db.prepare('PRAGMA main.encoding').get()?.['encoding']
  const isWhole = encoding === 'UTF-8' ? isUtf8 : isUtf16(String(encoding))
  const quoted = quoteName(name)
  const sql = `SELECT CAST(${quoted} AS BLOB) AS bytes FROM ${quoteTable(entity)}
    WHERE typeof(${quoted}) = 'text'`
  for (const { bytes } of db.prepare(sql).iterate()) {
    if (bytes instanceof Uint8Array && !isWhole(bytes)) return true
  }
  return false
}

function isUtf16(encoding: string): (bytes: Uint8Array) => boolean {
  const decoder = new TextDecoder(encoding === 'UTF-16be' ? 'utf-16be' : 'utf-16le', {
    fatal: true,
  })
  return (bytes) => {
    try {
      decoder.decode(bytes)
      return true
    } catch {
      return false
    }
  }
}

function refuse(entity: string, field: string, problem: string): AppError {
  const message = `Cannot read field "${field}" of "${entity}": ${problem}`
  return new AppError('connector.value-refused', message, { entity, field })
}
