import * as z from 'zod'
import type { JsonValue } from '#record/schema'

/**
 * What a table needs to be created again: what the server prints for it, taken apart. Kept in schema
 * versions for years: only add optional members. Members that hold their default are left out.
 */
const text = z.string()
/** Of columns by name, which may be called `constructor`: nothing is inherited. */
const byColumn = z
  .record(text, text)
  .default({})
  .transform((read): Record<string, string> => Object.assign(Object.create(null), read))

const foreignKey = z.object({
  name: text,
  fields: z.array(text),
  /** Of a table in another database; absent for one in its own. */
  database: text.optional(),
  table: text,
  referencedFields: z.array(text),
  onDelete: text.default('RESTRICT'),
  onUpdate: text.default('RESTRICT'),
})

const tableDefinition = z.object({
  engine: text.default('InnoDB'),
  /** Columns, keys and checks as the server prints them, foreign keys left out. */
  items: z.array(text).default([]),
  /** What stands behind the closing parenthesis, without the position of the counter. */
  options: text.default(''),
  foreignKeys: z.array(foreignKey).default([]),
  /** Types of the columns that are no generated ones, by name: what a scan reads. */
  types: byColumn,
  /** Columns whose text may not be exact: in character sets that Unicode does not hold whole. */
  charsets: byColumn,
})

export type TableDefinition = z.output<typeof tableDefinition>
export type ForeignKeyDefinition = z.output<typeof foreignKey>

export function parseTableDefinition(json: JsonValue): TableDefinition {
  return tableDefinition.parse(json)
}

export function compactDefinition(definition: TableDefinition): JsonValue {
  const { charsets, engine, foreignKeys, items, options, types } = definition
  return {
    ...(engine === 'InnoDB' ? {} : { engine }),
    items,
    options,
    types,
    ...(foreignKeys.length === 0 ? {} : { foreignKeys: foreignKeys.map(compactForeignKey) }),
    ...(Object.keys(charsets).length === 0 ? {} : { charsets }),
  }
}

function compactForeignKey({ database, onDelete, onUpdate, ...rest }: ForeignKeyDefinition) {
  return {
    ...rest,
    ...(database === undefined ? {} : { database }),
    ...(onDelete === 'RESTRICT' ? {} : { onDelete }),
    ...(onUpdate === 'RESTRICT' ? {} : { onUpdate }),
  }
}
