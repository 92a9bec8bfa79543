import { type EntityName, formatEntityName, splitEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import type { NeutralTable } from './neutral.ts'
import type { Platform } from './platforms.ts'
import type { Naming } from './write-tables.ts'

/** The schema whose tables are called by their name alone where there are no schemas. */
const PLAIN_SCHEMAS = new Set(['public', 'main'])

/**
 * Names on another platform: `public.customer`, `customer` and `main.customer` are one; a table of
 * another schema takes its schema along: `crm_customer`.
 * @throws connector.mapping-refused when two would have one name there, or one is too long
 */
export function nameTables(tables: readonly NeutralTable[], to: Platform): Naming {
  const refuse = (entity: EntityName, found: string) => {
    const message = `Cannot map "${entity}" to ${to.title}: ${found}`
    return new AppError('connector.mapping-refused', message, { entity })
  }
  const byFolded = new Map<string, EntityName>()
  for (const { entity, fields } of tables) {
    const table = plainName(entity)
    const other = byFolded.get(fold(table, to))
    if (other !== undefined) throw refuse(entity, `"${other}" would have the same name there`)
    byFolded.set(fold(table, to), entity)
    const names = new Set<string>()
    for (const { name } of fields) {
      if (names.has(fold(name, to)))
        throw refuse(entity, `two fields would be called "${name}" there`)
      names.add(fold(name, to))
    }
    const long = [table, ...fields.map(({ name }) => name)].find(
      (name) => Buffer.byteLength(name) > to.nameBytesMax,
    )
    if (long !== undefined) throw refuse(entity, `the name "${long}" is too long there`)
  }
  return (entity) => formatEntityName(to.nameTable(plainName(entity)))
}

function plainName(entity: EntityName): string {
  const parts = splitEntityName(entity)
  const [schema = '', table] = parts
  if (table === undefined) return schema
  return PLAIN_SCHEMAS.has(schema) ? table : `${schema}_${table}`
}

function fold(name: string, { isCaseless }: Platform): string {
  return isCaseless ? name.toLowerCase() : name
}
