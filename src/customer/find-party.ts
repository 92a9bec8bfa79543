import { parseKeyAddress } from '#record/address'
import { decodeKey } from '#record/key'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import { type Ask, findRecords, formatValues, valuesOf } from './closure/find-records.ts'
import { type CustomerMap, formatPlace, isSamePlace } from './customer-map.ts'
import type { Closure, ClosureRecord } from './find-closure.ts'
import { keyOf } from './key-of.ts'
import type { EntityInMap, MapAt } from './map-at.ts'
import { isParty } from './roles.ts'

export type PartyRecord = Omit<ClosureRecord, 'way'>

export type FindPartyOptions = Sought & { readonly signal: AbortSignal }

export type Sought = {
  /**
   * The number that people know the party by, or its key; or `main.account:42`, its key and nothing
   * else, also as `crm=main.account:42`.
   */
  readonly id: string
  /** Only parties of this source. */
  readonly source: string | undefined
}

/** @throws customer.source-unknown when a source is wanted that the map has no parties of */
export function refuseUnknownSource(
  { entities }: Pick<CustomerMap, 'entities'>,
  wanted: string | undefined,
): void {
  const parties = entities.filter(({ role }) => isParty(role)).map(({ source }) => source)
  if (wanted === undefined || parties.includes(wanted)) return
  const isThere = entities.some(({ source }) => source === wanted)
  const found = isThere ? 'no customers or suppliers in it' : 'no such source'
  const message = `Cannot look for customers of "${wanted}": the customer map has ${found}${didYouMean(wanted, parties)}`
  throw new AppError('customer.source-unknown', message, { source: wanted })
}

/**
 * The records of parties that bear a number, in every system, in the order of the map.
 * @throws customer.unknown when there is none
 */
export async function findParty(
  laid: Pick<MapAt, 'entities'>,
  { id, signal, source }: FindPartyOptions,
): Promise<PartyRecord[]> {
  const [found = []] = await findParties(laid, [{ id, source }], signal)
  return found
}

/**
 * The same for many numbers, each entity asked once for all of them.
 * @returns the parties of each, in the order of `sought`
 * @throws customer.unknown for the first of which there is none
 */
export async function findParties(
  { entities }: Pick<MapAt, 'entities'>,
  sought: readonly Sought[],
  signal: AbortSignal,
): Promise<PartyRecord[][]> {
  const found = new Map(sought.map((one) => [one, new Map<string, PartyRecord>()]))
  for (const entity of entities.filter(({ map }) => isParty(map.role))) {
    const wanted = sought.filter((one) => isIn(entity, one))
    if (wanted.length === 0) continue
    const byValues = Map.groupBy(wanted, ({ id }) => formatValues([id]))
    for await (const { record, values } of findRecords(entity, asksFor(entity, byValues), signal)) {
      for (const one of byValues.get(values) ?? [])
        found.get(one)?.set(`${formatPlace(entity.map)}\t${record.key}`, { entity, ...record })
    }
    for (const one of wanted) {
      const key = keyNamed(entity, one)
      const record = key === undefined ? null : await findByKey(entity, key, signal)
      if (record) found.get(one)?.set(`${formatPlace(entity.map)}\t${record.key}`, record)
    }
  }
  return sought.map((one) => {
    const parties = [...(found.get(one)?.values() ?? [])]
    if (parties.length === 0) throw unknown(entities, one)
    return parties
  })
}

function isIn({ map }: EntityInMap, { source }: Sought): boolean {
  return isParty(map.role) && (source === undefined || map.source === source)
}

function keyNamed({ map: { entity, source } }: EntityInMap, { id }: Sought): string | undefined {
  const prefix = [`${entity}:`, `${source}=${entity}:`].find((one) => id.startsWith(one))
  return prefix && id.slice(prefix.length)
}

/** A record by its key as an address prints it. @throws record.key-invalid */
export async function findByKey(
  entity: EntityInMap,
  key: string,
  signal: AbortSignal,
): Promise<PartyRecord | null> {
  const { schema } = entity.at
  if (schema.key.kind === 'digest') return null
  const values = decodeKey(parseKeyAddress(key, schema.key), schema.key.encodings)
  const ask = { fields: keyOf(schema), when: [], values: new Set([formatValues(values)]) }
  for await (const { record } of findRecords(entity, [ask], signal)) return { entity, ...record }
  return null
}

function unknown(entities: readonly EntityInMap[], sought: Sought): AppError {
  const parties = entities.filter((entity) => isIn(entity, sought))
  const places = parties.map(({ map }) => formatPlace(map)).join(', ')
  const found =
    parties.length === 0 ? 'found no point with parties of the customer map' : `looked in ${places}`
  const message = `Cannot find customer "${sought.id}": ${found}`
  return new AppError('customer.unknown', message, { id: sought.id })
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

function asksFor({ at, map }: EntityInMap, byValues: ReadonlyMap<string, unknown>): Ask[] {
  const key = keyOf(at.schema)
  const names = new Set([map.identity.number, key.length === 1 ? key[0] : undefined])
  const values = new Set(byValues.keys())
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
