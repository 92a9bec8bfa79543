import type { LookupSettings } from '#customer/finance-schema'
import { parseEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import type { Named } from './entities-at.ts'
import type { Conditions, Values } from './read-values.ts'

/** A small entity that says what others call by a number; it is filled before anything else is read. */
export type Lookup = Named & {
  readonly conditions: Conditions
  /** What the field of the key holds, with what it means. */
  readonly table: Map<string, string>
  /** @throws report.groups-too-many */
  add(values: Values): void
}

const ENTRIES_MAX = 100_000

/** Gathers what is to be looked up, each entity once. */
export class Lookups {
  readonly #all = new Map<string, Lookup>()

  get all(): readonly Lookup[] {
    return [...this.#all.values()]
  }

  tableOf(
    { line, source }: Pick<Named, 'line' | 'source'>,
    { entity, key, value }: LookupSettings,
  ): ReadonlyMap<string, string> {
    const name = JSON.stringify([source, entity, key, value])
    const known = this.#all.get(name)
    if (known !== undefined) return known.table
    const table = new Map<string, string>()
    const place = { source, line, entity: parseEntityName(entity), fields: [key, value] }
    const add = ([from, to]: Values) => {
      if (typeof from !== 'string' || typeof to !== 'string') return
      if (table.size >= ENTRIES_MAX) {
        const found = `found more than ${ENTRIES_MAX} records`
        throw new AppError('report.groups-too-many', `Cannot look up "${entity}": ${found}`)
      }
      table.set(from, to)
    }
    this.#all.set(name, { ...place, conditions: {}, table, add })
    return table
  }
}
