import { type EntityName, formatEntityName, splitEntityName } from '#record/entity-name'
import type { Pack } from './pack.ts'

/** A table as a pack names it: `$res_partner`, `$"tabSales Invoice"`. */
const TABLE = /\$(?:"([^"]+)"|(\w+))/g

/** The text of a pack with every table replaced. */
export function replaceTables(text: string, replace: (table: string) => string): string {
  return text.replaceAll(TABLE, (_, quoted?: string, plain?: string) => {
    return replace(quoted ?? plain ?? '')
  })
}

export type FoundTables = {
  /** What a table is called at the point; for one that is not there, what it would be called. */
  nameOf(table: string): EntityName
  /** Entities that the pack leaves out. */
  readonly leftOut: readonly EntityName[]
}

/**
 * Finds the tables of a pack among the entities of a point, whatever schema they lie in and whatever
 * prefix they bear (`llx_societe`): where the table of the parties may be is tried, and where most
 * of the other tables are, is taken. Upper and lower case are one, as some servers fold names.
 *
 * @returns `undefined` when the table of the parties is nowhere
 */
export function findTables(
  { anchor, leftOut, text }: Pack,
  entities: readonly EntityName[],
): FoundTables | undefined {
  const known = new Map(entities.map((entity) => [entity.toLowerCase(), entity]))
  const tables = new Set<string>()
  replaceTables(text, (table) => {
    tables.add(table)
    return table
  })
  const places = entities.flatMap((entity) => {
    const parts = splitEntityName(entity)
    const table = parts.at(-1) ?? ''
    if (!table.toLowerCase().endsWith(anchor.toLowerCase())) return []
    return [{ schema: parts.slice(0, -1), prefix: table.slice(0, -anchor.length) }]
  })
  const nameIn = ({ prefix, schema }: Place, table: string) => {
    const name = formatEntityName([...schema, `${prefix}${table}`])
    return known.get(name.toLowerCase()) ?? name
  }
  const counted = places.map((place) => {
    const found = [...tables].filter((table) => known.has(nameIn(place, table).toLowerCase()))
    return { place, count: found.length }
  })
  const best = counted.sort((a, b) => b.count - a.count)[0]?.place
  if (best === undefined) return undefined
  return {
    nameOf: (table) => nameIn(best, table),
    leftOut: entities.filter((entity) => isLeftOut(entity, best, leftOut)),
  }
}

type Place = { readonly schema: readonly string[]; readonly prefix: string }

function isLeftOut(entity: EntityName, { prefix, schema }: Place, patterns: readonly string[]) {
  const parts = splitEntityName(entity)
  const table = parts.at(-1) ?? ''
  if (parts.slice(0, -1).join('.') !== schema.join('.') || !table.startsWith(prefix)) return false
  const rest = table.slice(prefix.length).toLowerCase()
  return patterns.some((pattern) => {
    const folded = pattern.toLowerCase()
    return folded.endsWith('*') ? rest.startsWith(folded.slice(0, -1)) : rest === folded
  })
}
