import { BATCH_BYTES_MAX, BLOCK_BYTES } from '#record/row-batch'
import type { SchemaVersion } from '#record/schema'
import { gatherPieces, type Piece, pieceBytes } from './batch/pieces.ts'
import { releaseRows } from './batch/release.ts'
import { compareEntries, findFirst } from './columns.ts'
import { openKernel } from './kernel/open-kernel.ts'
import { BlockReader } from './read/block-reader.ts'
import { openSegment } from './read/open-segment.ts'
import { heapOfCursors, RunCursor } from './read/run-cursor.ts'
import type { PlacedSegment, SegmentReadDeps } from './segment.ts'
import { OP_DELETE, type VersionBatch } from './version-batch.ts'

export type ReadStateOptions = {
  /** All live segments of the entity; those of other generations or later points are left out. */
  readonly segments: readonly PlacedSegment[]
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  /** What the rows are given in. */
  readonly schema: SchemaVersion
  readonly asOfSeq: number
  /** Whether rows are wanted; without, only `.keys` is read. */
  readonly rows: boolean
  readonly signal: AbortSignal
}

/** Read ahead of a sequential walk: some twenty blocks of keys, six of rows. */
const READ_AHEAD_BYTES = 524_288
/** Batches without rows are closed here. */
const KEYS_BATCH_COUNT = 4_096

/**
 * The state of an entity at a point: the newest version per key with a seq of at most `asOfSeq`,
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
  const { asOfSeq, rows, signal, schema, schemas } = options
  const heap = heapOfCursors(await openCursors(deps, options))
  const selection = new Selection(asOfSeq)
  const gathering = new Gathering(rows)
  for (;;) {
    const cursor = heap.top()
    if (cursor === undefined) break
    signal.throwIfAborted()
    const to = endOfRun(cursor, heap.second())
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
  const { segments, schema, asOfSeq, signal } = options
  const kernel = openKernel()
  const cursors: RunCursor[] = []
  for (const placed of segments) {
    const { ref, seq } = placed
    if (ref.generation !== schema.generation) continue
    if (ref.stamps === 'ordinal' && seq > asOfSeq) continue
    const segment = await openSegment(deps, placed, signal)
    const readAhead = { kernel, readAheadBytes: READ_AHEAD_BYTES, signal }
    const cursor = await RunCursor.open(new BlockReader(deps, segment, readAhead))
    if (cursor !== undefined) cursors.push(cursor)
  }
  return cursors
}

/** Up to where the cursor's keys come before any other cursor's; at least one version. */
function endOfRun({ batch, index }: RunCursor, second: RunCursor | undefined): number {
  if (second === undefined) return batch.count
  const isPast = (i: number) => compareEntries(batch.keys, i, second.batch.keys, second.index) >= 0
  return Math.max(index + 1, findFirst(index, batch.count, isPast))
}

type Range = { readonly from: number; readonly to: number }

/** Decides each key once, by its newest version up to the point. */
class Selection {
  readonly #asOfSeq: number
  /** The version that decided the last key. */
  #decided: { readonly batch: VersionBatch; readonly index: number } | undefined

  constructor(asOfSeq: number) {
    this.#asOfSeq = asOfSeq
  }

  /** What is part of the state among the cursor's versions before `to`. */
  select({ batch, block, index }: RunCursor, to: number): readonly Range[] {
    const from = this.#isDecided(batch, index) ? index + 1 : index
    const isPlain =
      block.repeats === 0 && block.rowCount === block.count && block.seqMax <= this.#asOfSeq
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
    if ((batch.seqs[index] ?? 0) > this.#asOfSeq || this.#isDecided(batch, index)) return false
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

/** Pieces on their way into one batch. */
class Gathering {
  readonly #rows: boolean
  #pieces: Piece[] = []
  /** Batches of pieces whose segment has moved on. */
  #finished: VersionBatch[] = []
  /** The last batch that became the caller's as it was. */
  #handedOn: VersionBatch | undefined
  #count = 0
  #bytes = 0
  #batches = 0

  constructor(rows: boolean) {
    this.#rows = rows
  }

  isEmpty(): boolean {
    return this.#count === 0
  }

  isFull(): boolean {
    // Sparse pieces keep their whole batches alive, so these are counted, too.
    if (this.#batches >= 64) return true
    return this.#rows ? this.#bytes >= BLOCK_BYTES : this.#count >= KEYS_BATCH_COUNT
  }

  isOverfullWith(piece: Piece): boolean {
    return this.#count > 0 && this.#bytes + pieceBytes(piece) > BATCH_BYTES_MAX
  }

  add(piece: Piece): void {
    if (this.#pieces.at(-1)?.batch !== piece.batch) this.#batches += 1
    this.#pieces.push(piece)
    this.#count += piece.to - piece.from
    this.#bytes += pieceBytes(piece)
  }

  /** Nothing more will be picked from the batch. */
  finish(batch: VersionBatch): void {
    if (batch === this.#handedOn) return
    if (this.#pieces.some((piece) => piece.batch === batch)) this.#finished.push(batch)
    else releaseRows(batch)
  }

  take(): VersionBatch {
    const batch = gatherPieces(this.#pieces)
    if (this.#pieces.some((piece) => piece.batch === batch)) this.#handedOn = batch
    else for (const each of this.#finished) releaseRows(each)
    this.#finished = []
    this.#pieces = []
    this.#count = 0
    this.#bytes = 0
    this.#batches = 0
    return batch
  }
}
