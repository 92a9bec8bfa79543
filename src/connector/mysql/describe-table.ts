import { NULL_FIELD } from '#record/row-text'
import type {
  DescribedEntity,
  DescribedField,
  DescribedKey,
  ForeignKey,
  KeyEncoding,
} from '#record/schema'
import { assert } from '#stdx/assert'
import type { ColumnRow, ForeignKeyRow, IndexRow, TableRow } from './catalogue.ts'
import { parseCreateStatement, withoutCounter, withoutForeignKeys } from './create-statement.ts'
import { compactDefinition, type TableDefinition } from './definition.ts'
import { baseType, isBytes, isInteger, isSortedAsKey } from './field-form.ts'
import { entityOf } from './quote.ts'

/** Everything the catalogue said about one table. */
export type TableFacts = {
  readonly database: string
  readonly table: TableRow
  readonly columns: readonly ColumnRow[]
  readonly indexes: readonly IndexRow[]
  readonly foreignKeys: readonly ForeignKeyRow[]
  /** What `SHOW CREATE TABLE` prints; empty where that is not allowed. */
  readonly create: string
  readonly missingGrant: string | null
}

/** Character sets that Unicode holds whole: their text comes and goes without a loss. */
const EXACT_CHARSETS = new Set([
  'ascii',
  'latin1',
  'ucs2',
  'utf16',
  'utf16le',
  'utf32',
  'utf8',
  'utf8mb3',
  'utf8mb4',
])

export function describeEntity(facts: TableFacts): DescribedEntity {
  const { columns, indexes, table } = facts
  const key = chooseKey(facts)
  return {
    entity: entityOf(table.table),
    // Nothing that is allowed to everybody tells a table from one of the same name before it.
    sourceId: null,
    fields: columns.filter(({ isGenerated }) => !isGenerated).map(describeField),
    key: key?.described ?? null,
    uniqueFields: indexes.flatMap(({ fields }) => fields),
    uniqueKeys: indexes.map(({ fields }) => fields),
    foreignKeys: describeForeignKeys(facts),
    definition: compactDefinition(describeDefinition(facts)),
    scanOrder: key?.isSorted === true ? 'key' : 'none',
    missingGrant: facts.missingGrant,
  }
}

function describeField({ hasDefault, isNullable, name, type }: ColumnRow): DescribedField {
  return {
    name,
    type,
    isNullable,
    sourceId: null,
    missing: isNullable && !hasDefault ? NULL_FIELD : null,
  }
}

/**
 * The primary key, or the unique index over never-null columns with the fewest columns, the first
 * by name among those: a choice that does not change while the table does not.
 */
function chooseKey({
  columns,
  indexes,
}: TableFacts): { described: DescribedKey; isSorted: boolean } | undefined {
  const byName = new Map(columns.map((column) => [column.name, column]))
  const usable = indexes
    .filter(({ fields }) =>
      fields.every((field) => {
        const column = byName.get(field)
        return (
          column !== undefined && !column.isNullable && !column.isGenerated && isKeyType(column)
        )
      }),
    )
    .toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
  const chosen = usable[0]
  if (chosen === undefined) return undefined
  const own = chosen.fields.map((field) => {
    const column = byName.get(field)
    assert(column !== undefined, 'An index is over columns of its table.')
    return column
  })
  const encodings = own.map(({ type }) => encodingOf(type))
  // Rows lie in the order of the primary key; by another index the server would have to sort them.
  const isSorted =
    chosen.name === PRIMARY && own.every(({ type, collation }) => isSortedAsKey(type, collation))
  return { described: { fields: chosen.fields, encodings }, isSorted }
}

const PRIMARY = 'PRIMARY'

function rank(index: IndexRow): number {
  return index.name === PRIMARY ? 0 : index.fields.length
}

/** A float that is found by its text need not be found by its value. */
function isKeyType({ type }: ColumnRow): boolean {
  return baseType(type) !== 'float' && baseType(type) !== 'double'
}

function encodingOf(type: string): KeyEncoding {
  if (isInteger(type)) return 'integer'
  if (baseType(type) === 'uuid') return 'uuid'
  return isBytes(type) ? 'bytes' : 'text'
}

function describeForeignKeys({ database, foreignKeys }: TableFacts): ForeignKey[] {
  return foreignKeys
    .filter((key) => key.database === database)
    .map((key) => ({
      name: key.name,
      fields: key.fields,
      entity: entityOf(key.referenced),
      referencedFields: key.referencedFields,
      onDelete: key.onDelete,
      onUpdate: key.onUpdate,
      isDeferrable: false,
    }))
}

function describeDefinition(facts: TableFacts): TableDefinition {
  const { columns, create, database, foreignKeys, table } = facts
  const { items, options } =
    create === '' ? { items: [], options: '' } : parseCreateStatement(create)
  const rare = columns.filter(({ charset }) => charset !== null && !EXACT_CHARSETS.has(charset))
  return {
    engine: table.engine,
    items: withoutForeignKeys(items),
    options: withCollation(withoutCounter(options), table.collation),
    foreignKeys: foreignKeys.map((key) => ({
      name: key.name,
      fields: [...key.fields],
      ...(key.database === database ? {} : { database: key.database }),
      table: key.referenced,
      referencedFields: [...key.referencedFields],
      onDelete: key.onDelete,
      onUpdate: key.onUpdate,
    })),
    types: Object.fromEntries(
      columns.filter(({ isGenerated }) => !isGenerated).map(({ name, type }) => [name, type]),
    ),
    charsets: Object.fromEntries(rare.map(({ charset, name }) => [name, charset ?? ''])),
  }
}

/** Which collation a character set has by default differs between servers. */
function withCollation(options: string, collation: string): string {
  if (collation === '' || !options.includes(' DEFAULT CHARSET=')) return options
  if (/ DEFAULT CHARSET=\w+ COLLATE=/.test(options)) return options
  return options.replace(/( DEFAULT CHARSET=\w+)/, `$1 COLLATE=${collation}`)
}
