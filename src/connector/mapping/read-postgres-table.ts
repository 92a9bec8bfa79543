import { sourceFields } from '#record/project'
import type { SchemaVersion } from '#record/schema'
import { UNUSED } from '../postgres/catalogue/sequences.ts'
import {
  type ColumnDefinition,
  parseSharedDefinition,
  parseTableDefinition,
  type SharedDefinition,
  type TableDefinition,
} from '../postgres/definition.ts'
import { entityOf } from '../postgres/describe-table.ts'
import { convertText } from './convert-text.ts'
import type { NamedFields, NeutralDefault, NeutralTable, OwnType, Unmapped } from './neutral.ts'
import { POSTGRES_SPELLING, parseCheck } from './portable-check.ts'
import { readPostgresType } from './postgres-types.ts'
import type { SourceTables } from './source-tables.ts'

/** Tables of PostgreSQL as their schema versions remember them, in neutral words. */
export function readPostgresTables({
  definition,
  schemas,
  sequences,
}: SourceTables): NeutralTable[] {
  const shared = parseSharedDefinition(definition)
  return schemas.map((schema) => readTable(schema, { shared, sequences }))
}

type Surroundings = {
  readonly shared: SharedDefinition
  readonly sequences: Readonly<Record<string, string>>
}

function readTable(schema: SchemaVersion, { sequences, shared }: Surroundings): NeutralTable {
  const table = parseTableDefinition(schema.definition)
  const columnByName = new Map(table.columns.map((column) => [column.name, column]))
  const unmapped: Unmapped[] = []
  const fields = sourceFields(schema).map(({ isNullable, name, type }) => {
    const own = readPostgresType(type, shared)
    const column = columnByName.get(name)
    const read = column === undefined ? null : readDefault(column, own)
    if (read === 'unknown') unmapped.push({ from: `default of ${name}`, why: COMPUTED_DEFAULT })
    const isFilled = column !== undefined && (column.default !== null || column.identity !== null)
    return { ...own, name, isNullable, default: read === 'unknown' ? null : read, isFilled }
  })
  for (const { generated, name } of table.columns) {
    if (generated !== null) unmapped.push({ from: `generated field ${name}`, why: GENERATED })
  }
  const names = new Set(fields.map(({ name }) => name))
  return {
    entity: schema.entity,
    fields,
    ...readKeys(table, names, unmapped),
    foreignKeys: schema.foreignKeys,
    checks: readChecks(table, names, unmapped),
    counter: readCounter(schema, table, { shared, sequences }),
    unmapped,
  }
}

const COMPUTED_DEFAULT = 'it is computed in a way that only PostgreSQL knows'
const GENERATED = 'it is computed, and computed again nowhere else'

function readDefault(column: ColumnDefinition, own: OwnType): NeutralDefault | null | 'unknown' {
  const sql = column.default
  if (sql === null || /^nextval\(/.test(sql) || /^NULL(?:::|$)/.test(sql)) return null
  if (
    /^(?:now\(\)|CURRENT_TIMESTAMP(?:\(\d\))?|CURRENT_DATE|LOCALTIMESTAMP(?:\(\d\))?)$/.test(sql)
  ) {
    return { kind: 'now' }
  }
  const [, text] = /^'((?:[^']|'')*)'(?:::[^']+)?$/s.exec(sql) ?? []
  const [, number] = /^\(?(-?[0-9]+(?:\.[0-9]+)?)\)?(?:::[a-z0-9 (),]+)?$/.exec(sql) ?? []
  const isWord = sql === 'true' || sql === 'false'
  const plain = text?.replaceAll("''", "'") ?? number ?? (isWord ? sql[0] : undefined)
  // What is printed for another field than text may be any way to write the value.
  const value = plain === undefined ? undefined : convertText(own.codec, plain)
  return value === undefined ? 'unknown' : { kind: 'value', text: value }
}

function readKeys(
  table: TableDefinition,
  names: ReadonlySet<string>,
  unmapped: Unmapped[],
): Pick<NeutralTable, 'primaryKey' | 'uniques' | 'indexes'> {
  let primaryKey: readonly string[] = []
  const uniques: NamedFields[] = []
  const indexes: NamedFields[] = []
  for (const { definition, kind, name } of table.constraints) {
    const fields = readNames(/^(?:PRIMARY KEY|UNIQUE) \((.*)\)$/.exec(definition)?.[1], names)
    if (kind === 'p' && fields !== null) primaryKey = fields
    else if (kind === 'u' && fields !== null) uniques.push({ name, fields })
    else if (/[pux]/.test(kind)) unmapped.push({ from: definition, why: NO_SUCH_KEY })
  }
  for (const { definition, name } of table.indexes) {
    const [, unique, list] =
      /^CREATE (UNIQUE )?INDEX .* USING btree \(([^()]*)\)$/.exec(definition) ?? []
    const fields = readNames(list, names)
    if (fields === null) unmapped.push({ from: definition, why: NO_SUCH_INDEX })
    else if (unique === undefined) indexes.push({ name, fields })
    else uniques.push({ name, fields })
  }
  return { primaryKey, uniques, indexes }
}

const NO_SUCH_KEY = 'there is no such constraint on the other platform'
const NO_SUCH_INDEX = 'it is over more than plain fields'

/** Names that stand alone, quoted or not, in ascending order. */
function readNames(list: string | undefined, known: ReadonlySet<string>): string[] | null {
  if (list === undefined) return null
  const parts = list.match(/"(?:[^"]|"")*"(?: DESC)?|[^,\s][^,]*/g) ?? []
  const fields = parts.map((part) => {
    const plain = part.replace(/ DESC$/, '')
    return plain.startsWith('"') ? plain.slice(1, -1).replaceAll('""', '"') : plain
  })
  return fields.every((name) => known.has(name)) ? fields : null
}

function readChecks(
  table: TableDefinition,
  names: ReadonlySet<string>,
  unmapped: Unmapped[],
): NeutralTable['checks'] {
  return table.constraints.flatMap(({ definition, kind, name }) => {
    if (kind !== 'c') return []
    const [, condition] = /^CHECK \((.*)\)(?: NO INHERIT)?$/s.exec(definition) ?? []
    const tokens = condition === undefined ? null : parseCheck(condition, names, POSTGRES_SPELLING)
    if (tokens !== null) return [{ name, tokens }]
    unmapped.push({ from: definition, why: NOT_PORTABLE })
    return []
  })
}

const NOT_PORTABLE = 'it uses what only PostgreSQL knows'

function readCounter(
  schema: SchemaVersion,
  table: TableDefinition,
  { sequences, shared }: Surroundings,
): NeutralTable['counter'] {
  const column = table.columns.find(
    (one) => one.identity !== null || /^nextval\(/.test(one.default ?? ''),
  )
  if (column === undefined) return null
  const sequence = shared.sequences.find(
    ({ owner }) => owner?.entity === schema.entity && owner.column === column.name,
  )
  const position = sequence === undefined ? undefined : sequences[entityOf(sequence)]
  return { field: column.name, last: readLast(position) }
}

function readLast(position: string | undefined): bigint | null {
  if (position === undefined) return null
  if (position.endsWith(UNUSED)) return BigInt(position.slice(0, -UNUSED.length)) - 1n
  return BigInt(position)
}
