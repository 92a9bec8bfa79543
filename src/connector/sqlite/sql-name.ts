import { type EntityName, formatEntityName, splitEntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'

/** An SQL identifier, always quoted. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** The table of an entity, for SQL. */
export function quoteTable(entity: EntityName): string {
  return `main.${quoteName(tableName(entity))}`
}

export function formatTable(table: string): EntityName {
  return formatEntityName(['main', table])
}

export function tableName(entity: EntityName): string {
  const [schema, table, ...more] = splitEntityName(entity)
  assert(
    schema === 'main' && table !== undefined && more.length === 0,
    'An entity of SQLite is a table of main.',
  )
  return table
}

/** SQLite compares names without regard to the case of ASCII letters. */
export function isSameName(a: string, b: string): boolean {
  return foldName(a) === foldName(b)
}

export function foldName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
