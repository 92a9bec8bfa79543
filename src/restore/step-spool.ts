import type { KeyedRows } from '#connector/connector'
import type { EntityAt } from '#history/entity-at'
import type { PairedRow, RecordPair } from '#history/pair-versions'
import { decodeDigestKey, decodeKey } from '#record/key'
import { keyIndexes, scanFields } from '#record/project'
import { LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { fieldBytes, formatRow, parseLargeMarker, splitRowBytes } from '#record/row-text'
import { readLargeValue } from '#segment/large-values'
import type { LargeValue } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import { collect } from '#stdx/streams'
import type { CompareDeps } from './compare-target.ts'
import { RowSpool } from './row-spool.ts'

export type SpoolOptions = {
  /**
   * So many lists of fields are updated; records beyond them are written whole, with what the target
   * has in the fields that are not picked.
   */
  readonly listsMax?: number
  /**
   * Records in which one of these is set are written whole, too: rows exchange values that have to be
   * unique only where they are written together. Not where `listsMax` is infinite.
   */
  readonly uniqueFields?: readonly string[]
  /** Fields of whole numbers, of which is kept which are the least and the most that is written. */
  readonly countedFields?: readonly string[]
  readonly signal: AbortSignal
}

export type NumberRange = { readonly least: bigint; readonly most: bigint }

/** Rows before and after; each may be read more than once. */
export type ChangedRows = {
  readonly before: () => AsyncIterable<RowBatch>
  readonly beforeCount: number
  readonly after: () => AsyncIterable<RowBatch>
  readonly afterCount: number
}

/** The rows that one entity's part of a plan would write, by what is done with them. */
export class StepSpool {
  readonly #deps: CompareDeps
  readonly #signal: AbortSignal
  readonly #at: EntityAt
  readonly #inserts: RowSpool
  readonly #deletes: RowSpool
  /** Rows that are updated or deleted, as the target has them, and what updates make of them. */
  readonly #before: RowSpool
  readonly #updated: RowSpool
  /** By the fields they set, joined; most plans have one list. */
  readonly #updates = new Map<
    string,
    { readonly fields: readonly string[]; readonly rows: RowSpool }
  >()
  readonly #listsMax: number
  readonly #unique: ReadonlySet<string>
  /** Of counted fields, by name. */
  readonly #counted: readonly { readonly field: string; readonly index: number }[]
  readonly #ranges = new Map<string, NumberRange>()
  /** The digest of the record without a key that was appended last. */
  #copied: Uint8Array | undefined
  readonly #fields: readonly string[]
  readonly #key: readonly string[]

  constructor(deps: CompareDeps, at: EntityAt, options: SpoolOptions) {
    const { countedFields = [], listsMax = Infinity, signal, uniqueFields = [] } = options
    this.#deps = deps
    this.#signal = signal
    this.#at = at
    this.#listsMax = listsMax
    this.#unique = new Set(listsMax === Infinity ? [] : uniqueFields)
    this.#inserts = new RowSpool(deps)
    this.#deletes = new RowSpool(deps)
    this.#before = new RowSpool(deps)
    this.#updated = new RowSpool(deps)
    this.#fields = scanFields(at.schema)
    this.#counted = countedFields
      .map((field) => ({ field, index: this.#fields.indexOf(field) }))
      .filter(({ index }) => index >= 0)
    this.#key = keyIndexes(at.schema).map((index) => this.#fields[index] ?? '')
  }

  /** @param picked what an update sets; `null`: all fields */
  async append(
    op: 'insert' | 'update' | 'delete',
    pair: RecordPair,
    picked: readonly string[] | null,
  ): Promise<void> {
    await this.#keepCopies(pair)
    this.#noteNumbers(pair, picked)
    switch (op) {
      case 'insert':
        return await this.#put(this.#inserts, pair.left, this.#fields)
      case 'update':
        await this.#put(this.#before, pair.right, this.#fields)
        await this.#putPlaces(this.#updated, this.#mix(pair, picked))
        return await this.#appendUpdate(pair, picked)
      case 'delete':
        await this.#put(this.#before, pair.right, this.#fields)
        return await this.#appendDelete(pair)
    }
  }

  /** Of the values that rows are given in a counted field; `undefined`: none is a whole number. */
  rangeOf(field: string): NumberRange | undefined {
    return this.#ranges.get(field)
  }

  inserts(): AsyncIterable<RowBatch> {
    return this.#inserts.read()
  }

  updates(): KeyedRows[] {
    const key = this.#key
    return [...this.#updates.values()].map(({ fields, rows }) => ({
      key,
      fields,
      rows: rows.read(),
    }))
  }

  deletes(): KeyedRows {
    const fields = this.#key.length > 0 ? this.#key : this.#fields
    return { key: this.#key, fields, rows: this.#deletes.read() }
  }

  /** What the target holds of the records that are written, and what it will hold of them. */
  preImage(): ChangedRows {
    const inserts = this.#inserts
    const updated = this.#updated
    return {
      before: () => this.#before.read(),
      beforeCount: this.#before.rowCount,
      async *after() {
        yield* updated.read()
        yield* inserts.read()
      },
      afterCount: updated.rowCount + inserts.rowCount,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const spools = [
      this.#inserts,
      this.#deletes,
      this.#before,
      this.#updated,
      ...[...this.#updates.values()].map(({ rows }) => rows),
    ]
    for (const spool of spools) await spool[Symbol.asyncDispose]()
  }

  /** A number that a row had before is no news. */
  #noteNumbers({ left, right }: RecordPair, picked: readonly string[] | null): void {
    if (left === null) return
    for (const { field, index } of this.#counted) {
      const text = readText(left, index)
      const isNew = right === null || readText(right, index) !== text
      const isWritten = right === null || picked === null || picked.includes(field)
      if (!isNew || !isWritten || !WHOLE_NUMBER.test(text)) continue
      const number = BigInt(text)
      const { least, most } = this.#ranges.get(field) ?? { least: number, most: number }
      const range = { least: number < least ? number : least, most: number > most ? number : most }
      this.#ranges.set(field, range)
    }
  }

  async #appendUpdate(pair: RecordPair, picked: readonly string[] | null): Promise<void> {
    const fields = picked === null ? this.#fields : [...new Set([...this.#key, ...picked])]
    const isFull = this.#updates.size >= this.#listsMax && !this.#updates.has(nameOf(fields))
    if (picked !== null && (isFull || picked.some((name) => this.#unique.has(name))))
      return await this.#appendWhole(pair, picked)
    await this.#put(this.#listOf(fields), pair.left, fields)
  }

  /**
   * Rows without a key are numbered among their equals. Where more of them come or go, those that stay
   * are kept as well, before and after, so that the numbers come out the same again.
   */
  async #keepCopies({ key, left, right }: RecordPair): Promise<void> {
    if (this.#at.schema.key.kind !== 'digest') return
    const { digest, occurrence } = decodeDigestKey(key)
    if (this.#copied !== undefined && Buffer.compare(this.#copied, digest) === 0) return
    this.#copied = Uint8Array.from(digest)
    for (let i = 0; i < occurrence; i++) {
      await this.#put(this.#before, left ?? right, this.#fields)
      await this.#put(this.#updated, left ?? right, this.#fields)
    }
  }

  #listOf(fields: readonly string[]): RowSpool {
    const name = nameOf(fields)
    const list = this.#updates.get(name) ?? { fields, rows: new RowSpool(this.#deps) }
    this.#updates.set(name, list)
    return list.rows
  }

  async #appendWhole(pair: RecordPair, picked: readonly string[]): Promise<void> {
    await this.#putPlaces(this.#listOf(this.#fields), this.#mix(pair, picked))
  }

  /** The row as it is once its picked fields are written. */
  #mix({ left, right }: RecordPair, picked: readonly string[] | null): Place[] {
    assert(left !== null && right !== null, 'An update has both sides.')
    const written = new Set(picked ?? this.#fields)
    const [ours, theirs] = [splitRowBytes(left.row), splitRowBytes(right.row)]
    return this.#fields.map((name, index) =>
      written.has(name)
        ? placeField(ours[index], left.large)
        : placeField(theirs[index], right.large),
    )
  }

  /** A record without key is recognised by all its fields; any other by its key alone. */
  async #appendDelete(pair: RecordPair): Promise<void> {
    const { key } = this.#at.schema
    if (key.kind === 'digest') return await this.#put(this.#deletes, pair.right, this.#fields)
    await this.#deletes.append(Buffer.from(formatRow(decodeKey(pair.key, key.encodings))))
  }

  /** Adds `fields` of a row, large values in place; those in the vault pass through, piece by piece. */
  async #put(spool: RowSpool, row: PairedRow | null, fields: readonly string[]): Promise<void> {
    assert(row !== null, 'A step writes a row that its pair holds.')
    const isWhole = fields === this.#fields
    if (isWhole && row.large.length === 0) return await spool.append(row.row)
    const parts = splitRowBytes(row.row)
    const places = fields.map((name) => placeField(parts[this.#fields.indexOf(name)], row.large))
    await this.#putPlaces(spool, places)
  }

  async #putPlaces(spool: RowSpool, places: readonly Place[]): Promise<void> {
    const sizeBytes = places.reduce((sum, place) => sum + placeBytes(place) + 1, 0)
    const pieces = this.#pieces(places)
    if (sizeBytes > LARGE_ROW_BYTES) return await spool.appendLarge(pieces)
    await spool.append(Buffer.concat(await collect(pieces)))
  }

  async *#pieces(places: readonly Place[]): AsyncGenerator<Uint8Array, void, undefined> {
    for (const [i, place] of places.entries()) {
      if (i > 0) yield Buffer.from('\t')
      if (place instanceof Uint8Array) yield place
      else if (place.kind === 'bytes') yield* place.parts
      else yield* readLargeValue(this.#deps.read, place.ref, this.#signal)
    }
    yield Buffer.from('\n')
  }
}

const WHOLE_NUMBER = /^-?[0-9]{1,20}$/

function readText({ row }: PairedRow, index: number): string {
  return Buffer.from(fieldBytes(row, index)).toString('latin1')
}

function nameOf(fields: readonly string[]): string {
  return fields.join('\0')
}

/** A field's text, or the large value that it stands for. */
type Place = Uint8Array | LargeValue

function placeField(text: Uint8Array | undefined, large: readonly LargeValue[]): Place {
  assert(text !== undefined, 'A field to write is one of the row.')
  const index = parseLargeMarker(Buffer.from(text).toString('latin1'))
  return (index === undefined ? undefined : large[index]) ?? text
}

function placeBytes(place: Place): number {
  if (place instanceof Uint8Array) return place.byteLength
  if (place.kind === 'stored') return place.ref.textBytes
  return place.parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
}
