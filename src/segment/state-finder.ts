import type { SchemaVersion } from '#record/schema'
import { isUpTo, type Stamp } from '#record/stamp'
import { compareWithKey, entryOf, findFirst } from './columns.ts'
import { openKernel } from './kernel/open-kernel.ts'
import { BlockReader } from './read/block-reader.ts'
import { type OpenSegment, openSegment, type PlacedBlock } from './read/open-segment.ts'
import { shapeOf } from './read/run-cursor.ts'
import { type PlacedSegment, type SegmentReadDeps, seqsOf } from './segment.ts'
import { type LargeValue, OP_DELETE, type VersionBatch } from './version-batch.ts'

export type FindStatesOptions = {
  /** All live segments of the entity; those of other generations or later points are left out. */
  readonly segments: readonly PlacedSegment[]
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  /** What the rows are given in. */
  readonly schema: SchemaVersion
  readonly asOf: Stamp
  /** Keys or their beginnings, ascending, none of which begins another. */
  readonly starts: readonly Uint8Array[]
  /** Of more versions than this nothing is given. */
  readonly versionsMax: number
  readonly signal: AbortSignal
}

/** A record as a point holds it. */
export type FoundState = {
  readonly key: Uint8Array<ArrayBuffer>
  /** Row text under the schema that was asked for, its newline included. */
  readonly row: Uint8Array<ArrayBuffer>
  readonly large: readonly LargeValue[]
}

/** Decoded keys of blocks that were looked into last, about so many bytes. */
const HELD_BYTES_MAX = 67_108_864

/**
 * Looks records up by key, many at a time and again and again: segments stay open and blocks of keys
 * decoded, so that what one question has opened another does not open anew. Of rows only those are
 * built that are asked for. Good for as long as what it is asked about is not collected.
 */
export class StateFinder {
  readonly #deps: SegmentReadDeps
  readonly #kernel = openKernel()
  readonly #open = new Map<string, BlockReader>()
  /** By segment and block, the one that was asked for last at the end. */
  readonly #held = new Map<string, VersionBatch>()
  #heldBytes = 0

  constructor(deps: SegmentReadDeps) {
    this.#deps = deps
  }

  /**
   * The state, ascending by key, of all records whose keys begin so; `undefined` when that means more
   * than `versionsMax` versions, which is for `readState`.
   * @throws segment.damaged | segment.object-missing | segment.missing-key
   */
  async find(options: FindStatesOptions): Promise<FoundState[] | undefined> {
    const newest = new Map<string, Standing>()
    for (const placed of options.segments) {
      const { asOf, schema, signal } = options
      if (placed.ref.generation !== schema.generation || seqsOf(placed).min > asOf.seq) continue
      const reader = await this.#readerOf(placed, signal)
      if (!(await this.#findIn(reader, options, newest))) return undefined
    }
    const there = [...newest.values()].filter(({ isDelete }) => !isDelete)
    return await this.#readRows(there, options)
  }

  /**
   * Keys of versions of a segment.
   * @param numbers among its versions from 0, ascending
   */
  async keysAt(
    placed: PlacedSegment,
    numbers: Iterable<number>,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>[]> {
    const reader = await this.#readerOf(placed, signal)
    const { blocks } = reader.segment
    const keys: Uint8Array<ArrayBuffer>[] = []
    let at = 0
    for (const number of numbers) {
      while (isPast(blocks[at], number)) at += 1
      const block = blocks[at]
      if (block === undefined) break
      const batch = await this.#keysOf(reader, block)
      keys.push(entryOf(batch.keys, number - block.versionsBefore))
    }
    return keys
  }

  async #readerOf(placed: PlacedSegment, signal: AbortSignal): Promise<BlockReader> {
    const known = this.#open.get(placed.ref.keyring)
    if (known !== undefined) return known
    const segment = await openSegment(this.#deps, placed, signal)
    const options = { kernel: this.#kernel, readAheadBytes: 0, signal }
    const reader = new BlockReader(this.#deps, segment, options)
    this.#open.set(placed.ref.keyring, reader)
    return reader
  }

  /** @returns whether `newest` holds no more than it may */
  async #findIn(
    reader: BlockReader,
    { asOf, starts, versionsMax }: FindStatesOptions,
    newest: Map<string, Standing>,
  ): Promise<boolean> {
    for (const block of blocksOf(reader.segment, starts)) {
      if (!isUpTo(asOf, block.seqMin, block.ordinalMin)) continue
      const batch = await this.#keysOf(reader, block)
      const puts = new PutCounter(batch)
      for (const index of versionsOf(batch, starts)) {
        const [seq, ordinal] = [batch.seqs[index] ?? 0, batch.ordinals[index] ?? 0]
        if (!isUpTo(asOf, seq, ordinal)) continue
        const key = entryOf(batch.keys, index)
        const name = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
        const known = newest.get(name)
        if (known !== undefined && (known.seq - seq || known.ordinal - ordinal) >= 0) continue
        const isDelete = batch.ops[index] === OP_DELETE
        const large = batch.large.get(index) ?? []
        const put = puts.before(index)
        newest.set(name, { key: key.slice(), seq, ordinal, isDelete, put, large, reader, block })
        if (newest.size > versionsMax) return false
      }
    }
    return true
  }

  async #readRows(
    standings: readonly Standing[],
    { schema, schemas }: FindStatesOptions,
  ): Promise<FoundState[]> {
    const found: FoundState[] = []
    for (const same of Map.groupBy(standings, ({ block }) => block).values()) {
      const [first] = same
      if (first === undefined) continue
      const { block, reader } = first
      const ascending = same.toSorted((a, b) => a.put - b.put)
      const shape = shapeOf(reader, { schemas, asked: schema })
      const numbers = Uint32Array.from(ascending, ({ put }) => put)
      const rows = await reader.selectRows(block, shape, numbers)
      for (const [i, { key, large }] of ascending.entries()) {
        found.push({ key, large, row: entryOf(rows, i) })
      }
    }
    return found.sort((a, b) => Buffer.compare(a.key, b.key))
  }

  async #keysOf(reader: BlockReader, block: PlacedBlock): Promise<VersionBatch> {
    const name = `${reader.segment.ref.keyring} ${block.index}`
    const known = this.#held.get(name)
    const batch = known ?? (await reader.readKeys(block))
    if (known === undefined) this.#heldBytes += bytesOf(batch)
    else this.#held.delete(name)
    this.#held.set(name, batch)
    for (const [oldest, other] of this.#held) {
      if (this.#heldBytes <= HELD_BYTES_MAX || oldest === name) break
      this.#held.delete(oldest)
      this.#heldBytes -= bytesOf(other)
    }
    return batch
  }
}

/** The newest version of a record that was met so far. */
type Standing = {
  readonly key: Uint8Array<ArrayBuffer>
  readonly seq: number
  readonly ordinal: number
  readonly isDelete: boolean
  /** Its number among the puts of the block. */
  readonly put: number
  readonly large: readonly LargeValue[]
  readonly reader: BlockReader
  readonly block: PlacedBlock
}

/** How many puts are before a version; asked in ascending order. */
class PutCounter {
  readonly #batch: VersionBatch
  #at = 0
  #puts = 0

  constructor(batch: VersionBatch) {
    this.#batch = batch
  }

  before(index: number): number {
    for (; this.#at < index; this.#at++)
      if (this.#batch.ops[this.#at] !== OP_DELETE) this.#puts += 1
    return this.#puts
  }
}

function isPast(block: PlacedBlock | undefined, number: number): boolean {
  return block !== undefined && number >= block.versionsBefore + block.count
}

/** Blocks that may hold a key which begins so. */
function* blocksOf({ blocks }: OpenSegment, starts: readonly Uint8Array[]) {
  for (const block of blocks) {
    const { from, to } = startsWithin(starts, block.firstKey, block.lastKey)
    if (from < to) yield block
  }
}

/** Indexes of the versions whose keys begin so, ascending. */
function* versionsOf(batch: VersionBatch, starts: readonly Uint8Array[]): Generator<number> {
  const { count, keys } = batch
  if (count === 0) return
  const { from, to } = startsWithin(starts, entryOf(keys, 0), entryOf(keys, count - 1))
  let at = 0
  for (const start of starts.slice(from, to)) {
    at = findFirst(at, count, (i) => compareWithKey(keys, i, start) >= 0)
    for (; at < count && begins(start, entryOf(keys, at)); at++) yield at
  }
}

/** Which of the beginnings may be those of keys between two, both included. */
function startsWithin(starts: readonly Uint8Array[], first: Uint8Array, last: Uint8Array) {
  let from = findFirst(0, starts.length, (i) => Buffer.compare(starts[i] ?? first, first) >= 0)
  const to = findFirst(from, starts.length, (i) => Buffer.compare(starts[i] ?? last, last) > 0)
  const before = starts[from - 1]
  if (before !== undefined && begins(before, first)) from -= 1
  return { from, to }
}

function begins(start: Uint8Array, key: Uint8Array): boolean {
  if (start.length > key.length) return false
  for (let i = 0; i < start.length; i++) if (start[i] !== key[i]) return false
  return true
}

/** As far as it counts: columns of numbers, and keys. */
function bytesOf({ count, keys }: VersionBatch): number {
  return keys.bytes.length + count * 21
}
