import { assert } from '#stdx/assert'
import { Clusters } from './closure/clusters.ts'
import type { DecidedLink } from './closure/decided-links.ts'
import type { DecidedParties } from './closure/decided-parties.ts'
import {
  type Ask,
  type FoundRecord,
  findRecords,
  formatValues,
  valuesOf,
} from './closure/find-records.ts'
import type { CustomerMap } from './customer-map.ts'
import { keyOf } from './key-of.ts'
import type { EntityInMap, LinkInMap, MapAt } from './map-at.ts'
import { isParty } from './roles.ts'

/** How a record came into a closure. */
export type Way =
  | { readonly kind: 'root' }
  /** Down a link to what belongs to it, or over to the same party. */
  | { readonly kind: 'child' | 'same'; readonly link: LinkInMap; readonly of: ClosureRecord }
  /** Up a link to what it needs. */
  | { readonly kind: 'needed'; readonly link: LinkInMap; readonly of: ClosureRecord }

export type ClosureRecord = FoundRecord & {
  readonly entity: EntityInMap
  /** The first way on which it was reached; of all that lead to it, the one that says most. */
  readonly way: Way
}

/** A hub: where a bound kept the closure from taking all. */
export type Bounded = {
  readonly link: LinkInMap
  readonly of: ClosureRecord
  readonly found: number
  readonly taken: number
}

/** A party that is not taken, because somebody decided that it is apart from one that is. */
export type Barred = {
  readonly party: Omit<ClosureRecord, 'way'>
  /** Who leads to it. */
  readonly of: ClosureRecord
  readonly from: ClosureRecord
  /**
   * Who leads to it is apart from it, too. Otherwise that one seems to be the same as both, and nobody has
   * said which.
   */
  readonly isSettled: boolean
}

export type Closure = {
  readonly records: readonly ClosureRecord[]
  readonly bounded: readonly Bounded[]
  readonly barred: readonly Barred[]
  /** Whether the closure ended by itself and not because it held too many records. */
  readonly isWhole: boolean
}

/**
 * One customer with everything attached: down to what belongs to it, over to the same party in other
 * systems, up to what any of these need; never down again from what is only needed.
 *
 * What people decided goes before what links and agreement find: who is apart from a party of the
 * customer is not taken over as the same, whatever leads to it.
 *
 * Walks in rounds, each of which asks every entity once for all that is wanted of it. The order of
 * the records depends on the map and the keys alone. Holds the records, at most `bounds.rowsMax`.
 */
export async function findClosure(
  { decided, links }: Pick<MapAt, 'decided' | 'links'>,
  roots: readonly Omit<ClosureRecord, 'way'>[],
  { bounds, signal }: { readonly bounds: CustomerMap['bounds']; readonly signal: AbortSignal },
): Promise<Closure> {
  const walk = new Walk({ decided, links }, bounds)
  for (const root of roots) walk.reach(root, { kind: 'root' })
  for (let asks = walk.takeAsks(); asks.size > 0; asks = walk.takeAsks()) {
    for (const [entity, wanted] of asks) {
      signal.throwIfAborted()
      for await (const { ask, record, values } of findRecords(entity, wanted, signal)) {
        const question = wanted[ask]
        assert(question !== undefined, 'An answer belongs to an ask.')
        walk.answer(question, values, { entity, ...record })
      }
    }
  }
  return walk.finish()
}

type Direction = 'down' | 'up'

/** What is asked over one link in one direction, with the record that wants each value. */
type Question = Ask & {
  readonly link: LinkInMap
  readonly direction: Direction
  readonly askers: Map<string, ClosureRecord>
  readonly values: Set<string>
}

type Answers = {
  readonly link: LinkInMap
  readonly of: ClosureRecord
  found: number
  taken: number
}

class Walk {
  readonly #links: readonly LinkInMap[]
  readonly #decided: readonly DecidedLink[]
  /** Both. */
  readonly #all: readonly LinkInMap[]
  readonly #parties: DecidedParties
  readonly #clusters: Clusters
  readonly #barred = new Map<string, Barred>()
  readonly #bounds: CustomerMap['bounds']
  /** In the order in which they were reached. */
  readonly #records: ClosureRecord[] = []
  /** Where each of them is, by entity and key as it is printed. */
  readonly #places = new Map<EntityInMap, Map<string, number>>()
  /** The same by the values of the key, where there is one. */
  readonly #byKey = new Map<EntityInMap, Map<string, number>>()
  /** The same by name, where somebody is kept apart. */
  readonly #byName = new Map<string, number>()
  readonly #keys = new Map<EntityInMap, readonly string[]>()
  /** Of each link, where the fields of the key stand among its values; `null`: it names no key. */
  readonly #keyOrders = new Map<LinkInMap, readonly number[] | null>()
  /** Values that were asked over a link in a direction, ever. */
  readonly #asked = {
    down: new Map<LinkInMap, Set<string>>(),
    up: new Map<LinkInMap, Set<string>>(),
  }
  /** How many answers there were to one value over a link. */
  readonly #answers = new Map<LinkInMap, Map<string, Answers>>()
  #open: ClosureRecord[] = []
  #isWhole = true

  constructor({ decided, links }: Pick<MapAt, 'decided' | 'links'>, bounds: CustomerMap['bounds']) {
    this.#links = links
    this.#decided = decided.links
    this.#all = [...links, ...decided.links]
    this.#parties = decided.parties
    this.#clusters = new Clusters(decided.parties)
    this.#bounds = bounds
  }

  /** Adds a record, or says of one that was only needed that it belongs to the customer. */
  reach(found: Omit<ClosureRecord, 'way'>, way: Way): boolean {
    const { entity, key } = found
    const places = entryOf(this.#places, entity, newMap<number>)
    const place = places.get(key) ?? this.#records.length
    if (this.#clusters.isWanted) this.#noteCluster(found, way, place)
    const known = this.#records[place]
    const isMore = known?.way.kind === 'needed' && way.kind !== 'needed'
    if (known !== undefined && !isMore) return true
    if (known === undefined && this.#records.length >= this.#bounds.rowsMax) {
      this.#isWhole = false
      return false
    }
    const record = { ...found, way }
    this.#records[place] = record
    places.set(key, place)
    const own = valuesOf(record, this.#keyOf(entity))
    if (own !== undefined)
      entryOf(this.#byKey, entity, newMap<number>).set(formatValues(own), place)
    this.#open.push(record)
    return true
  }

  #noteCluster(found: Omit<ClosureRecord, 'way'>, way: Way, place: number): void {
    const name = nameOf(found)
    this.#byName.set(name, place)
    if (way.kind !== 'needed') this.#clusters.add(name, way.kind === 'root' ? name : nameOf(way.of))
  }

  /** What the records of the last round want, by the entity that is asked. */
  takeAsks(): Map<EntityInMap, Question[]> {
    const asks = new Map<EntityInMap, Question[]>()
    const open = this.#open
    this.#open = []
    for (const record of open) {
      for (const link of this.#links) {
        if (link.from === record.entity) this.#askUp(asks, link, record)
        if (link.to === record.entity) this.#askDown(asks, link, record)
      }
      if (record.way.kind === 'needed') continue
      for (const link of this.#decided) {
        if (link.from === record.entity) this.#askDecided(asks, link, record)
      }
    }
    return asks
  }

  answer(question: Question, values: string, found: Omit<ClosureRecord, 'way'>): void {
    const { askers, direction, link } = question
    const of = askers.get(values)
    assert(of !== undefined, 'A value was asked for by a record.')
    if (link.kind === 'same' && this.#isBarred(found, of)) return
    if (direction === 'up') {
      this.reach(found, { kind: link.kind === 'same' ? 'same' : 'needed', link, of })
      return
    }
    const none = () => ({ link, of, found: 0, taken: 0 })
    const count = entryOf(entryOf(this.#answers, link, newMap<Answers>), values, none)
    count.found += 1
    if (count.taken >= (link.rowsMax ?? this.#bounds.rowsPerLinkMax)) return
    const kind = link.kind === 'same' ? 'same' : 'child'
    if (this.reach(found, { kind, link, of })) count.taken += 1
  }

  finish(): Closure {
    const answers = this.#all.flatMap((link) => [...(this.#answers.get(link)?.values() ?? [])])
    const bounded = answers.filter(({ found, taken }) => taken < found)
    const barred = [...this.#barred.values()]
    return { records: this.#records, bounded, barred, isWhole: this.#isWhole }
  }

  #isBarred(party: Omit<ClosureRecord, 'way'>, of: ClosureRecord): boolean {
    const [name, ofName] = [nameOf(party), nameOf(of)]
    if (!isParty(party.entity.map.role)) return false
    const barredBy = this.#clusters.barredBy(name, ofName)
    const from = this.#records[this.#byName.get(barredBy ?? '') ?? -1]
    if (from === undefined) return false
    // Who leads to it may be a line of a crosswalk: then it is the party that the line belongs to.
    let by = of
    while (!isParty(by.entity.map.role) && by.way.kind !== 'root') by = by.way.of
    const isSettled = this.#parties.isApart(name, nameOf(by))
    const known = this.#barred.get(name)
    if (known === undefined || known.isSettled)
      this.#barred.set(name, { party, of, from, isSettled })
    return true
  }

  #askDecided(asks: Map<EntityInMap, Question[]>, link: DecidedLink, record: ClosureRecord): void {
    const own = valuesOf(record, link.fields)
    const partners = (own && link.partners.get(formatValues(own))) ?? []
    for (const values of partners) {
      if (!this.#isReached(link, values)) this.#ask(asks, { link, direction: 'up', record, values })
    }
  }

  #askUp(asks: Map<EntityInMap, Question[]>, link: LinkInMap, record: ClosureRecord): void {
    if (link.kind === 'same' && record.way.kind === 'needed') return
    if (!link.when.every(([name, value]) => record.fields[name] === value)) return
    const values = valuesOf(record, link.fields)
    if (values === undefined || values.some((value) => link.none.includes(value))) return
    if (this.#isReached(link, values)) return
    this.#ask(asks, { link, direction: 'up', record, values })
  }

  /** Whether the one record that a link names is there already, and would be no more than it is. */
  #isReached(link: LinkInMap, values: readonly string[]): boolean {
    const { kind, to, toFields } = link
    const order = entryOf(this.#keyOrders, link, () => keyOrderOf(this.#keyOf(to), toFields))
    if (order === null) return false
    const inKeyOrder = formatValues(order.map((index) => values[index] ?? ''))
    const known = this.#records[this.#byKey.get(to)?.get(inKeyOrder) ?? -1]
    return known !== undefined && (kind !== 'same' || known.way.kind !== 'needed')
  }

  #keyOf(entity: EntityInMap): readonly string[] {
    return entryOf(this.#keys, entity, () => keyOf(entity.at.schema))
  }

  #askDown(asks: Map<EntityInMap, Question[]>, link: LinkInMap, record: ClosureRecord): void {
    if (link.kind === 'reference' || record.way.kind === 'needed') return
    const values = valuesOf(record, link.toFields)
    if (values === undefined || values.some((value) => link.none.includes(value))) return
    this.#ask(asks, { link, direction: 'down', record, values })
  }

  #ask(
    asks: Map<EntityInMap, Question[]>,
    wanted: {
      readonly link: LinkInMap
      readonly direction: Direction
      readonly record: ClosureRecord
      readonly values: readonly string[]
    },
  ): void {
    const { direction, link, record } = wanted
    const values = formatValues(wanted.values)
    const asked = entryOf(this.#asked[direction], link, () => new Set<string>())
    if (asked.has(values)) return
    asked.add(values)
    const entity = direction === 'up' ? link.to : link.from
    const questions = asks.get(entity) ?? []
    asks.set(entity, questions)
    let question = questions.find((one) => one.link === link && one.direction === direction)
    if (question === undefined) {
      const fields = direction === 'up' ? link.toFields : link.fields
      const when = direction === 'up' ? [] : link.when
      const none = { values: new Set<string>(), askers: new Map<string, ClosureRecord>() }
      question = { link, direction, fields, when, ...none }
      questions.push(question)
    }
    question.values.add(values)
    question.askers.set(values, record)
  }
}

function nameOf({ entity: { map }, key }: Pick<ClosureRecord, 'entity' | 'key'>): string {
  return `${map.source}\t${map.entity}\t${key}`
}

/** Where each field of the key stands among these; `null` where they are others. */
function keyOrderOf(key: readonly string[], fields: readonly string[]): readonly number[] | null {
  if (key.length === 0 || key.length !== fields.length) return null
  const order = key.map((name) => fields.indexOf(name))
  return order.includes(-1) ? null : order
}

function newMap<Value>(): Map<string, Value> {
  return new Map()
}

/** What a map holds there; what `make` makes, once, where it holds nothing. */
function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
