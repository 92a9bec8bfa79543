import { parseEntityName } from '#record/entity-name'
import type {
  ColumnDefinition,
  PartitionDefinition,
  SequenceDefinition,
  SharedDefinition,
  TableDefinition,
} from './definition.ts'
import { quoteEntity, quoteLiteral, quoteName, quoteQualified } from './quote.ts'

/** Tables by name that a child may inherit from: those that exist or are created with it. */
export type CreateContext = {
  readonly hasTable: (name: string) => boolean
  readonly identityByColumn: ReadonlyMap<string, SequenceDefinition>
}

/** Where the sequence of an identity column is found in the context. */
export function columnKey(table: { schema: string; name: string }, column: string): string {
  return `${quoteQualified(table.schema, table.name)}.${quoteName(column)}`
}

/**
 * A table without defaults, keys, constraints and indexes; those follow when it is filled. Columns
 * are in the source's order. Not null stands here, so that rows are checked as they come.
 *
 * @param without generated columns to leave out, because their function is not there
 */
export function tableSql(
  table: TableDefinition | PartitionDefinition,
  context: CreateContext,
  without: ReadonlySet<string> = new Set(),
): string {
  const isPartition = table.bound !== null
  const parents = isPartition
    ? []
    : table.parents.map(({ schema, name }) => quoteQualified(schema, name)).filter(context.hasTable)
  const columns = table.columns
    .filter(({ isOnlyInherited }) => parents.length === 0 || !isOnlyInherited)
    .filter(({ name }) => !without.has(name))
    .map((column) => columnSql(column, { table, context, isPartition }))
  const body = table.ofType === null ? `(${columns.join(', ')})` : `of ${table.ofType}`
  return [
    `create ${table.isUnlogged ? 'unlogged ' : ''}table ${quoteQualified(table.schema, table.name)}`,
    body,
    parents.length === 0 ? '' : `inherits (${parents.join(', ')})`,
    table.partitionKey === null ? '' : `partition by ${table.partitionKey}`,
    table.method === null ? '' : `using ${quoteName(table.method)}`,
    table.options.length === 0 ? '' : `with (${table.options.map(optionSql).join(', ')})`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

export function attachSql(partition: PartitionDefinition): string {
  const [parent] = partition.parents
  if (parent === undefined || partition.bound === null) return ''
  const name = quoteQualified(partition.schema, partition.name)
  return `alter table ${quoteQualified(parent.schema, parent.name)} attach partition ${name} ${partition.bound}`
}

type ColumnPlace = {
  readonly table: PartitionDefinition
  readonly context: CreateContext
  readonly isPartition: boolean
}

function columnSql(column: ColumnDefinition, place: ColumnPlace): string {
  const { collation, generated, generatedKind } = column
  const kind = generatedKind === 'v' ? 'virtual' : 'stored'
  return [
    quoteName(column.name),
    column.type,
    collation === null ? '' : `collate ${collation}`,
    generated === null ? '' : `generated always as (${generated}) ${kind}`,
    identitySql(column, place),
    notNullSql(column),
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** A partition gets its identity from the table it is attached to. */
function identitySql(
  column: ColumnDefinition,
  { table, context, isPartition }: ColumnPlace,
): string {
  if (column.identity === null || isPartition) return ''
  const always = column.identity === 'a' ? 'always' : 'by default'
  const sequence = context.identityByColumn.get(columnKey(table, column.name))
  if (sequence === undefined) return `generated ${always} as identity`
  const name = quoteQualified(sequence.schema, sequence.name)
  return `generated ${always} as identity (sequence name ${name} ${sequenceOptions(sequence)})`
}

function notNullSql(column: ColumnDefinition): string {
  if (!column.isNotNull) return ''
  if (column.notNull === null) return 'not null'
  const inherit = column.notNull.isInherited ? '' : ' no inherit'
  return `constraint ${quoteName(column.notNull.name)} not null${inherit}`
}

/** `fillfactor=70` or `toast.autovacuum_enabled=false`, as `pg_class.reloptions` holds them. */
function optionSql(option: string): string {
  const [, toast = '', name = '', value = ''] = /^(toast\.)?([^=]*)=(.*)$/s.exec(option) ?? []
  return `${toast}${quoteName(name)} = ${quoteLiteral(value)}`
}

export function sequenceSql(sequence: SequenceDefinition): string {
  const name = quoteQualified(sequence.schema, sequence.name)
  const unlogged = sequence.isUnlogged ? 'unlogged ' : ''
  return `create ${unlogged}sequence ${name} as ${sequence.type} ${sequenceOptions(sequence)}`
}

function sequenceOptions(sequence: SequenceDefinition): string {
  const { start, increment, min, max, cache, isCycle } = sequence
  const cycle = isCycle ? 'cycle' : 'no cycle'
  return `start with ${start} increment by ${increment} minvalue ${min} maxvalue ${max} cache ${cache} ${cycle}`
}

export function ownedBySql(sequence: SequenceDefinition): string {
  const { owner } = sequence
  if (owner === null) return ''
  const column = `${quoteEntity(parseEntityName(owner.entity))}.${quoteName(owner.column)}`
  return `alter sequence ${quoteQualified(sequence.schema, sequence.name)} owned by ${column}`
}

const STORAGE: Readonly<Record<string, string>> = {
  p: 'plain',
  e: 'external',
  m: 'main',
  x: 'extended',
}

/** What a column is told after its table is there, each with the kind it is reported as. */
export function columnSettings(column: ColumnDefinition): { kind: string; sql: string }[] {
  const settings = [
    { kind: 'default', sql: column.default === null ? null : `set default ${column.default}` },
    {
      kind: 'storage',
      sql: column.storage === null ? null : `set storage ${STORAGE[column.storage]}`,
    },
    {
      kind: 'compression',
      sql:
        column.compression === null
          ? null
          : `set compression ${column.compression === 'l' ? 'lz4' : 'pglz'}`,
    },
    {
      kind: 'statistics target',
      sql: column.statistics === null ? null : `set statistics ${column.statistics}`,
    },
    {
      kind: 'column options',
      sql: column.options.length === 0 ? null : `set (${column.options.map(optionSql).join(', ')})`,
    },
  ]
  return settings.flatMap(({ kind, sql }) =>
    sql === null ? [] : [{ kind, sql: `alter column ${quoteName(column.name)} ${sql}` }],
  )
}

type Shared<Name extends keyof SharedDefinition> = SharedDefinition[Name][number]

export function enumSql(type: Shared<'enums'>): string {
  return `create type ${type.type} as enum (${type.labels.map(quoteLiteral).join(', ')})`
}

/** A domain without its checks, whose functions may be missing. */
export function domainSql(type: Shared<'domains'>): string {
  return [
    `create domain ${type.type} as ${type.base}`,
    type.collation === null ? '' : `collate ${type.collation}`,
    type.isNotNull ? 'not null' : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

export function compositeSql(type: Shared<'composites'>): string {
  const attributes = type.attributes.map(({ name, type: of, collation }) =>
    [quoteName(name), of, collation === null ? '' : `collate ${collation}`].join(' '),
  )
  return `create type ${type.type} as (${attributes.join(', ')})`
}

export function rangeSql(type: Shared<'ranges'>): string {
  const options = [
    `subtype = ${type.subtype}`,
    type.operatorClass === null ? '' : `subtype_opclass = ${type.operatorClass}`,
    type.collation === null ? '' : `collation = ${type.collation}`,
    type.difference === null ? '' : `subtype_diff = ${type.difference}`,
    type.multirange === null
      ? ''
      : `multirange_type_name = ${quoteQualified(type.schema, type.multirange)}`,
  ]
  return `create type ${type.type} as range (${options.filter((part) => part !== '').join(', ')})`
}

export function collationSql(collation: Shared<'collations'>): string {
  const name = quoteQualified(collation.schema, collation.name)
  const provider = PROVIDERS[collation.provider] ?? collation.provider
  const locale = collation.locale ?? (provider === 'libc' ? null : collation.collate)
  const options = [
    `provider = ${provider}`,
    locale === null
      ? `lc_collate = ${quoteLiteral(collation.collate ?? 'C')}, lc_ctype = ${quoteLiteral(collation.ctype ?? 'C')}`
      : `locale = ${quoteLiteral(locale)}`,
    collation.rules === null ? '' : `rules = ${quoteLiteral(collation.rules)}`,
    collation.isDeterministic ? '' : 'deterministic = false',
  ]
  return `create collation ${name} (${options.filter((part) => part !== '').join(', ')})`
}

const PROVIDERS: Readonly<Record<string, string>> = { c: 'libc', i: 'icu', b: 'builtin' }
