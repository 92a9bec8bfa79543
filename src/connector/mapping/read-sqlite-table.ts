import { DatabaseSync } from 'node:sqlite'
import * as z from 'zod'
import { sourceFields } from '#record/project'
import type { SchemaVersion } from '#record/schema'
import { type Column, listColumns, listIndexes, listTables } from '../sqlite/read-schema.ts'
import { foldName, quoteName, tableName } from '../sqlite/sql-name.ts'
import { convertText } from './convert-text.ts'
import { findChecks } from './find-checks.ts'
import type { NamedFields, NeutralDefault, NeutralTable, OwnType, Unmapped } from './neutral.ts'
import { formatCheck, parseCheck, SQLITE_SPELLING } from './portable-check.ts'
import type { SourceTables } from './source-tables.ts'
import { readSqliteType } from './sqlite-types.ts'

const tableDefinition = z.object({ sql: z.string(), indexes: z.array(z.string()) })

/**
 * Tables of SQLite as their schema versions remember them, in neutral words. SQLite itself reads its
 * own SQL: the tables are made in memory, without a row, and asked about.
 */
export function readSqliteTables({ schemas, sequences }: SourceTables): NeutralTable[] {
  return schemas.map((schema) => readTable(schema, sequences[schema.entity]))
}

function readTable(schema: SchemaVersion, sequence: string | undefined): NeutralTable {
  const { indexes: indexSql, sql } = tableDefinition.parse(schema.definition)
  const unmapped: Unmapped[] = []
  const { columns, indexes, isKeyIndexed } = askSqlite(tableName(schema.entity), {
    sql,
    indexSql,
    unmapped,
  })
  const columnByName = new Map(columns.map((column) => [column.name, column]))
  const names = new Set(schema.fields.map(({ name }) => name))
  const { checks, isBoolean, lengthByField } = readChecks(sql, names, unmapped)
  const fields = sourceFields(schema).map(({ isNullable, name, type }) => {
    const own = readSqliteType(type, lengthByField.get(name) ?? null)
    const said = own.neutral.kind === 'boolean' && !isBoolean.has(name) ? NOT_CHECKED : own.why
    const read = readDefault(columnByName.get(name), own)
    if (read === 'unknown') unmapped.push({ from: `default of ${name}`, why: COMPUTED_DEFAULT })
    const value = read === 'unknown' ? null : read
    return { ...own, why: said, name, isNullable, default: value, isFilled: read !== null }
  })
  for (const { isGenerated, name } of columns) {
    if (isGenerated) unmapped.push({ from: `generated field ${name}`, why: GENERATED })
  }
  const keyed = columns.filter(({ keyPlace }) => keyPlace > 0)
  const primaryKey = keyed.toSorted((a, b) => a.keyPlace - b.keyPlace).map(({ name }) => name)
  const [counter = ''] = primaryKey
  // The rowid itself, which needs no index, is numbered by SQLite, with AUTOINCREMENT or without.
  const isNumbered = primaryKey.length === 1 && !isKeyIndexed
  return {
    entity: schema.entity,
    fields,
    primaryKey,
    ...indexes,
    foreignKeys: schema.foreignKeys,
    checks,
    counter: isNumbered ? { field: counter, last: BigInt(sequence ?? 0) } : null,
    unmapped,
  }
}

const NOT_CHECKED = 'SQLite lets in any number: only 0 and 1 are kept'
const COMPUTED_DEFAULT = 'it is computed in a way that only SQLite knows'
const GENERATED = 'it is computed, and computed again nowhere else'
const NOT_PORTABLE = 'it uses what only SQLite knows'
const NO_SUCH_INDEX = 'it is over more than plain fields'

type Asked = {
  readonly columns: readonly Column[]
  readonly indexes: Pick<NeutralTable, 'uniques' | 'indexes'>
  readonly isKeyIndexed: boolean
}

function askSqlite(
  table: string,
  given: {
    readonly sql: string
    readonly indexSql: readonly string[]
    readonly unmapped: Unmapped[]
  },
): Asked {
  const db = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true })
  try {
    db.exec(given.sql)
    const made =
      listTables(db).find(({ name }) => foldName(name) === foldName(table))?.name ?? table
    for (const sql of given.indexSql) {
      try {
        db.exec(sql)
      } catch {
        given.unmapped.push({ from: sql, why: NOT_PORTABLE })
      }
    }
    return {
      columns: listColumns(db, made),
      indexes: readIndexes(db, made, given.unmapped),
      isKeyIndexed: listIndexes(db, made).some(({ isPrimaryKey }) => isPrimaryKey),
    }
  } finally {
    db.close()
  }
}

function readIndexes(db: DatabaseSync, table: string, unmapped: Unmapped[]): Asked['indexes'] {
  const uniques: NamedFields[] = []
  const indexes: NamedFields[] = []
  for (const { columns, isPartial, isPrimaryKey, isUnique, name } of listIndexes(db, table)) {
    if (isPrimaryKey) continue
    const fields = columns.flatMap((column) => column.name ?? [])
    const isPlain = fields.length === columns.length && !isPartial
    if (!isPlain) unmapped.push({ from: `index ${name}`, why: NO_SUCH_INDEX })
    else if (isUnique) uniques.push({ name, fields })
    else indexes.push({ name, fields })
  }
  return { uniques, indexes }
}

type Checks = {
  readonly checks: NeutralTable['checks']
  /** Fields of which a check says that they are 0 or 1. */
  readonly isBoolean: ReadonlySet<string>
  readonly lengthByField: ReadonlyMap<string, number>
}

/** What a table made for another platform says of its types by a check is a type again. */
function readChecks(sql: string, names: ReadonlySet<string>, unmapped: Unmapped[]): Checks {
  const isBoolean = new Set<string>()
  const lengthByField = new Map<string, number>()
  const checks: NeutralTable['checks'][number][] = []
  for (const { condition, name } of findChecks(sql)) {
    const tokens = parseCheck(condition, names, SQLITE_SPELLING)
    if (tokens === null) {
      unmapped.push({ from: `CHECK (${condition})`, why: NOT_PORTABLE })
      continue
    }
    const [field] = tokens.flatMap((token) => (token.kind === 'field' ? [token.name] : []))
    const quoted = quoteName(field ?? '')
    const plain = formatCheck(tokens, SQLITE_SPELLING, (text) => `'${text}'`)
    const [, length] = /^length\( .* \) <= ([0-9]+)$/.exec(plain) ?? []
    if (plain === `${quoted} IN ( 0 , 1 )` && field !== undefined) isBoolean.add(field)
    else if (
      length !== undefined &&
      field !== undefined &&
      plain.startsWith(`length( ${quoted} )`)
    ) {
      lengthByField.set(field, Number(length))
    } else checks.push({ name, tokens })
  }
  return { checks, isBoolean, lengthByField }
}

function readDefault(column: Column | undefined, own: OwnType): NeutralDefault | null | 'unknown' {
  const sql = column?.defaultSql ?? null
  if (sql === null || /^null$/i.test(sql)) return null
  if (/^(?:current_timestamp|current_date|strftime\('%Y-%m-%d %H:%M:%SZ', ?'now'\))$/i.test(sql)) {
    return { kind: 'now' }
  }
  const [, text] = /^'((?:[^']|'')*)'$/s.exec(sql) ?? []
  const [, number] = /^([+-]?[0-9]+(?:\.[0-9]+)?)$/.exec(sql) ?? []
  const word = /^(?:true|false)$/i.test(sql) ? String(Number(/^true$/i.test(sql))) : undefined
  const plain = text?.replaceAll("''", "'") ?? number ?? word
  if (plain === undefined || own.neutral.kind === 'bytes') return 'unknown'
  const value = convertText(own.codec, plain)
  return value === undefined ? 'unknown' : { kind: 'value', text: value }
}
