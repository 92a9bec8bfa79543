import type { DatabaseSync } from 'node:sqlite'
import * as z from 'zod'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { CreatePlan, LeftOut } from '../connector.ts'
import { countBrokenRows } from './foreign-key-check.ts'
import { listTables } from './read-schema.ts'
import { isSameName, tableName } from './sql-name.ts'
import { callSqlite, readResultCode, SQLITE } from './sqlite-failure.ts'

const tableDefinition = z.object({ sql: z.string(), indexes: z.array(z.string()) })
const fileDefinition = z.object({ userVersion: z.int(), applicationId: z.int() })

/**
 * Creates the tables from the SQL that once created them in their source, constraints included:
 * SQLite adds none later. Foreign keys wait, because nothing enforces them while we write.
 */
export function createTables(db: DatabaseSync, { schemas, definition }: CreatePlan): void {
  const existing = listTables(db).map(({ name }) => name)
  if (existing.length === 0) markFile(db, definition)
  for (const schema of schemas) {
    const table = tableName(schema.entity)
    if (existing.some((name) => isSameName(name, table))) throw alreadyThere(schema.entity)
    callSqlite(`create table "${schema.entity}"`, 'connector.create-refused', () =>
      db.exec(readDefinition(schema).sql),
    )
  }
}

/** Adds indexes, sets the counters of AUTOINCREMENT, and tells which rows refer to nothing. */
export function finishTables(db: DatabaseSync, { schemas, sequences }: CreatePlan): LeftOut[] {
  const leftOut = schemas.flatMap((schema) =>
    readDefinition(schema).indexes.flatMap((sql) => createIndex(db, schema.entity, sql)),
  )
  for (const { entity } of schemas) {
    const seq = sequences[entity]
    if (seq !== undefined) setSequence(db, tableName(entity), seq)
  }
  return [...leftOut, ...schemas.flatMap(({ entity }) => findBroken(db, entity))]
}

/** Numbers with which programs recognise their own files. Only an empty file gets them. */
function markFile(db: DatabaseSync, definition: CreatePlan['definition']): void {
  const file = fileDefinition.safeParse(definition)
  if (!file.success) return
  db.exec(`PRAGMA main.user_version = ${file.data.userVersion}`)
  db.exec(`PRAGMA main.application_id = ${file.data.applicationId}`)
}

function readDefinition({ entity, definition }: SchemaVersion): z.infer<typeof tableDefinition> {
  const parsed = tableDefinition.safeParse(definition)
  if (parsed.success) return parsed.data
  const found = 'found a definition that is not from SQLite'
  const message = `Cannot create table "${entity}": ${found}, need the SQL of its table`
  throw new AppError('connector.create-refused', message, { entity }, { cause: parsed.error })
}

function createIndex(db: DatabaseSync, entity: EntityName, sql: string): LeftOut[] {
  try {
    db.exec(sql)
    return []
  } catch (error) {
    // A function or collation that only the source's own program brings.
    if (!(error instanceof Error) || readResultCode(error) !== SQLITE.error) {
      return callSqlite(`create an index of "${entity}"`, 'connector.create-refused', () => {
        throw error
      })
    }
    return [{ kind: 'index', name: `${entity}: ${sql}`, reason: error.message }]
  }
}

function setSequence(db: DatabaseSync, table: string, seq: string): void {
  db.prepare('DELETE FROM main.sqlite_sequence WHERE name = ?').run(table)
  db.prepare('INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)').run(table, BigInt(seq))
}

/** What a table held when it was captured is put back, even if its foreign keys say otherwise. */
function findBroken(db: DatabaseSync, entity: EntityName): LeftOut[] {
  const count = countBrokenRows(db, tableName(entity))
  if (count === 0) return []
  const refers = count === 1 ? 'refers to a record that is' : 'refer to records that are'
  const reason = `${count} of its rows ${refers} not there`
  return [{ kind: 'foreign key', name: entity, reason }]
}

function alreadyThere(entity: EntityName): AppError {
  const message = `Cannot create table "${entity}": found one, need a target without it`
  return new AppError('connector.target-changed', message, { entity })
}
