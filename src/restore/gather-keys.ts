import { type EntityAt, entityAt } from '#history/entity-at'
import { findRecord } from '#history/find-record'
import { PickedKeys } from '#history/picked-keys'
import { formatKeyAddress, formatKeyValues, parseKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { readRowTexts } from '#record/read-row-texts'
import { NULL_FIELD, parseField } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { AppError, isAppError } from '#stdx/app-error'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { CompareDeps } from './compare-target.ts'
import { CROSSWALK_LINES_MAX, type Crosswalk } from './crosswalk.ts'
import {
  type FindTargetKey,
  type KeyedEntities,
  type KeyedEntity,
  type KeyReference,
  readReference,
} from './key-references.ts'
import type { RecordScope, RestoreScope } from './restore-plan.ts'
import { readStateRows } from './row-mask.ts'

export type GatherRequest = {
  readonly state: TimelineState
  readonly point: Point
  readonly target: string
  readonly scope: RestoreScope
  /** Entities that are put back, whole or in part. */
  readonly wanted: readonly EntityName[]
  /** What the target was given before. */
  readonly known: Crosswalk
  /** What becomes of references to records that are not put back and have no key over there. */
  readonly missing: 'create' | 'null' | 'refuse'
}

/** What is put back of entities whose keys change, or that name such. */
export type GatheredKeys = {
  /** Keys of the point, as addresses, of what the target was not given yet; in key order. */
  readonly fresh: ReadonlyMap<EntityName, ReadonlySet<string>>
  /** Single records whose keys change, by entity and address, with what came along to be put back. */
  readonly records: ReadonlyMap<EntityName, ReadonlyMap<string, PickedKey>>
  /** Entities that are put back whole. */
  readonly whole: ReadonlySet<EntityName>
}

export type PickedKey = {
  readonly record: RecordScope
  /** Of its key, in key order. */
  readonly values: readonly string[]
  /** In key order: what a value names; `null`: it stays. */
  readonly named: readonly (NamedNumber | null)[]
}

export type NamedNumber = {
  readonly to: EntityName
  readonly number: string
  /** Of a record of another source. */
  readonly find?: FindTargetKey
}

/**
 * Reads what is put back, and what it names, until nothing more comes along.
 *
 * Reads each entity once for every round; holds the keys, and the numbers that are named.
 * @throws restore.reference-unminted | restore.keys-many | restore.key-unmintable | history.record-unknown
 */
export async function gatherKeys(
  deps: CompareDeps,
  { keyed, ...request }: GatherRequest & { readonly keyed: KeyedEntities },
  signal: AbortSignal,
): Promise<GatheredKeys> {
  const { missing, point, scope, state, wanted } = request
  const gathered: Gathering = {
    fresh: new Map(),
    records: new Map(),
    whole: new Set(),
    named: new Map(),
    lost: [],
    count: 0,
  }
  const tried = new Set<string>()
  let picks: Picks = new Map(wanted.map((entity) => [entity, recordsOf(scope, entity)]))
  for (;;) {
    for (const [entity, records] of picks) {
      const one = keyed.get(entity)
      if (one === undefined) continue
      const at = entityAt(state, point, entity)
      await gatherEntity(deps, at, { gathered, one, records, request }, signal)
    }
    const lost = listLost(gathered, request)
    const isEmptied = missing === 'null' && lost.every(({ by }) => by.mayBeNull)
    if (lost.length === 0 || isEmptied) return gathered
    const more = lost.filter(
      ({ by, number, to }) => by.elsewhere === null && !tried.has(`${to}:${number}`),
    )
    if (missing !== 'create' || more.length === 0) throw unminted(request, lost)
    picks = Map.groupBy(more, ({ to }) => to)
      .entries()
      .reduce((all, [entity, some]) => {
        const records = some.map(({ number }) => [number, parentOf(entity, number)] as const)
        return all.set(entity, new Map(records))
      }, new Map<EntityName, Map<string, RecordScope>>())
    for (const { number, to } of more) tried.add(`${to}:${number}`)
  }
}

/** Whole entities, `null`, or records by the addresses of their keys. */
type Picks = ReadonlyMap<EntityName, ReadonlyMap<string, RecordScope> | null>

type Gathering = {
  readonly fresh: Map<EntityName, Set<string>>
  readonly records: Map<EntityName, Map<string, PickedKey>>
  readonly whole: Set<EntityName>
  /** Numbers that rows name, by entity, each with the first that names it. */
  readonly named: Map<EntityName, Map<string, FirstNaming>>
  /** What is named of other sources and has no key there, as far as it is told. */
  readonly lost: Lost[]
  count: number
}

type FirstNaming = {
  readonly entity: EntityName
  readonly key: string
  readonly by: KeyReference
}

function recordsOf(scope: RestoreScope, entity: EntityName): Map<string, RecordScope> | null {
  if (scope.kind === 'all') return null
  if (scope.kind === 'entities' && scope.entities.includes(entity)) return null
  const own = (scope.records ?? []).filter((one) => one.entity === entity && one.seen !== 'since')
  return new Map(own.map((record) => [record.key, record]))
}

function parentOf(entity: EntityName, key: string): RecordScope {
  return { entity, key, fields: null, seen: 'at-point' }
}

type GatheringEntity = {
  readonly gathered: Gathering
  readonly one: KeyedEntity
  readonly records: ReadonlyMap<string, RecordScope> | null
  readonly request: GatherRequest
}

async function gatherEntity(
  deps: CompareDeps,
  at: EntityAt,
  { gathered, one, records: given, request }: GatheringEntity,
  signal: AbortSignal,
): Promise<void> {
  const { entity, key } = at.schema
  if (key.kind === 'digest' && given !== null) throw withoutKey(entity)
  const encodings = key.kind === 'digest' ? [] : key.encodings
  const records = given && (await spellKeys(deps, at, given, signal))
  const picked = getOrMake(gathered.records, entity, () => new Map<string, PickedKey>())
  const fresh = getOrMake(gathered.fresh, entity, () => new Set<string>())
  if (records === null) gathered.whole.add(entity)
  const { known, state } = request
  const only = records === null ? undefined : parseKeys(records.keys(), key)
  for await (const texts of readRowTexts(readStateRows(deps, at, signal, only))) {
    const values = one.key.map((index) => parseField(texts[index] ?? NULL_FIELD) ?? '')
    const address = formatKeyValues(values, encodings)
    const record = records?.get(address)
    if (records !== null && record === undefined) continue
    const isKnown = known.find({ source: state.source, entity, key: address }, entity) !== undefined
    if (one.minted !== null && !isKnown) fresh.add(address)
    if (record !== undefined && one.isKeyChanged)
      picked.set(address, { record, values, named: nameKey(one, texts) })
    noteNamed(gathered, one, { texts, address })
    gathered.count += 1
    if (gathered.count > CROSSWALK_LINES_MAX) throw manyKeys(request)
  }
}

/** Keys by their addresses; what is no key of such an entity is named by somebody and not there. */
export function parseKeys(addresses: Iterable<string>, key: SchemaVersion['key']): PickedKeys {
  const keys: Uint8Array[] = []
  for (const address of addresses) {
    try {
      keys.push(parseKeyAddress(address, key))
    } catch (error) {
      if (!isAppError(error, 'record.key-invalid')) throw error
    }
  }
  return new PickedKeys(keys)
}

/** Records by their keys as the vault spells them. @throws history.record-unknown */
async function spellKeys(
  deps: CompareDeps,
  at: EntityAt,
  records: ReadonlyMap<string, RecordScope>,
  signal: AbortSignal,
): Promise<Map<string, RecordScope>> {
  const spelt = new Map<string, RecordScope>()
  for (const record of records.values()) {
    if (record.seen === 'at-point') spelt.set(record.key, record)
    else {
      const { key } = await findRecord(deps.read, at, record.key, signal)
      spelt.set(formatKeyAddress(key, at.schema.key), record)
    }
  }
  return spelt
}

/** What each value of a record's key names. */
function nameKey(
  { key, minted, references, schema }: KeyedEntity,
  texts: readonly string[],
): PickedKey['named'] {
  return key.map((index) => {
    if (index === minted) return { to: schema.entity, number: readAddress(texts[index]) }
    for (const reference of references) {
      const number = reference.index === index ? readReference(reference, texts) : null
      const { elsewhere, to } = reference
      if (number !== null) return { to, number, ...(elsewhere && { find: elsewhere.find }) }
    }
    return null
  })
}

/** The address of a key that is one number. */
export function readAddress(text: string | undefined): string {
  return formatKeyValues([parseField(text ?? NULL_FIELD) ?? ''], ['integer'])
}

function noteNamed(
  { lost, named }: Gathering,
  { references, schema: { entity } }: KeyedEntity,
  { address, texts }: { readonly address: string; readonly texts: readonly string[] },
): void {
  for (const by of references) {
    const number = readReference(by, texts)
    if (number === null) continue
    if (by.elsewhere?.find(by.to, number) !== undefined) continue
    if (by.elsewhere !== null) {
      // One that must not be empty is never left out.
      if (lost.length === LOST_MAX && !by.mayBeNull) lost.pop()
      if (lost.length < LOST_MAX) lost.push({ to: by.to, number, entity, key: address, by })
      continue
    }
    const first = getOrMake(named, by.to, () => new Map<string, FirstNaming>())
    // One that must not be empty tells more than one that may.
    const isBetter = first.get(number)?.by.mayBeNull !== false && !by.mayBeNull
    if (isBetter || !first.has(number)) first.set(number, { entity, key: address, by })
  }
}

type Lost = NamedNumber & FirstNaming

/** What is named, is not put back, and has no key in the target. */
function listLost({ fresh, lost, named }: Gathering, { known, state }: GatherRequest): Lost[] {
  const own = [...named].flatMap(([to, numbers]) =>
    [...numbers].flatMap(([number, first]) => {
      const record = { source: state.source, entity: to, key: number }
      const isThere = fresh.get(to)?.has(number) === true || known.find(record, to) !== undefined
      return isThere ? [] : [{ to, number, ...first }]
    }),
  )
  return [...own, ...lost]
}

const NAMED_MAX = 5
const LOST_MAX = 1_000

function unminted({ target }: GatherRequest, lost: readonly Lost[]): AppError {
  const entities = [...new Set(lost.map(({ to }) => to))]
  const names = lost.slice(0, NAMED_MAX).map(({ by, entity, key, number, to }) => {
    const other = by.elsewhere === null ? '' : `${by.elsewhere.source} `
    return `${other}${to}:${number} (${entity}:${key}:${by.field})`
  })
  const more = lost.length > NAMED_MAX ? ` and ${lost.length - NAMED_MAX} more` : ''
  const keep = entities.map((entity) => `--keys ${entity}=keep`).join(' ')
  const found = `rows to write name ${names.join(', ')}${more}, which "${target}" has no key for`
  const message = `Cannot give new keys: ${found}; need them put back, too, or ${keep} where they are the same there`
  return new AppError('restore.reference-unminted', message, {
    target,
    entities,
    lost: lost.length,
  })
}

function withoutKey(entity: EntityName): AppError {
  const message = `Cannot give new keys to what records of "${entity}" name: they have no key to be found by, need the entity whole`
  return new AppError('restore.key-unmintable', message, { entity })
}

function manyKeys({ target }: GatherRequest): AppError {
  const found = `found more than ${CROSSWALK_LINES_MAX} records`
  const message = `Cannot give new keys in "${target}": ${found}, need several restores`
  return new AppError('restore.keys-many', message, { target })
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key) ?? make()
  map.set(key, found)
  return found
}
