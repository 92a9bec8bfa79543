import { formatKeyAddress } from '#record/address'
import { formatField, NULL_FIELD, parseField } from '#record/row-text'
import { entryOf, startOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import { assert } from '#stdx/assert'
import type { CustomerMap } from '../customer-map.ts'
import { keyOf } from '../key-of.ts'
import type { EntityInMap, LinkInMap, MapAt } from '../map-at.ts'
import { isParty } from '../roles.ts'
import { readText } from '../values/fold-text.ts'
import { RowFields } from '../values/row-fields.ts'
import { foldSigns, type IdentityValues } from './fold-signs.ts'
import type { Sign } from './likeness.ts'
import type { Line } from './sorted-lines.ts'

/**
 * What the records of an entity say of a party, as lines under the name of it: the party itself, a sign of
 * what belongs to it, or that it is one with another party anyway.
 */
export type Said =
  | {
      readonly kind: 'party'
      readonly key: string
      readonly name: string | null
      readonly signs: readonly Sign[]
      /** Values of fields that the map matches by, as they stand there. */
      readonly matched: readonly (readonly [by: string, value: string])[]
    }
  | { readonly kind: 'signs'; readonly signs: readonly Sign[] }
  | { readonly kind: 'one'; readonly other: string }

const OWN_FIELDS = ['taxId', 'email', 'iban', 'street', 'postcode', 'phone'] as const

/** All lines of one entity; none where it says nothing. Holds what `readState` holds. */
export async function* readLikenesses(
  { entities, links }: Pick<MapAt, 'entities' | 'links'>,
  entity: EntityInMap,
  { match, signal }: Pick<CustomerMap, 'match'> & { readonly signal: AbortSignal },
): AsyncGenerator<Line> {
  const { asOf, schema, schemas, segments } = entity.at
  const reader = new RecordReader(entities, links, entity, match)
  if (!reader.saysAnything) return
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  for await (const { count, keys, rows } of readState(entity.deps, options)) {
    assert(rows !== null, 'Rows were asked for.')
    const { buffer, byteLength, byteOffset } = rows.bytes
    const bytes = Buffer.from(buffer, byteOffset, byteLength)
    for (let i = 0; i < count; i++) {
      reader.standAt(bytes, startOf(rows, i), rows.ends[i] ?? 0)
      yield* reader.read(() => formatKeyAddress(entryOf(keys, i), schema.key))
    }
  }
}

/** A link whose other side is a party that is named by its key. */
type PartyLink = {
  readonly link: LinkInMap
  /** Number of the party's entity. */
  readonly entity: number
  /** Of fields here, in the order of the key there. */
  readonly indexes: readonly number[]
  readonly when: readonly (readonly [index: number, text: string])[]
}

class RecordReader {
  readonly #row: RowFields
  readonly #number: number
  readonly #keyIndexes: readonly number[]
  readonly #links: readonly PartyLink[]
  readonly #fields: readonly (readonly [by: string, index: number])[]
  readonly #match: readonly string[]
  readonly #none: ReadonlySet<string>
  readonly #isParty: boolean
  readonly saysAnything: boolean
  #bytes: Buffer = Buffer.alloc(0)

  constructor(
    entities: readonly EntityInMap[],
    links: readonly LinkInMap[],
    entity: EntityInMap,
    match: readonly string[],
  ) {
    const { map } = entity
    const names = entity.at.schema.fields.map(({ name }) => name)
    const key = keyOf(entity.at.schema)
    this.#row = new RowFields(names.length)
    this.#number = entities.indexOf(entity)
    this.#keyIndexes = key.map((name) => names.indexOf(name))
    this.#isParty = isParty(map.role) && key.length > 0
    this.#match = match
    this.#none = new Set(['', ...map.identityNone])
    this.#fields = Object.entries(map.identity).flatMap(([by, name]) => {
      const index = name === undefined ? -1 : names.indexOf(name)
      return index < 0 ? [] : [[by, index] as const]
    })
    this.#links = links
      .filter((link) => link.from === entity && link.match === null && link.kind !== 'reference')
      .flatMap((link) => toPartyLink(entities, link, names) ?? [])
    const hasSigns = this.#fields.some(([by]) => OWN_FIELDS.some((own) => own === by))
    const tiesParties = this.#links.length > 1 && this.#links.some(isSame)
    this.saysAnything = this.#isParty || (this.#links.length > 0 && (hasSigns || tiesParties))
  }

  standAt(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#row.split(bytes, start, end)
  }

  *read(keyAddress: () => string): Generator<Line> {
    const named = this.#links.flatMap((one) => this.#partyOf(one) ?? [])
    const values = this.#values()
    if (this.#isParty) {
      const self = this.#refTo(this.#number, this.#keyIndexes)
      if (self === undefined) return
      const matched = this.#match.flatMap((by) => {
        const value = values.get(by)
        return value === undefined ? [] : [[by, value] as const]
      })
      const name = values.get('name') ?? null
      const party = { key: keyAddress(), name, signs: foldSigns(pick(values)), matched }
      yield toLine(self, { kind: 'party', ...party })
      for (const { isSame: isOne, ref } of named) if (isOne) yield* tie(self, ref)
      return
    }
    const signs = foldSigns(pick(values))
    for (const { isSame: isOne, ref } of named) {
      if (!isOne && signs.length > 0) yield toLine(ref, { kind: 'signs', signs })
    }
    // A line of a crosswalk: all that it names are one.
    if (!named.some(({ isSame: isOne }) => isOne)) return
    for (const [i, { ref }] of named.entries()) {
      for (const other of named.slice(i + 1)) yield* tie(ref, other.ref)
    }
  }

  #values(): Map<string, string> {
    const values = new Map<string, string>()
    for (const [by, index] of this.#fields) {
      const value = readText(this.#bytes, this.#row, index)
      if (value !== null && !this.#none.has(value)) values.set(by, value)
    }
    return values
  }

  #partyOf({ entity, indexes, link, when }: PartyLink) {
    for (const [index, text] of when) if (this.#textOf(index) !== text) return undefined
    const isNone = (index: number) => link.none.includes(parseField(this.#textOf(index)) ?? '')
    if (link.none.length > 0 && indexes.some(isNone)) return undefined
    const ref = this.#refTo(entity, indexes)
    return ref === undefined ? undefined : { ref, isSame: isSame({ link }) }
  }

  /** The name of a party, by its entity and key; `undefined` where a part of the key is null. */
  #refTo(entity: number, indexes: readonly number[]): string | undefined {
    const texts = indexes.map((index) => this.#textOf(index))
    if (texts.some((text) => text === NULL_FIELD || text.startsWith('\\@'))) return undefined
    return [String(entity), ...texts].join('\t')
  }

  #textOf(index: number): string {
    return this.#bytes.toString('utf8', this.#row.startOf(index), this.#row.endOf(index))
  }
}

function isSame({ link }: Pick<PartyLink, 'link'>): boolean {
  return link.kind === 'same'
}

function toPartyLink(
  entities: readonly EntityInMap[],
  link: LinkInMap,
  names: readonly string[],
): PartyLink | undefined {
  const { fields, to, toFields } = link
  const key = keyOf(to.at.schema)
  if (!isParty(to.map.role) || key.length === 0 || key.length !== toFields.length) return undefined
  const indexes = key.map((name) => names.indexOf(fields[toFields.indexOf(name)] ?? ''))
  if (indexes.some((index) => index < 0)) return undefined
  const when = link.when.map(([name, value]) => [names.indexOf(name), formatField(value)] as const)
  return { link, entity: entities.indexOf(to), indexes, when }
}

function pick(values: ReadonlyMap<string, string>): IdentityValues {
  return Object.fromEntries(
    OWN_FIELDS.flatMap((by) => {
      const value = values.get(by)
      return value === undefined ? [] : [[by, value]]
    }),
  )
}

function* tie(a: string, b: string): Generator<Line> {
  if (a === b) return
  yield toLine(a, { kind: 'one', other: b })
  yield toLine(b, { kind: 'one', other: a })
}

function toLine(name: string, said: Said): Line {
  return { name, text: JSON.stringify(said) }
}
