import { parseValue, readForm } from '../sqlite/field-form.ts'
import { quoteName, tableName } from '../sqlite/sql-name.ts'
import { convertBack } from './convert-text.ts'
import type { NeutralField, NeutralTable, OwnType, Unmapped } from './neutral.ts'
import { formatCheck, SQLITE_SPELLING } from './portable-check.ts'
import { writeSqliteType } from './sqlite-types.ts'
import {
  chooseChecks,
  fieldKey,
  findKeyed,
  type MadeField,
  type MadeTable,
  type MadeTables,
  type Naming,
  nameApart,
} from './write-tables.ts'

/** Tables in the words of SQLite. */
export function writeSqliteTables(tables: readonly NeutralTable[], naming: Naming): MadeTables {
  const names = new Set(tables.map(({ entity }) => tableName(naming(entity)).toLowerCase()))
  const keyed = findKeyed(tables)
  const made = tables.map((table) => writeTable(table, { keyed, naming, names }))
  const counters = tables.flatMap(({ counter, entity }) =>
    counter === null || counter.last === null || counter.last < 0n
      ? []
      : [[naming(entity), String(counter.last)] as const],
  )
  const counting = counters.filter(([entity]) =>
    made.some(
      (one) => one.entity === entity && / AUTOINCREMENT/.test(JSON.stringify(one.definition)),
    ),
  )
  return { tables: made, definition: {}, sequences: Object.fromEntries(counting) }
}

type Making = {
  readonly keyed: ReadonlySet<string>
  readonly naming: Naming
  /** Of tables and indexes. */
  readonly names: Set<string>
}

function writeTable(table: NeutralTable, { keyed, names, naming }: Making): MadeTable {
  const unmapped: Unmapped[] = [...table.unmapped]
  const name = tableName(naming(table.entity))
  const isCounting = table.counter?.field === table.primaryKey[0] && table.primaryKey.length === 1
  const counter = isCounting ? table.counter?.field : undefined
  const fields = table.fields.map((field) => {
    const made = writeField(field, keyed.has(fieldKey(table.entity, field.name)), unmapped)
    return field.name === counter ? { ...made, own: { ...made.own, type: 'INTEGER' } } : made
  })
  const items = [
    ...fields.map((field) => columnSql(field, field.name === counter)),
    ...(table.primaryKey.length === 0 || counter !== undefined
      ? []
      : [`PRIMARY KEY (${table.primaryKey.map(quoteName).join(', ')})`]),
    ...table.uniques.map((unique) => `UNIQUE (${unique.fields.map(quoteName).join(', ')})`),
    ...chooseChecks(table, new Set(), unmapped).map(({ tokens }) => {
      return `CHECK (${formatCheck(tokens, SQLITE_SPELLING, quoteText)})`
    }),
    ...table.foreignKeys.map((key) => {
      const other = quoteName(tableName(naming(key.entity)))
      const refers = `(${key.fields.map(quoteName).join(', ')}) REFERENCES ${other}`
      const actions = `ON DELETE ${key.onDelete} ON UPDATE ${key.onUpdate}`
      const to = key.referencedFields.map(quoteName).join(', ')
      return `FOREIGN KEY ${refers} (${to}) ${actions}${key.isDeferrable ? ' DEFERRABLE' : ''}`
    }),
  ]
  const indexes = table.indexes.map((index) => {
    const called = quoteName(nameApart(names, name, index))
    return `CREATE INDEX ${called} ON ${quoteName(name)} (${index.fields.map(quoteName).join(', ')})`
  })
  return {
    entity: naming(table.entity),
    fields,
    definition: { sql: `CREATE TABLE ${quoteName(name)} (\n  ${items.join(',\n  ')}\n)`, indexes },
    foreignKeys: table.foreignKeys,
    unmapped,
  }
}

function writeField(field: NeutralField, isKeyed: boolean, unmapped: Unmapped[]): MadeField {
  const own = writeSqliteType(field.neutral, isKeyed)
  const sql = field.default === null ? null : defaultSql(field.default, own)
  if (sql === undefined)
    unmapped.push({ from: `default of ${field.name}`, why: 'it is no constant' })
  return { name: field.name, own, isNullable: field.isNullable, default: sql ?? null }
}

function columnSql({ default: by, isNullable, name, own }: MadeField, isCounter: boolean): string {
  const quoted = quoteName(name)
  if (isCounter) return `${quoted} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL`
  const { neutral, type } = own
  const length = neutral.kind === 'text' ? neutral.length : null
  return [
    quoted,
    type,
    isNullable ? '' : 'NOT NULL',
    by === null ? '' : `DEFAULT ${by}`,
    neutral.kind === 'boolean' ? `CHECK (${quoted} IN (0, 1))` : '',
    length === null ? '' : `CHECK (length(${quoted}) <= ${length})`,
    neutral.kind === 'labels'
      ? `CHECK (${quoted} IN (${neutral.labels.map(quoteText).join(', ')}))`
      : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

function defaultSql(by: NonNullable<NeutralField['default']>, own: OwnType): string | undefined {
  if (by.kind === 'now') {
    if (own.neutral.kind === 'instant') return "(strftime('%Y-%m-%d %H:%M:%SZ', 'now'))"
    if (own.neutral.kind === 'moment') return 'CURRENT_TIMESTAMP'
    return own.neutral.kind === 'date' ? 'CURRENT_DATE' : undefined
  }
  const text = convertBack(own.codec, by.text)
  if (text === undefined) return undefined
  const value = parseValue(text, readForm(own.type))
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`
  return typeof value === 'string' ? quoteText(value) : text
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
