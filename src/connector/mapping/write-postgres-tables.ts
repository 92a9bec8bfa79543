import { formatEntityName } from '#record/entity-name'
import type { JsonValue } from '#record/schema'
import {
  compactDefinition,
  parseTableDefinition,
  type SharedDefinition,
} from '../postgres/definition.ts'
import { quoteEntity, quoteLiteral, quoteName, quoteNames, splitEntity } from '../postgres/quote.ts'
import { convertBack } from './convert-text.ts'
import type { NeutralField, NeutralTable, OwnType, Unmapped } from './neutral.ts'
import { formatCheck, POSTGRES_SPELLING } from './portable-check.ts'
import { writePostgresType } from './postgres-types.ts'
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

/** Tables in the words of PostgreSQL. */
export function writePostgresTables(tables: readonly NeutralTable[], naming: Naming): MadeTables {
  const relations = new Set(
    tables.map(({ entity }) => splitEntity(naming(entity))[1].toLowerCase()),
  )
  const keyed = findKeyed(tables)
  const made = tables.map((table) => writeTable(table, { keyed, naming, relations }))
  const counters = tables.flatMap((table) => writeCounter(table, naming, relations))
  const schemas = [...new Set(made.map(({ entity }) => splitEntity(entity)[0]))]
  const shared: SharedDefinition = {
    entities: made.map(({ entity }) => entity),
    schemas,
    extensions: [],
    collations: [],
    enums: [],
    domains: [],
    composites: [],
    ranges: [],
    sequences: counters.map(({ sequence }) => sequence),
  }
  const positions = counters.flatMap(({ last, sequence }) => {
    const name = formatEntityName([sequence.schema, sequence.name])
    return last === null || last < 1n ? [] : [[name, String(last)] as const]
  })
  return {
    tables: made,
    definition: compactDefinition(shared),
    sequences: Object.fromEntries(positions),
  }
}

type Making = {
  readonly keyed: ReadonlySet<string>
  readonly naming: Naming
  /** Names of tables, indexes and sequences, which a schema has each once. */
  readonly relations: Set<string>
}

function writeTable(table: NeutralTable, { keyed, naming, relations }: Making): MadeTable {
  const unmapped: Unmapped[] = [...table.unmapped]
  const [schema, name] = splitEntity(naming(table.entity))
  const fields = table.fields.map((field) =>
    writeField(field, keyed.has(fieldKey(table.entity, field.name)), unmapped),
  )
  const constraints = new Set<string>()
  const constraint = (
    kind: string,
    key: { name: string; fields: readonly string[] },
    sql: string,
  ) => ({
    name: nameApart(/[pu]/.test(kind) ? relations : constraints, name, key),
    kind,
    definition: sql,
  })
  const primary = { name: `${name}_pkey`, fields: table.primaryKey }
  const definition = {
    schema,
    name,
    columns: fields.map((field) => ({
      name: field.name,
      type: field.own.type,
      isNotNull: !field.isNullable,
      ...(field.default === null ? {} : { default: field.default }),
      ...(field.name === table.counter?.field ? { identity: 'd' } : {}),
    })),
    constraints: [
      ...(table.primaryKey.length === 0
        ? []
        : [constraint('p', primary, `PRIMARY KEY (${quoteNames(table.primaryKey)})`)]),
      ...table.uniques.map((key) => constraint('u', key, `UNIQUE (${quoteNames(key.fields)})`)),
      ...checksOf(table, name, unmapped).map(({ check, sql }) => constraint('c', check, sql)),
      ...table.foreignKeys.map((key) => ({
        ...constraint('f', key, foreignKeySql(key, naming)),
        references: naming(key.entity),
      })),
    ],
    indexes: table.indexes.map((key) => {
      const called = nameApart(relations, name, key)
      const on = `${quoteName(schema)}.${quoteName(name)}`
      const sql = `CREATE INDEX ${quoteName(called)} ON ${on} USING btree (${quoteNames(key.fields)})`
      return { name: called, definition: sql }
    }),
  }
  return {
    entity: naming(table.entity),
    fields,
    definition: compactDefinition(parseTableDefinition(definition as unknown as JsonValue)),
    foreignKeys: table.foreignKeys,
    unmapped,
  }
}

function checksOf(table: NeutralTable, name: string, unmapped: Unmapped[]) {
  const labels = table.fields.flatMap(({ name: field, neutral }) => {
    if (neutral.kind !== 'labels') return []
    const list = neutral.labels.map(quoteLiteral).join(', ')
    const check = { name: `${name}_${field}_check`, fields: [field] }
    return [{ check, sql: `CHECK (${quoteName(field)} IN (${list}))` }]
  })
  const kinds = new Set(['decimal', 'date', 'moment'])
  const conditions = chooseChecks(table, kinds, unmapped).map(({ name: called, tokens }) => ({
    check: { name: called ?? `${name}_check`, fields: [] },
    sql: `CHECK (${formatCheck(tokens, POSTGRES_SPELLING, quoteLiteral)})`,
  }))
  return [...labels, ...conditions]
}

function foreignKeySql(key: NeutralTable['foreignKeys'][number], naming: Naming): string {
  const other = `${quoteEntity(naming(key.entity))} (${quoteNames(key.referencedFields)})`
  const actions = `ON UPDATE ${key.onUpdate} ON DELETE ${key.onDelete}`
  return `FOREIGN KEY (${quoteNames(key.fields)}) REFERENCES ${other} ${actions}${key.isDeferrable ? ' DEFERRABLE' : ''}`
}

function writeField(field: NeutralField, isKeyed: boolean, unmapped: Unmapped[]): MadeField {
  const own = writePostgresType(field.neutral, isKeyed)
  const sql = field.default === null ? null : defaultSql(field.default, own)
  if (sql === undefined)
    unmapped.push({ from: `default of ${field.name}`, why: 'it is no constant' })
  return { name: field.name, own, isNullable: field.isNullable, default: sql ?? null }
}

function defaultSql(by: NonNullable<NeutralField['default']>, own: OwnType): string | undefined {
  if (by.kind === 'now') {
    if (own.neutral.kind === 'date') return 'CURRENT_DATE'
    return /^(?:moment|instant)$/.test(own.neutral.kind) ? 'CURRENT_TIMESTAMP' : undefined
  }
  const text = convertBack(own.codec, by.text)
  return text === undefined ? undefined : `${quoteLiteral(text)}::${own.type}`
}

function writeCounter(
  { counter, entity, fields }: NeutralTable,
  naming: Naming,
  relations: Set<string>,
) {
  const field = fields.find(({ name }) => name === counter?.field)
  if (counter === null || field === undefined) return []
  const [schema, table] = splitEntity(naming(entity))
  const { type } = writePostgresType(field.neutral, true)
  const name = nameApart(relations, table, { name: `${table}_${field.name}_seq`, fields: [] })
  const sequence = {
    schema,
    name,
    isUnlogged: false,
    type,
    start: '1',
    increment: '1',
    min: '1',
    max: MAX_BY_TYPE[type] ?? MAX_BIGINT,
    cache: '1',
    isCycle: false,
    owner: { entity: naming(entity), column: field.name },
    isIdentity: true,
  }
  return [{ sequence, last: counter.last }]
}

const MAX_BIGINT = '9223372036854775807'
const MAX_BY_TYPE: Readonly<Record<string, string>> = { smallint: '32767', integer: '2147483647' }
