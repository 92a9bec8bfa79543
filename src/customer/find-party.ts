import { AppError } from '#stdx/app-error'
import { type Ask, findRecords, formatValues, valuesOf } from './closure/find-records.ts'
import { formatPlace, isSamePlace } from './customer-map.ts'
import type { Closure, ClosureRecord } from './find-closure.ts'
import { keyOf } from './key-of.ts'
import type { EntityInMap, MapAt } from './map-at.ts'
import { isParty } from './roles.ts'

export type PartyRecord = Omit<ClosureRecord, 'way'>

export type FindPartyOptions = {
  /** The number that people know the party by, or its key. */
  readonly id: string
  /** Only parties of this source. */
  readonly source: string | undefined
  readonly signal: AbortSignal
}

/**
 * The records of parties that bear a number, in every system, in the order of the map.
 * @throws customer.unknown when there is none
 */
export async function findParty(
  { entities }: Pick<MapAt, 'entities'>,
  { id, signal, source }: FindPartyOptions,
): Promise<PartyRecord[]> {
  const parties = entities.filter(({ map }) => {
    return isParty(map.role) && (source === undefined || map.source === source)
  })
  const found: PartyRecord[] = []
  for (const entity of parties) {
    for await (const { record } of findRecords(entity, asksFor(entity, id), signal)) {
      if (!found.some((one) => one.entity === entity && one.key === record.key)) {
        found.push({ entity, ...record })
      }
    }
  }
  if (found.length > 0) return found
  const places = parties.map(({ map }) => formatPlace(map)).join(', ') || 'no party'
  throw new AppError('customer.unknown', `Cannot find customer "${id}": looked in ${places}`, {
    id,
  })
}

/**
 * Parties of a closure as another moment has them, by their keys; those that are not there are left
 * out, and so are those of entities without key, of which nobody can say which they are.
 */
export async function findAgain(
  { entities }: Pick<MapAt, 'entities'>,
  { records }: Pick<Closure, 'records'>,
  signal: AbortSignal,
): Promise<PartyRecord[]> {
  const found: PartyRecord[] = []
  for (const entity of entities.filter(({ map }) => isParty(map.role))) {
    const fields = keyOf(entity.at.schema)
    const values = new Set<string>()
    for (const record of records) {
      const isOne = isSamePlace(record.entity.map, entity.map) && record.way.kind !== 'needed'
      const key = isOne ? valuesOf(record, fields) : undefined
      if (key !== undefined) values.add(formatValues(key))
    }
    if (fields.length === 0 || values.size === 0) continue
    for await (const { record } of findRecords(entity, [{ fields, when: [], values }], signal)) {
      found.push({ entity, ...record })
    }
  }
  return found
}

function asksFor({ at, map }: EntityInMap, id: string): Ask[] {
  const key = keyOf(at.schema)
  const names = new Set([map.identity.number, key.length === 1 ? key[0] : undefined])
  const values = new Set([formatValues([id])])
  return [...names].flatMap((name) =>
    name === undefined ? [] : [{ fields: [name], when: [], values }],
  )
}

/**
 * Refuses a number that two customers bear.
 * @throws customer.ambiguous naming where they are
 */
export function refuseAmbiguous(
  id: string,
  found: readonly PartyRecord[],
  { records }: Closure,
): void {
  const isInside = ({ entity, key }: PartyRecord) => {
    return records.some(
      (one) => one.entity === entity && one.key === key && one.way.kind !== 'needed',
    )
  }
  const others = found.filter((one) => !isInside(one))
  if (others.length === 0) return
  const places = found.map(({ entity, key }) => `${formatPlace(entity.map)} ${key}`).join(', ')
  const message = `Cannot tell which customer "${id}" is: found ${places}, which are not one`
  throw new AppError('customer.ambiguous', message, { id })
}
