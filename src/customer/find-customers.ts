import { formatKeyAddress } from '#record/address'
import { entryOf, startOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import type { FoundState, VersionsOf } from '#segment/state-finder'
import { assert } from '#stdx/assert'
import { collect, mapConcurrent } from '#stdx/streams'
import {
  describeRecord,
  type FoundRecord,
  findRecords,
  formatValues,
  seekCandidates,
  valuesOf,
} from './closure/find-records.ts'
import { findByKey, type PartyRecord } from './find-party.ts'
import type { Lookup } from './index/row-index.ts'
import type { EntityInMap, MapAt } from './map-at.ts'
import { IDENTITY_FIELDS, type IdentityField } from './map-schema.ts'
import { isParty } from './roles.ts'
import { foldCode, foldName, readText } from './values/fold-text.ts'
import { RowFields } from './values/row-fields.ts'

/** A record that answers a search: a party, or what is found by itself, like a contact. */
export type CustomerMatch = {
  readonly entity: EntityInMap
  readonly key: string
  readonly name: string | null
  /** The identity field that answered. */
  readonly by: IdentityField
  readonly rank: number
  /** The party that the record belongs to; itself, where it is one. */
  readonly party: PartyRecord | null
}

export type FindCustomersOptions = {
  readonly text: string
  /** The best so many are given. */
  readonly matchesMax: number
  readonly signal: AbortSignal
}

/**
 * Searches what the map calls identity: numbers, tax ids, e-mail addresses and IBANs as a whole, however
 * they are grouped; names by all words of the text, in any order, without regard to case and accents.
 *
 * Asks the index of every entity with an identity, or reads it once where there is none; every match was
 * read as of the point. Holds the best `matchesMax` matches, and what the indexes of a few entities say.
 * @returns the best matches first, and how many there are in all
 */
export async function findCustomers(
  laid: Pick<MapAt, 'entities' | 'links'>,
  { matchesMax, signal, text }: FindCustomersOptions,
): Promise<{ readonly matches: readonly CustomerMatch[]; readonly found: number }> {
  const wanted = { code: foldCode(text), words: foldName(text).split(' ').filter(Boolean) }
  let best: Match[] = []
  let found = 0
  // While rows of one entity are on their way, the index of the next is looked through.
  const looked = lookUp(laid.entities, wanted, signal)
  for await (const seek of mapConcurrent(looked, SEEKS_AT_ONCE, (one) => seekStates(one, signal))) {
    for await (const match of searchEntity(seek, wanted, signal)) {
      found += 1
      best.push(match)
      if (best.length >= 4 * matchesMax) best = keepBest(best, matchesMax)
    }
  }
  const matches = mapConcurrent(keepBest(best, matchesMax), SEEKS_AT_ONCE, async (one) => {
    const { record, ...match } = one
    const begun = record && { entity: match.entity, ...record }
    return { ...match, party: await findOwner(laid, { match, begun }, signal) }
  })
  return { matches: await collect(matches), found }
}

type Wanted = { readonly code: string; readonly words: readonly string[] }
type Match = Omit<CustomerMatch, 'party'> & {
  /** Where it was read already. */
  readonly record?: FoundRecord
}

const EXACT = 4
const NAMED_EXACTLY = 3
const NAME_BEGINS = 2
const NAMED = 1

const SEEKS_AT_ONCE = 4

type LookedUp = {
  readonly entity: EntityInMap
  readonly fields: readonly IdentityAt[]
  /** `undefined`: the index does not say, and the entity is to be read. */
  readonly candidates: readonly VersionsOf[] | undefined
}

async function* lookUp(
  entities: readonly EntityInMap[],
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<LookedUp> {
  for (const entity of entities) {
    if (IDENTITY_FIELDS.every((by) => entity.map.identity[by] === undefined)) continue
    const { schema } = entity.at
    const fields = IDENTITY_FIELDS.flatMap((by) => {
      const index = schema.fields.findIndex(({ name }) => name === entity.map.identity[by])
      return index < 0 ? [] : [{ by, index, name: schema.fields[index]?.name ?? '' }]
    })
    const candidates = await entity.findVersions(lookupsFor(fields, wanted), signal)
    yield { entity, fields, candidates }
  }
}

type Sought = LookedUp & { readonly found: readonly FoundState[] | undefined }

async function seekStates(looked: LookedUp, signal: AbortSignal): Promise<Sought> {
  const { candidates, entity } = looked
  return { ...looked, found: candidates && (await seekCandidates(entity, candidates, signal)) }
}

async function* searchEntity(
  { entity, fields, found }: Sought,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<Match> {
  const { schema } = entity.at
  const judged = { entity, fields, wanted, row: new RowFields(schema.fields.length) }
  if (found === undefined) {
    yield* readAll(judged, signal)
    return
  }
  for (const state of found) {
    const end = state.row.length
    const match = judgeRow(judged, { key: state.key, bytes: bufferOf(state.row), start: 0, end })
    if (match !== undefined) yield { ...match, record: describeRecord(schema, state) }
  }
}

type IdentityAt = { readonly by: IdentityField; readonly index: number; readonly name: string }

function lookupsFor(fields: readonly IdentityAt[], { code, words }: Wanted): Lookup[] {
  return fields.flatMap(({ by, name }): Lookup[] => {
    const isName = by === 'name'
    const texts = isName ? words : code === '' ? [] : [code]
    const column = { kind: isName ? ('name' as const) : ('code' as const), fields: [name] }
    return texts.length === 0 ? [] : [{ column, texts }]
  })
}

type Judged = {
  readonly entity: EntityInMap
  readonly fields: readonly IdentityAt[]
  readonly wanted: Wanted
  readonly row: RowFields
}

async function* readAll(judged: Judged, signal: AbortSignal): AsyncGenerator<Match> {
  const { at, deps } = judged.entity
  const { asOf, schema, schemas, segments } = at
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  for await (const batch of readState(deps, options)) {
    const { keys, rows } = batch
    assert(rows !== null, 'Rows were asked for.')
    const bytes = bufferOf(rows.bytes)
    for (let i = 0; i < batch.count; i++) {
      const [start, end] = [startOf(rows, i), rows.ends[i] ?? 0]
      const match = judgeRow(judged, { key: entryOf(keys, i), bytes, start, end })
      if (match !== undefined) yield match
    }
  }
}

type RowAt = {
  readonly key: Uint8Array
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

function judgeRow(
  { entity, fields, row, wanted }: Judged,
  { bytes, end, key, start }: RowAt,
): Match | undefined {
  row.split(bytes, start, end)
  const values = fields.map(({ by, index }) => ({ by, value: readText(bytes, row, index) }))
  const hit = judge(values, wanted)
  if (hit === undefined) return undefined
  const name = values.find(({ by }) => by === 'name')?.value ?? null
  return { entity, key: formatKeyAddress(key, entity.at.schema.key), name, ...hit }
}

function bufferOf({ buffer, byteLength, byteOffset }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** The best of what a record's identity says to a text. */
function judge(
  values: readonly { readonly by: IdentityField; readonly value: string | null }[],
  { code, words }: Wanted,
): { readonly by: IdentityField; readonly rank: number } | undefined {
  for (const { by, value } of values) {
    if (by !== 'name' && value !== null && code !== '' && foldCode(value) === code) {
      return { by, rank: EXACT }
    }
  }
  const name = values.find(({ by }) => by === 'name')?.value
  if (name === undefined || name === null || words.length === 0) return undefined
  const folded = foldName(name)
  if (!words.every((word) => folded.includes(word))) return undefined
  const whole = words.join(' ')
  const rank = folded === whole ? NAMED_EXACTLY : folded.startsWith(whole) ? NAME_BEGINS : NAMED
  return { by: 'name', rank }
}

function keepBest(matches: readonly Match[], matchesMax: number): Match[] {
  return [...matches].sort((a, b) => b.rank - a.rank).slice(0, matchesMax)
}

/** The party at the upper end of the links from what a search found. */
async function findOwner(
  { entities, links }: Pick<MapAt, 'entities' | 'links'>,
  { begun, match }: { readonly match: Match; readonly begun: PartyRecord | undefined },
  signal: AbortSignal,
): Promise<PartyRecord | null> {
  let record = begun ?? (await findByKey(match.entity, match.key, signal))
  // A party is at most as many steps away as there are entities, unless links go round.
  for (let steps = 0; record !== null && steps <= entities.length; steps++) {
    if (isParty(record.entity.map.role)) return record
    record = await findParent(record, links, signal)
  }
  return null
}

/** What a record belongs to: by a link of its own, or by the row of a join that ties it. */
async function findParent(
  record: PartyRecord,
  links: MapAt['links'],
  signal: AbortSignal,
): Promise<PartyRecord | null> {
  const parent = await findAbove(record, links, signal)
  if (parent !== null) return parent
  for (const { fields, from, kind, to, toFields, when } of links) {
    if (to !== record.entity || kind !== 'same' || isParty(from.map.role)) continue
    const values = valuesOf(record, toFields)
    if (values === undefined) continue
    const ask = { fields, when, values: new Set([formatValues(values)]) }
    for await (const { record: row } of findRecords(from, [ask], signal)) {
      const tied = await findAbove({ entity: from, ...row }, links, signal)
      if (tied !== null) return tied
    }
  }
  return null
}

async function findAbove(
  record: PartyRecord,
  links: MapAt['links'],
  signal: AbortSignal,
): Promise<PartyRecord | null> {
  for (const { fields, from, kind, to, toFields, when } of links) {
    if (from !== record.entity || kind !== 'child') continue
    if (!when.every(([name, value]) => record.fields[name] === value)) continue
    const values = valuesOf(record, fields)
    if (values === undefined) continue
    const ask = { fields: toFields, when: [], values: new Set([formatValues(values)]) }
    for await (const found of findRecords(to, [ask], signal)) return { entity: to, ...found.record }
  }
  return null
}
