import type { SchemaVersion } from '#record/schema'
import { isUpTo, type Stamp } from '#record/stamp'
import { compareEntries } from './columns.ts'
import { openKernel } from './kernel/open-kernel.ts'
import { BlockReader } from './read/block-reader.ts'
import { Gathering } from './read/gathering.ts'
import { openSegment, type PlacedBlock } from './read/open-segment.ts'
import { endOfStretch, heapOfCursors, RunCursor } from './read/run-cursor.ts'
import { type PlacedSegment, type SegmentReadDeps, seqsOf } from './segment.ts'
import { OP_DELETE, type VersionBatch } from './version-batch.ts'

export type ReadStateOptions = {
  /** All live segments of the entity; those of other generations or later points are left out. */
  readonly segments: readonly PlacedSegment[]
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  /** What the rows are given in. */
  readonly schema: SchemaVersion
  readonly asOf: Stamp
  /** Whether rows are wanted; without, only `.keys` is read. */
  readonly rows: boolean
  /**
   * For whoever looks for some keys: whether any of them may be between these two, both included.
   * Blocks without are not read, so that of other keys what is given may not be the state.
   */
  readonly mayHold?: (firstKey: Uint8Array, lastKey: Uint8Array) => boolean
  readonly signal: AbortSignal
}

/** Read ahead of a sequential walk: some twenty blocks of keys, six of rows. */
const READ_AHEAD_BYTES = 524_288

/**
 * The state of an entity at a point: the newest version per key that is not later than `asOf`,
 * ascending by key, without records that were deleted. Rows carry all fields of `schema`.
 *
 * Holds per segment one decoded block and what is read ahead (some 1 MiB without rows, 4 MiB with),
 * and a batch of at most `BATCH_BYTES_MAX`. A batch that is one untouched block is handed on as it is.
 * @throws segment.damaged | segment.object-missing | segment.missing-key
 */
export async function* readState(
  deps: SegmentReadDeps,
  options: ReadStateOptions,
): AsyncGenerator<VersionBatch, void, undefined> {
  const { asOf, rows, signal, schema, schemas } = options
  const heap = heapOfCursors(await openCursors(deps, options))
  const selection = new Selection(asOf)
  const gathering = new Gathering({ rows })
  for (;;) {
    const cursor = heap.top()
    if (cursor === undefined) break
    signal.throwIfAborted()
    const to = endOfStretch(cursor, heap.second())
    const ranges = selection.select(cursor, to)
    if (ranges.length > 0) {
      const batch = rows ? await cursor.batchWithRows({ schemas, asked: schema }) : cursor.batch
      for (const { from, to } of ranges) {
        const piece = { batch, from, to }
        if (gathering.isOverfullWith(piece)) yield gathering.take()
        gathering.add(piece)
      }
      if (gathering.isFull()) yield gathering.take()
    }
    const { loaded } = cursor
    heap.settle(await cursor.moveTo(to))
    if (loaded !== undefined && loaded !== cursor.loaded) gathering.finish(loaded)
  }
  if (!gathering.isEmpty()) yield gathering.take()
}

async function openCursors(deps: SegmentReadDeps, options: ReadStateOptions): Promise<RunCursor[]> {
  const { segments, schema, asOf, mayHold, signal } = options
  const kernel = openKernel()
  const cursors: RunCursor[] = []
  for (const placed of segments) {
    if (placed.ref.generation !== schema.generation || seqsOf(placed).min > asOf.seq) continue
    const segment = await openSegment(deps, placed, signal)
    const readAheadBytes = mayHold === undefined ? READ_AHEAD_BYTES : 0
    const readAhead = { kernel, readAheadBytes, signal }
    // Blocks of later versions alone are not even decoded.
    const isSkipped = (block: PlacedBlock) =>
      !isUpTo(asOf, block.seqMin, block.ordinalMin) ||
      mayHold?.(block.firstKey, block.lastKey) === false
    const cursor = await RunCursor.open(new BlockReader(deps, segment, readAhead), isSkipped)
    if (cursor !== undefined) cursors.push(cursor)
  }
  return cursors
}

type Range = { readonly from: number; readonly to: number }

/** Decides each key once, by its newest version up to the point. */
class Selection {
  readonly #asOf: Stamp
  /** The version that decided the last key. */
  #decided: { readonly batch: VersionBatch; readonly index: number } | undefined

  constructor(asOf: Stamp) {
    this.#asOf = asOf
  }

  /** What is part of the state among the cursor's versions before `to`. */
  select({ batch, block, index }: RunCursor, to: number): readonly Range[] {
    const from = this.#isDecided(batch, index) ? index + 1 : index
    const isPlain =
      block.repeats === 0 &&
      block.rowCount === block.count &&
      isUpTo(this.#asOf, block.seqMax, block.ordinalMax)
    if (!isPlain) return this.#selectEach(batch, index, to)
    if (from >= to) return []
    this.#decided = { batch, index: to - 1 }
    return [{ from, to }]
  }

  #selectEach(batch: VersionBatch, first: number, to: number): readonly Range[] {
    const ranges: Range[] = []
    let from = -1
    for (let i = first; i < to; i++) {
      if (this.#decides(batch, i) && batch.ops[i] !== OP_DELETE) {
        if (from < 0) from = i
      } else if (from >= 0) {
        ranges.push({ from, to: i })
        from = -1
      }
    }
    if (from >= 0) ranges.push({ from, to })
    return ranges
  }

  #decides(batch: VersionBatch, index: number): boolean {
    const isThere = isUpTo(this.#asOf, batch.seqs[index] ?? 0, batch.ordinals[index] ?? 0)
    if (!isThere || this.#isDecided(batch, index)) return false
    this.#decided = { batch, index }
    return true
  }

  #isDecided(batch: VersionBatch, index: number): boolean {
    const decided = this.#decided
    return (
      decided !== undefined &&
      compareEntries(decided.batch.keys, decided.index, batch.keys, index) === 0
    )
  }
}
