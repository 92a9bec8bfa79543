import { type EntityName, formatEntityName, splitEntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'

/** SQL for a name, always quoted: no list of reserved words can be out of date. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

export function quoteNames(names: readonly string[]): string {
  return names.map(quoteName).join(', ')
}

/** SQL for a text constant, while `NO_BACKSLASH_ESCAPES` is off, as every session pins it. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\0', '\\0')}'`
}

/** The entity of a table: a source is one database, so the table's name says it all. */
export function entityOf(table: string): EntityName {
  return formatEntityName([table])
}

/** The table of an entity. */
export function tableOf(entity: EntityName): string {
  const [table, ...rest] = splitEntityName(entity)
  assert(table !== undefined && rest.length === 0, 'An entity of MariaDB is the name of a table.')
  return table
}
