import { parseKeyAddress } from '#record/address'
import { decodeKey } from '#record/key'
import { isAppError } from '#stdx/app-error'
import { isSamePlace } from '../customer-map.ts'
import type { DecidedRecord, Decision } from '../decisions.ts'
import { keyOf } from '../key-of.ts'
import type { EntityInMap, LinkInMap } from '../map-at.ts'
import { DecidedParties } from './decided-parties.ts'
import { formatValues } from './find-records.ts'

/** What people decided, as it lies over points. */
export type Decided = {
  /** From the records of one entity to those of another that were decided to be the same; both ways. */
  readonly links: readonly DecidedLink[]
  readonly parties: DecidedParties
}

/** A link that no field holds. */
export type DecidedLink = LinkInMap & {
  /** Key values by key values, each as `formatValues` writes them. */
  readonly partners: ReadonlyMap<string, readonly (readonly string[])[]>
}

/**
 * Lays decisions over points. A record that is not there, or whose entity has another key by now, is left
 * out; what was decided on it stands.
 * @param standing of each two records at most one
 */
export function layDecisions(
  standing: readonly Decision[],
  entities: readonly EntityInMap[],
): Decided {
  const links: (DecidedLink & { readonly partners: Map<string, (readonly string[])[]> })[] = []
  for (const { a, b, decision } of standing) {
    if (decision === 'apart') continue
    for (const [one, other] of [[a, b] as const, [b, a] as const]) {
      const [from, to] = [findSide(one, entities), findSide(other, entities)]
      if (from === undefined || to === undefined) continue
      let link = links.find((known) => known.from === from.entity && known.to === to.entity)
      if (link === undefined) {
        link = { ...linkBetween(from.entity, to.entity), partners: new Map() }
        links.push(link)
      }
      const values = formatValues(from.values)
      link.partners.set(values, [...(link.partners.get(values) ?? []), to.values])
    }
  }
  return { links, parties: new DecidedParties(standing) }
}

function linkBetween(from: EntityInMap, to: EntityInMap): LinkInMap {
  const [fields, toFields] = [keyOf(from.at.schema), keyOf(to.at.schema)]
  const rest = { when: [], none: [], rowsMax: undefined, match: null }
  return { line: from.map.line, kind: 'same', from, to, fields, toFields, ...rest }
}

function findSide(
  record: DecidedRecord,
  entities: readonly EntityInMap[],
): { readonly entity: EntityInMap; readonly values: readonly string[] } | undefined {
  const entity = entities.find(({ map }) => isSamePlace(map, record))
  if (entity === undefined) return undefined
  const { key } = entity.at.schema
  if (key.kind === 'digest') return undefined
  try {
    return { entity, values: decodeKey(parseKeyAddress(record.key, key), key.encodings) }
  } catch (error) {
    if (isAppError(error, 'record.key-invalid')) return undefined
    throw error
  }
}
