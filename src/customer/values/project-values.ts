import type { EntityAt } from '#history/entity-at'
import { formatField, NULL_FIELD } from '#record/row-text'
import { startOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import type { SegmentReadDeps } from '#segment/segment'
import type { VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import { RowFields } from './row-fields.ts'

/** Which values of a record are looked at, and when they count. */
export type Projection = {
  /** Names, in the order in which they are compared with the other side. */
  readonly fields: readonly string[]
  /** Only records that hold these values in these fields. */
  readonly when: readonly (readonly [field: string, value: string])[]
  /** Values that are as good as null. */
  readonly none: readonly string[]
}

/** No value begins with it, so that what is sorted is never taken for the digest key of a row. */
const MARK = 0x01
const TAB = 0x09
const BACKSLASH = 0x5c
const AT_SIGN = 0x40

/**
 * The values of some fields of every record of an entity at a point, as batches whose keys are the
 * values (their canonical text, joined by tabs) and whose digests are the record's place in key
 * order, from 0. Records with a null among the values, or that do not count, are left out.
 *
 * Holds what `readState` holds, and a batch.
 */
export async function* projectValues(
  deps: SegmentReadDeps,
  { asOf, schema, schemas, segments }: EntityAt,
  projection: Projection,
  signal: AbortSignal,
): AsyncGenerator<VersionBatch, void, undefined> {
  const picker = new ValuePicker(
    schema.fields.map(({ name }) => name),
    projection,
  )
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  let ordinal = 0
  for await (const batch of readState(deps, options)) {
    const picked = picker.pick(batch, ordinal)
    ordinal += batch.count
    if (picked.count > 0) yield picked
  }
}

type Condition = { readonly index: number; readonly text: Buffer }

class ValuePicker {
  readonly #indexes: readonly number[]
  readonly #conditions: readonly Condition[]
  readonly #none: readonly Buffer[]
  readonly #row: RowFields

  constructor(names: readonly string[], { fields, none, when }: Projection) {
    const indexOf = (name: string) => {
      const index = names.indexOf(name)
      assert(index >= 0, 'A projection names fields of its entity.')
      return index
    }
    this.#indexes = fields.map(indexOf)
    this.#conditions = when.map(([name, value]) => {
      return { index: indexOf(name), text: Buffer.from(formatField(value)) }
    })
    this.#none = [NULL_FIELD, ...none.map(formatField)].map((text) => Buffer.from(text))
    this.#row = new RowFields(names.length)
  }

  pick({ count, rows }: VersionBatch, ordinal: number): VersionBatch {
    assert(rows !== null, 'Rows were asked for.')
    const bytes = new Uint8Array(rows.bytes.length + count * (this.#indexes.length + 1))
    const ends = new Uint32Array(count)
    const ordinals = new BigUint64Array(count)
    let picked = 0
    let at = 0
    for (let i = 0; i < count; i++) {
      this.#row.split(rows.bytes, startOf(rows, i), rows.ends[i] ?? 0)
      if (!this.#counts(rows.bytes)) continue
      bytes[at++] = MARK
      for (const [k, index] of this.#indexes.entries()) {
        if (k > 0) bytes[at++] = TAB
        const end = this.#row.endOf(index)
        for (let from = this.#row.startOf(index); from < end; from++)
          bytes[at++] = rows.bytes[from] ?? 0
      }
      ends[picked] = at
      ordinals[picked] = BigInt(ordinal + i)
      picked += 1
    }
    return {
      count: picked,
      keys: { bytes: bytes.slice(0, at), ends: ends.slice(0, picked) },
      seqs: new Uint32Array(picked),
      ordinals: new Uint32Array(picked).fill(1),
      ops: new Uint8Array(picked),
      digests: ordinals.slice(0, picked),
      rows: null,
      large: new Map(),
    }
  }

  #counts(bytes: Uint8Array): boolean {
    for (const { index, text } of this.#conditions)
      if (!this.#row.isText(bytes, index, text)) return false
    for (const index of this.#indexes) {
      // What lies out of line names nothing, and its marker is no value.
      const at = this.#row.startOf(index)
      if (bytes[at] === BACKSLASH && bytes[at + 1] === AT_SIGN) return false
      for (const none of this.#none) if (this.#row.isText(bytes, index, none)) return false
    }
    return true
  }
}
