import { parseField } from '#record/row-text'
import { entryOf } from '#segment/columns'
import type { EntityPlace } from './customer-map.ts'
import type { EntityInMap } from './map-at.ts'
import type { IdentityField } from './map-schema.ts'
import { type MeasureDeps, sortValues } from './measure-links.ts'

/** A value of a field that parties are matched by, which several parties of one entity hold. */
export type SharedValue = EntityPlace & {
  /** Of the entity in the map. */
  readonly line: number
  readonly by: IdentityField
  readonly field: string
  readonly value: string
  readonly parties: number
}

/** Of one field of one entity so many are named, those that most share. */
const NAMED_MAX = 10

/**
 * The values that most parties of an entity share in a field, most first: a company that is there twice,
 * or a value that says nothing of who somebody is. Counts every record; what the map calls `none` is left
 * out. Holds what sorting holds.
 */
export async function findSharedValues(
  deps: MeasureDeps,
  entity: EntityInMap,
  by: IdentityField,
  signal: AbortSignal,
): Promise<SharedValue[]> {
  const { entity: name, identity, identityNone, line, source } = entity.map
  const field = identity[by]
  if (field === undefined || !entity.at.schema.fields.some((one) => one.name === field)) return []
  const projection = { fields: [field], when: [], none: ['', ...identityNone] }
  let most: { readonly key: Uint8Array; readonly parties: number }[] = []
  let held: { readonly key: Uint8Array; parties: number } | undefined
  const close = () => {
    if (held === undefined || held.parties < 2) return
    most.push(held)
    if (most.length >= 8 * NAMED_MAX) most = takeMost(most)
  }
  for await (const { count, keys } of sortValues(deps, entity, projection, signal)) {
    for (let i = 0; i < count; i++) {
      const key = entryOf(keys, i)
      if (held !== undefined && Buffer.compare(held.key, key) === 0) held.parties += 1
      else {
        close()
        held = { key: Uint8Array.from(key), parties: 1 }
      }
    }
  }
  close()
  return takeMost(most).map(({ key, parties }) => {
    // A mark stands before every value.
    const value = parseField(Buffer.from(key.subarray(1)).toString('utf8')) ?? ''
    return { source, entity: name, line, by, field, value, parties }
  })
}

function takeMost<Shared extends { readonly key: Uint8Array; readonly parties: number }>(
  shared: readonly Shared[],
): Shared[] {
  return [...shared]
    .sort((a, b) => b.parties - a.parties || Buffer.compare(a.key, b.key))
    .slice(0, NAMED_MAX)
}
