import { type EntityName, splitEntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'

/** SQL for a name, always quoted: no list of reserved words can be out of date. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteQualified(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`
}

/** The SQL of an entity's table. */
export function quoteEntity(entity: EntityName): string {
  const [schema, name] = splitEntity(entity)
  return quoteQualified(schema, name)
}

/** Schema and table name of an entity. */
export function splitEntity(entity: EntityName): readonly [string, string] {
  const [schema, name, ...rest] = splitEntityName(entity)
  assert(
    schema !== undefined && name !== undefined && rest.length === 0,
    'An entity of PostgreSQL has a schema and a name.',
  )
  return [schema, name]
}

/** SQL for a text constant, right under any setting of `standard_conforming_strings`. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return text.includes('\\') ? `E${quoted}` : quoted
}

export function quoteNames(names: readonly string[]): string {
  return names.map(quoteName).join(', ')
}
