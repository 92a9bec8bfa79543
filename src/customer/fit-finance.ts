import { entityAt } from '#history/entity-at'
import { entryOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import { assert } from '#stdx/assert'
import { formatYamlScalar } from '#stdx/format-yaml-scalar'
import { describeRecord } from './closure/find-records.ts'
import { entitiesOf, type SourceAt } from './map-at.ts'
import { findTables, replaceTables } from './packs/find-tables.ts'
import { LACKING_MARK } from './packs/fit-pack.ts'
import type { Pack, PackValue } from './packs/pack.ts'

/** The section `finance` of a map, as far as a pack knows it. */
export type FittedFinance = {
  readonly lines: readonly string[]
  /** What is to be looked up in the point and is not there. */
  readonly lacking: readonly string[]
}

/**
 * Writes what customers owe by the words of a pack, with what differs between installations read from
 * the point: accounts, the currency. Whether all that it names is there is for others to judge.
 */
export async function fitFinance(
  pack: Pack,
  at: SourceAt,
  signal: AbortSignal,
): Promise<FittedFinance | undefined> {
  const { finance } = pack
  const tables = findTables(
    pack,
    entitiesOf(at).map(({ entity }) => entity),
  )
  if (finance === undefined || tables === undefined) return undefined
  const lacking: string[] = []
  let text = replaceTables(finance.text, (table) => formatYamlScalar(tables.nameOf(table)))
  text = text.replaceAll('%source%', formatYamlScalar(at.source))
  for (const [name, value] of Object.entries(finance.values)) {
    const found = await findValues(at, { ...value, table: tables.nameOf(value.table) }, signal)
    const isFit = value.count === 'one' ? found.length === 1 : found.length > 0
    if (!isFit) lacking.push(describeLacking(value, tables.nameOf(value.table), found.length))
    text = text.replaceAll(`%${name}%`, formatFound(value, found))
  }
  const lines = ['finance:', '  receivables:', ...text.replace(/^\n|\n$/g, '').split('\n')]
  return { lines, lacking }
}

/** The same lines, none of which counts. */
export function markFinance(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/\S/, (first) => `${LACKING_MARK}${first}`))
}

/** What the field holds, ascending; none where the point does not hold the table or the fields. */
async function findValues(
  { deps, point, state }: SourceAt,
  { by, field, table, value }: PackValue,
  signal: AbortSignal,
): Promise<string[]> {
  const entity = point.entities.find((one) => one.entity === table)?.entity
  if (entity === undefined) return []
  const { asOf, schema, schemas, segments } = entityAt(state, point, entity)
  const found = new Set<string>()
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  for await (const { count, keys, large, rows } of readState(deps, options)) {
    assert(rows !== null, 'Rows were asked for.')
    for (let i = 0; i < count; i++) {
      const row = { key: entryOf(keys, i), row: entryOf(rows, i), large: large.get(i) ?? [] }
      const { fields } = describeRecord(schema, row)
      const own = fields[field]
      if (fields[by] === value && typeof own === 'string' && own !== '') found.add(own)
    }
  }
  return [...found].sort()
}

function formatFound({ count }: PackValue, found: readonly string[]): string {
  const scalars = found.map(formatYamlScalar)
  return count === 'one' ? (scalars[0] ?? "'?'") : `[${scalars.join(', ') || "'?'"}]`
}

function describeLacking({ by, field, value }: PackValue, table: string, found: number): string {
  const what = found === 0 ? 'no' : 'more than one'
  return `${table} ${what} ${field} where ${by} is ${value}`
}
