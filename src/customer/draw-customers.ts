import { createHash } from 'node:crypto'
import { formatKeyAddress } from '#record/address'
import { entryOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import { findByKeys } from './closure/find-records.ts'
import type { PartyRecord } from './find-party.ts'
import type { EntityInMap, MapAt } from './map-at.ts'

export type DrawOptions = {
  readonly count: number
  /** The same draws the same of the same records; what else there is moves few of them. */
  readonly seed: string
  readonly signal: AbortSignal
}

/** The entity that customers are drawn from: the first of the map with the role, that has any. */
export function drawnFrom({ entities }: Pick<MapAt, 'entities'>): EntityInMap | undefined {
  const customers = entities.filter(({ map }) => map.role === 'customer')
  return customers.find(({ rows }) => rows > 0) ?? customers[0]
}

/**
 * So many customers as by lot, in the order of their lots; all where there are fewer. Reads every key
 * of the entity and holds those that are drawn.
 */
export async function drawCustomers(
  entity: EntityInMap,
  { count, seed, signal }: DrawOptions,
): Promise<PartyRecord[]> {
  const { asOf, schema, schemas, segments } = entity.at
  const drawn: Lot[] = []
  const options = { segments, schemas, schema, asOf, rows: false, signal }
  for await (const batch of readState(entity.deps, options)) {
    for (let i = 0; i < batch.count; i++) {
      const key = entryOf(batch.keys, i)
      const address = formatKeyAddress(key, schema.key)
      const lot = createHash('sha256').update(`${seed}\n${address}`).digest('hex')
      const last = drawn.at(-1)
      if (drawn.length === count && last !== undefined && lot >= last.lot) continue
      drawn.splice(placeOf(drawn, lot), 0, { lot, key: Uint8Array.from(key), address })
      if (drawn.length > count) drawn.pop()
    }
  }
  const keys = drawn.map(({ key }) => key)
  const found = new Map<string, PartyRecord>()
  for (const record of await findByKeys(entity, keys, signal)) {
    found.set(record.key, { entity, ...record })
  }
  return drawn.flatMap(({ address }) => found.get(address) ?? [])
}

type Lot = { readonly lot: string; readonly key: Uint8Array; readonly address: string }

function placeOf(drawn: readonly Lot[], lot: string): number {
  const at = drawn.findIndex((one) => one.lot > lot)
  return at < 0 ? drawn.length : at
}
