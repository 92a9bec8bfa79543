import { formatKeyAddress } from '#record/address'
import { sourceFields } from '#record/project'
import { formatField, parseField, parseLargeMarker } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { entryOf, startOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import type { FoundState, VersionsOf } from '#segment/state-finder'
import type { LargeValue } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import type { Lookup } from '../index/row-index.ts'
import type { EntityInMap } from '../map-at.ts'
import { RowFields } from '../values/row-fields.ts'
import { finderOf } from './finder-of.ts'
import { encodeKeyStart, keyStartOf, WantedKeys } from './wanted-keys.ts'

/** Records that are looked for: those whose fields hold one of the values, under a condition. */
export type Ask = {
  readonly fields: readonly string[]
  readonly when: readonly (readonly [field: string, value: string])[]
  /** Each as `formatValues` writes it. */
  readonly values: ReadonlySet<string>
}

/** A record with its values; those of large fields stay where they lie. */
export type FoundRecord = {
  /** As an address prints it. */
  readonly key: string
  readonly fields: Readonly<Record<string, string | null>>
  /** Fields whose values are too large to be read along; they are null in `fields`. */
  readonly large: LargeFields
}

/** By name; values are equal where their hashes are. */
export type LargeFields = ReadonlyMap<string, { readonly bytes: number; readonly hash: string }>

/** Values of several fields as one text: as rows spell them, joined by tabs. */
export function formatValues(values: readonly string[]): string {
  return values.map(formatField).join('\t')
}

/** Values of a record under these names; `undefined` when one of them is null or too large. */
export function valuesOf(
  { fields }: Pick<FoundRecord, 'fields'>,
  names: readonly string[],
): string[] | undefined {
  const values = names.map((name) => fields[name])
  const isWhole = values.every((value) => typeof value === 'string')
  return isWhole ? values.map((value) => value ?? '') : undefined
}

/**
 * The records of an entity that answer one of several asks, in key order, each with the number of the
 * ask and the values that answered it. Asks over the beginning of the key read the blocks that may
 * hold it; all others together ask the index, or read the entity once where there is none.
 */
export async function* findRecords(
  entity: EntityInMap,
  asks: readonly Ask[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly ask: number; readonly values: string; readonly record: FoundRecord }> {
  const { schema } = entity.at
  const scanned: Matcher[] = []
  const lookups: Lookup[] = []
  for (const [number, ask] of asks.entries()) {
    const matcher = new Matcher(schema, ask, number)
    const start = keyStartOf(schema, ask.fields)
    if (start === undefined) {
      scanned.push(matcher)
      lookups.push({ column: { kind: 'values', fields: ask.fields }, texts: [...ask.values] })
      continue
    }
    const starts = [...ask.values].flatMap((values) => {
      return encodeKeyStart(start, values.split('\t').map(plainOf)) ?? []
    })
    if (starts.length === 0) continue
    const found = await seekStarts(entity, starts, signal)
    if (found !== undefined) yield* matchStates(entity, [matcher], found)
    else yield* readMatching(entity, [matcher], new WantedKeys(starts), signal)
  }
  if (scanned.length === 0) return
  const found = await seekIndexed(entity, lookups, signal)
  if (found !== undefined) yield* matchStates(entity, scanned, found)
  else yield* readMatching(entity, scanned, undefined, signal)
}

/** Of more versions than this it is as well to read the blocks they are in. */
const SOUGHT_MAX = 100_000

async function seekStarts(
  { at, deps }: EntityInMap,
  starts: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<FoundState[] | undefined> {
  const sorted = [...starts].sort(Buffer.compare)
  const wanted = { starts: sorted, versionsMax: SOUGHT_MAX, signal }
  return await finderOf(deps).find({ ...at, ...wanted })
}

/**
 * Records that may answer one of the lookups, as the point holds them, ascending by key; `undefined`
 * when only reading the entity tells which.
 */
export async function seekIndexed(
  entity: EntityInMap,
  lookups: readonly Lookup[],
  signal: AbortSignal,
): Promise<FoundState[] | undefined> {
  const candidates = await entity.findVersions(lookups, signal)
  return candidates && (await seekCandidates(entity, candidates, signal))
}

/** Records of which one of these versions is what the point holds, and perhaps some others. */
export async function seekCandidates(
  { at, deps }: EntityInMap,
  candidates: readonly VersionsOf[],
  signal: AbortSignal,
): Promise<FoundState[]> {
  return await finderOf(deps).findOf({ ...at, signal }, candidates)
}

function* matchStates(
  { at: { schema } }: EntityInMap,
  matchers: readonly Matcher[],
  found: readonly FoundState[],
) {
  const row = new RowFields(schema.fields.length)
  for (const state of found) {
    row.split(state.row, 0, state.row.length)
    for (const matcher of matchers) {
      const values = matcher.match(state.row, row)
      if (values === undefined) continue
      yield { ask: matcher.ask, values, record: describeRecord(schema, state) }
    }
  }
}

async function* readMatching(
  { at, deps }: EntityInMap,
  matchers: readonly Matcher[],
  keys: WantedKeys | undefined,
  signal: AbortSignal,
) {
  const { asOf, schema, schemas, segments } = at
  const row = new RowFields(schema.fields.length)
  const mayHold = keys && {
    mayHold: (first: Uint8Array, last: Uint8Array) => keys.mayBeIn(first, last),
  }
  const options = { segments, schemas, schema, asOf, rows: true, signal, ...mayHold }
  for await (const batch of readState(deps, options)) {
    const { rows } = batch
    assert(rows !== null, 'Rows were asked for.')
    for (let i = 0; i < batch.count; i++) {
      if (keys !== undefined && !keys.has(entryOf(batch.keys, i))) continue
      row.split(rows.bytes, startOf(rows, i), rows.ends[i] ?? 0)
      for (const matcher of matchers) {
        const values = matcher.match(rows.bytes, row)
        if (values === undefined) continue
        const key = entryOf(batch.keys, i)
        const large = batch.large.get(i) ?? []
        const state = { key, row: entryOf(rows, i), large }
        yield { ask: matcher.ask, values, record: describeRecord(schema, state) }
      }
    }
  }
}

/** The records of an entity that have these keys, in key order. */
export async function findByKeys(
  { at, deps }: EntityInMap,
  keys: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<FoundRecord[]> {
  const found: FoundRecord[] = []
  const wanted = new WantedKeys(keys)
  const { asOf, schema, schemas, segments } = at
  const mayHold = (first: Uint8Array, last: Uint8Array) => wanted.mayBeIn(first, last)
  const options = { segments, schemas, schema, asOf, rows: true, signal, mayHold }
  for await (const batch of readState(deps, options)) {
    assert(batch.rows !== null, 'Rows were asked for.')
    for (let i = 0; i < batch.count; i++) {
      const key = entryOf(batch.keys, i)
      if (!wanted.has(key)) continue
      const state = { key, row: entryOf(batch.rows, i), large: batch.large.get(i) ?? [] }
      found.push(describeRecord(schema, state))
    }
  }
  return found
}

class Matcher {
  readonly ask: number
  readonly #indexes: readonly number[]
  readonly #values: ReadonlySet<string>
  readonly #conditions: readonly { readonly index: number; readonly text: Buffer }[]

  constructor(schema: SchemaVersion, { fields, values, when }: Ask, ask: number) {
    const indexOf = (name: string) => schema.fields.findIndex((field) => field.name === name)
    this.ask = ask
    this.#indexes = fields.map(indexOf)
    this.#values = values
    this.#conditions = when.map(([name, value]) => {
      return { index: indexOf(name), text: Buffer.from(formatField(value)) }
    })
  }

  /** The values of the row, when they are wanted. */
  match(bytes: Uint8Array<ArrayBuffer>, row: RowFields): string | undefined {
    for (const { index, text } of this.#conditions) {
      if (!row.isText(bytes, index, text)) return undefined
    }
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let values = ''
    for (const [i, index] of this.#indexes.entries()) {
      if (i > 0) values += '\t'
      values += view.toString('utf8', row.startOf(index), row.endOf(index))
    }
    return this.#values.has(values) ? values : undefined
  }
}

export function describeRecord(schema: SchemaVersion, state: FoundState): FoundRecord {
  const { buffer, byteLength, byteOffset } = state.row
  const text = Buffer.from(buffer, byteOffset, byteLength).toString('utf8')
  const texts = text.slice(0, -1).split('\t')
  const fields: Record<string, string | null> = Object.create(NO_FIELDS)
  let large: Map<string, { bytes: number; hash: string }> | undefined
  for (const { index, name } of placesOf(schema)) {
    const value = texts[index] ?? ''
    const marker = parseLargeMarker(value)
    fields[name] = marker === undefined ? parseField(value) : null
    if (marker === undefined) continue
    large ??= new Map()
    large.set(name, describeLarge(state.large[marker]))
  }
  const key = formatKeyAddress(state.key, schema.key)
  return { key, fields, large: large ?? NO_LARGE }
}

/** What inherits from it has no names but its own, and takes half of what an object without any parent takes. */
const NO_FIELDS: object = Object.freeze(Object.create(null))
const NO_LARGE: LargeFields = new Map()

type FieldPlace = { readonly index: number; readonly name: string }
const places = new WeakMap<SchemaVersion, readonly FieldPlace[]>()

/** Where the fields stand in a row, in the order of the source: asked for every record. */
function placesOf(schema: SchemaVersion): readonly FieldPlace[] {
  const known = places.get(schema)
  if (known !== undefined) return known
  const made = sourceFields(schema).map((field) => {
    return { index: schema.fields.findIndex(({ id }) => id === field.id), name: field.name }
  })
  places.set(schema, made)
  return made
}

function describeLarge(value: LargeValue | undefined): { bytes: number; hash: string } {
  assert(value?.kind === 'stored', 'A large value that is read lies in the vault.')
  return { bytes: value.ref.textBytes, hash: Buffer.from(value.ref.hash).toString('hex') }
}

function plainOf(value: string): string {
  return parseField(value) ?? ''
}
