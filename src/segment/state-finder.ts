import type { SchemaVersion } from '#record/schema'
import { isUpTo, type Stamp } from '#record/stamp'
import { collect, mapConcurrent } from '#stdx/streams'
import { releaseKeys } from './batch/release.ts'
import { compareEntries, compareWithKey, entryOf, findFirst } from './columns.ts'
import { openKernel } from './kernel/open-kernel.ts'
import { BlockReader } from './read/block-reader.ts'
import { type OpenSegment, openSegment, type PlacedBlock } from './read/open-segment.ts'
import { shapeOf } from './read/run-cursor.ts'
import { type PlacedSegment, type SegmentReadDeps, seqsOf } from './segment.ts'
import { type LargeValue, OP_DELETE, type VersionBatch } from './version-batch.ts'

export type StateAt = {
  /** All live segments of the entity; those of other generations or later points are left out. */
  readonly segments: readonly PlacedSegment[]
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  /** What the rows are given in. */
  readonly schema: SchemaVersion
  readonly asOf: Stamp
  readonly signal: AbortSignal
}

export type FindStatesOptions = StateAt & {
  /** Keys or their beginnings, ascending, none of which begins another. */
  readonly starts: readonly Uint8Array[]
  /** Of more versions than this nothing is given. */
  readonly versionsMax: number
}

/** Versions of a segment: numbers among all that lie there, from 0, ascending. */
export type VersionsOf = { readonly placed: PlacedSegment; readonly numbers: readonly number[] }

/** A record as a point holds it. */
export type FoundState = {
  readonly key: Uint8Array<ArrayBuffer>
  /** Row text under the schema that was asked for, its newline included. */
  readonly row: Uint8Array<ArrayBuffer>
  readonly large: readonly LargeValue[]
}

/** Blocks that are read at a time: while one is decoded others are on their way. */
const BLOCKS_AT_ONCE = 4

/**
 * Looks records up, many at a time and again and again: segments stay open for the next question. Of
 * rows only those are built that are asked for. Good for as long as what it is asked about is not
 * collected. Holds what it finds, and a few blocks.
 */
export class StateFinder {
  readonly #deps: SegmentReadDeps
  readonly #kernel = openKernel()
  readonly #open = new Map<string, Promise<BlockReader>>()

  constructor(deps: SegmentReadDeps) {
    this.#deps = deps
  }

  /**
   * The state, ascending by key, of all records whose keys begin so; `undefined` when that means more
   * than `versionsMax` versions, which is for `readState`.
   * @throws segment.damaged | segment.object-missing | segment.missing-key
   */
  async find(options: FindStatesOptions): Promise<FoundState[] | undefined> {
    const newest: Newest = new Map()
    for (const placed of visibleSegments(options)) {
      const reader = await this.#readerOf(placed, options.signal)
      if (!(await findStarts(reader, options, newest))) return undefined
    }
    return await readRows(newest, options)
  }

  /**
   * The state, ascending by key, of records of which one of these versions is what the point holds; of
   * others that have such a version it may be given, too.
   * @throws segment.damaged | segment.object-missing | segment.missing-key
   */
  async findOf(at: StateAt, candidates: readonly VersionsOf[]): Promise<FoundState[]> {
    const newest: Newest = new Map()
    for (const { numbers, placed } of candidates) {
      if (numbers.length === 0) continue
      await findNumbers(await this.#readerOf(placed, at.signal), { at, numbers, newest })
    }
    for (const placed of visibleSegments(at)) {
      const starts = [...newest.values()].flatMap((one) => {
        return seqsOf(placed).max >= one.seq && !isSettledIn(one, placed) ? one.key : []
      })
      if (starts.length === 0) continue
      starts.sort(Buffer.compare)
      const reader = await this.#readerOf(placed, at.signal)
      await findStarts(reader, { ...at, starts, versionsMax: Number.MAX_SAFE_INTEGER }, newest)
    }
    return await readRows(newest, at)
  }

  async #readerOf(placed: PlacedSegment, signal: AbortSignal): Promise<BlockReader> {
    const { keyring } = placed.ref
    const opening = this.#open.get(keyring) ?? this.#openReader(placed, signal)
    this.#open.set(keyring, opening)
    try {
      return await opening
    } catch (error) {
      this.#open.delete(keyring)
      throw error
    }
  }

  async #openReader(placed: PlacedSegment, signal: AbortSignal): Promise<BlockReader> {
    const segment = await openSegment(this.#deps, placed, signal)
    const options = { kernel: this.#kernel, readAheadBytes: 0, signal }
    return new BlockReader(this.#deps, segment, options)
  }
}

/** @returns whether `newest` holds no more than it may */
async function findStarts(
  reader: BlockReader,
  { asOf, starts, versionsMax }: FindStatesOptions,
  newest: Newest,
): Promise<boolean> {
  const blocks = blocksOf(reader.segment, starts).filter((block) => {
    return isUpTo(asOf, block.seqMin, block.ordinalMin)
  })
  for await (const { batch, block } of readBlocks(reader, blocks)) {
    const puts = new PutCounter(batch)
    for (const index of versionsOf(batch, starts)) {
      if (isThere(batch, index, asOf)) {
        noteVersion(newest, { reader, block, batch, index, put: puts.before(index) })
      }
    }
    releaseKeys(batch)
    if (newest.size > versionsMax) return false
  }
  return true
}

async function findNumbers(
  reader: BlockReader,
  wanted: {
    readonly at: StateAt
    readonly numbers: readonly number[]
    readonly newest: Newest
  },
): Promise<void> {
  const { at, newest, numbers } = wanted
  const { blocks } = reader.segment
  const byBlock = new Map<PlacedBlock, number[]>()
  let next = 0
  for (const number of numbers) {
    while (isPast(blocks[next], number)) next += 1
    const block = blocks[next]
    if (block === undefined) break
    const own = byBlock.get(block) ?? []
    byBlock.set(block, own)
    own.push(number - block.versionsBefore)
  }
  const visible = [...byBlock.keys()].filter((block) => {
    return isUpTo(at.asOf, block.seqMin, block.ordinalMin)
  })
  for await (const { batch, block } of readBlocks(reader, visible)) {
    const puts = new PutCounter(batch)
    for (const index of byBlock.get(block) ?? []) {
      // A newer version of the same record stands before it.
      const isSame = index > 0 && compareEntries(batch.keys, index - 1, batch.keys, index) === 0
      const isSuperseded = isSame && isThere(batch, index - 1, at.asOf)
      if (isSuperseded || !isThere(batch, index, at.asOf)) continue
      noteVersion(newest, { reader, block, batch, index, put: puts.before(index) })
    }
    releaseKeys(batch)
  }
}

async function* readBlocks(reader: BlockReader, blocks: readonly PlacedBlock[]) {
  yield* mapConcurrent(blocks, BLOCKS_AT_ONCE, async (block) => {
    return { block, batch: await reader.readKeys(block) }
  })
}

function noteVersion(newest: Newest, version: VersionAt): void {
  const { batch, block, index, put, reader } = version
  const key = entryOf(batch.keys, index)
  const name = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
  const [seq, ordinal] = [batch.seqs[index] ?? 0, batch.ordinals[index] ?? 0]
  const known = newest.get(name)
  if (known !== undefined && (known.seq - seq || known.ordinal - ordinal) >= 0) return
  const isDelete = batch.ops[index] === OP_DELETE
  const large = batch.large.get(index) ?? []
  newest.set(name, { key: key.slice(), seq, ordinal, isDelete, put, large, reader, block, index })
}

async function readRows(newest: Newest, { schema, schemas }: StateAt): Promise<FoundState[]> {
  const there = [...newest.values()].filter(({ isDelete }) => !isDelete)
  const groups = [...Map.groupBy(there, ({ block }) => block).values()]
  const read = mapConcurrent(groups, BLOCKS_AT_ONCE, async (same): Promise<FoundState[]> => {
    const [first] = same
    if (first === undefined) return []
    const { block, reader } = first
    same.sort((a, b) => a.put - b.put)
    const shape = shapeOf(reader, { schemas, asked: schema })
    const numbers = Uint32Array.from(same, ({ put }) => put)
    const rows = await reader.selectRows(block, shape, numbers)
    return same.map(({ key, large }, i) => ({ key, large, row: entryOf(rows, i) }))
  })
  return (await collect(read)).flat().sort((a, b) => Buffer.compare(a.key, b.key))
}

/** By key, the newest version that was met so far. */
type Newest = Map<string, Standing>

type VersionAt = {
  readonly reader: BlockReader
  readonly block: PlacedBlock
  readonly batch: VersionBatch
  readonly index: number
  readonly put: number
}

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
  /** In its block. */
  readonly index: number
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

function isThere({ ordinals, seqs }: VersionBatch, index: number, asOf: Stamp): boolean {
  return isUpTo(asOf, seqs[index] ?? 0, ordinals[index] ?? 0)
}

/** Whether no newer version of the record can be in the segment: all of them were looked at. */
function isSettledIn({ block, index, reader }: Standing, { ref }: PlacedSegment): boolean {
  return reader.segment.ref.keyring === ref.keyring && (index > 0 || block.index === 0)
}

function visibleSegments({ asOf, schema, segments }: StateAt): readonly PlacedSegment[] {
  return segments.filter((placed) => {
    return placed.ref.generation === schema.generation && seqsOf(placed).min <= asOf.seq
  })
}

/** Blocks that may hold a key which begins so. */
function blocksOf({ blocks }: OpenSegment, starts: readonly Uint8Array[]): PlacedBlock[] {
  return blocks.filter(({ firstKey, lastKey }) => {
    const { from, to } = startsWithin(starts, firstKey, lastKey)
    return from < to
  })
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
