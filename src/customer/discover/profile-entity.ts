import { type EntityAt, entityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import type { Field, ForeignKey } from '#record/schema'
import { startOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import type { SegmentReadDeps } from '#segment/segment'
import type { VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import { keyOf } from '../key-of.ts'
import { entitiesOf, type SourceAt } from '../map-at.ts'
import { RowFields } from '../values/row-fields.ts'
import { hashBytes, ValueSketch } from './value-sketch.ts'

/** What is known of a field after all its values were seen once. */
export type FieldProfile = {
  readonly name: string
  readonly index: number
  readonly type: string
  readonly isNullable: boolean
  /** Records that have a value: neither null nor an empty text. */
  readonly filled: number
  readonly sketch: ValueSketch
  /** Whether values are whole numbers, as far as they were looked at. */
  readonly isNumeric: boolean
  readonly least: number
  readonly lengthMean: number
  /** The values, where there are few and short ones. */
  readonly few: readonly string[]
}

export type EntityProfile = {
  readonly source: string
  readonly entity: EntityName
  readonly at: EntityAt
  readonly deps: SegmentReadDeps
  readonly rows: number
  readonly fields: readonly FieldProfile[]
  /** Names, in key order. */
  readonly key: readonly string[]
  /** Of a key of several fields: its values as one. */
  readonly keySketch: ValueSketch
  readonly foreignKeys: readonly ForeignKey[]
}

const SKETCH_VALUES = 1024
/** More of those that others may point to, so that small entities are found in large ones. */
const KEY_SKETCH_VALUES = 32_768
const FEW_MAX = 12
const FEW_LENGTH_MAX = 40
/** Longer values name nothing. */
const VALUE_BYTES_MAX = 200
const NULL_TEXT = Buffer.from('\\N')

/** Looks at every value of every entity of a point once. Holds a sketch for each field. */
export async function profileEntities(
  source: SourceAt,
  begin: (label: string) => void,
  signal: AbortSignal,
): Promise<EntityProfile[]> {
  const profiles: EntityProfile[] = []
  for (const { entity, rows } of entitiesOf(source)) {
    begin(`Looking at ${source.source} ${entity}`)
    const at = entityAt(source.state, source.point, entity)
    const place = { source: source.source, entity, at, deps: source.deps, rows }
    profiles.push(await profileEntity(place, signal))
  }
  return profiles
}

async function profileEntity(
  place: Pick<EntityProfile, 'source' | 'entity' | 'at' | 'deps' | 'rows'>,
  signal: AbortSignal,
): Promise<EntityProfile> {
  const { asOf, schema, schemas, segments } = place.at
  const key = keyOf(schema)
  const gauges = schema.fields.map((field, index) => {
    return new FieldGauge(field, index, key.length === 1 && key[0] === field.name)
  })
  const keyIndexes = key.map((name) => schema.fields.findIndex((field) => field.name === name))
  const keySketch = new ValueSketch(key.length > 1 ? KEY_SKETCH_VALUES : 1)
  const row = new RowFields(schema.fields.length)
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  for await (const batch of readState(place.deps, options)) {
    eachRow(batch, row, (bytes) => {
      for (const gauge of gauges) gauge.add(bytes, row)
      const hash = key.length > 1 ? hashFields(bytes, row, keyIndexes) : undefined
      if (hash !== undefined) keySketch.add(hash)
    })
  }
  const fields = gauges.map((gauge) => gauge.profile())
  return { ...place, fields, key, keySketch, foreignKeys: schema.foreignKeys }
}

export function eachRow(
  { count, rows }: VersionBatch,
  row: RowFields,
  see: (bytes: Uint8Array) => void,
): void {
  assert(rows !== null, 'Rows were asked for.')
  for (let i = 0; i < count; i++) {
    row.split(rows.bytes, startOf(rows, i), rows.ends[i] ?? 0)
    see(rows.bytes)
  }
}

/** One hash of the values of several fields; `undefined` where one has none. */
export function hashFields(
  bytes: Uint8Array,
  row: RowFields,
  indexes: readonly number[],
): number | undefined {
  let hash = 0
  for (const index of indexes) {
    if (!isFilled(bytes, row, index)) return undefined
    hash = hashBytes(bytes, row.startOf(index), row.endOf(index), hash)
  }
  return hash
}

export function isFilled(bytes: Uint8Array, row: RowFields, index: number): boolean {
  const size = row.endOf(index) - row.startOf(index)
  if (size <= 0 || size > VALUE_BYTES_MAX) return false
  return !row.isText(bytes, index, NULL_TEXT)
}

class FieldGauge {
  readonly #field: Field
  readonly #index: number
  readonly #sketch: ValueSketch
  readonly #few = new Set<string>()
  #hasMany = false
  #filled = 0
  #bytes = 0
  #isNumeric = true
  #least = Number.POSITIVE_INFINITY

  constructor(field: Field, index: number, isKey: boolean) {
    this.#field = field
    this.#index = index
    this.#sketch = new ValueSketch(isKey ? KEY_SKETCH_VALUES : SKETCH_VALUES)
  }

  add(bytes: Uint8Array, row: RowFields): void {
    if (!isFilled(bytes, row, this.#index)) return
    const start = row.startOf(this.#index)
    const end = row.endOf(this.#index)
    this.#filled += 1
    this.#bytes += end - start
    this.#sketch.add(hashBytes(bytes, start, end))
    if (this.#isNumeric) this.#readNumber(bytes, start, end)
    if (!this.#hasMany) this.#keepFew(bytes, start, end)
  }

  profile(): FieldProfile {
    return {
      name: this.#field.name,
      index: this.#index,
      type: this.#field.type,
      isNullable: this.#field.isNullable,
      filled: this.#filled,
      sketch: this.#sketch,
      isNumeric: this.#isNumeric,
      least: this.#least,
      lengthMean: this.#filled === 0 ? 0 : this.#bytes / this.#filled,
      few: this.#hasMany ? [] : [...this.#few].sort(),
    }
  }

  /** A leading zero makes it a name, not a number. */
  #readNumber(bytes: Uint8Array, start: number, end: number): void {
    let number = 0
    for (let at = start; at < end; at++) {
      const digit = (bytes[at] ?? 0) - 48
      const isLeadingZero = at === start && digit === 0 && end - start > 1
      if (digit < 0 || digit > 9 || isLeadingZero || end - start > 15) {
        this.#isNumeric = false
        return
      }
      number = number * 10 + digit
    }
    if (number < this.#least) this.#least = number
  }

  #keepFew(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > FEW_LENGTH_MAX) this.#hasMany = true
    else this.#few.add(Buffer.from(bytes.subarray(start, end)).toString('utf8'))
    if (this.#few.size > FEW_MAX) this.#hasMany = true
    if (this.#hasMany) this.#few.clear()
  }
}
