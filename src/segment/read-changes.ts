import type { SchemaVersion } from '#record/schema'
import { isUpTo, LAST_ORDINAL, type Stamp } from '#record/stamp'
import { assert } from '#stdx/assert'
import { compareWithKey } from './columns.ts'
import { type Kernel, openKernel } from './kernel/open-kernel.ts'
import { BlockReader } from './read/block-reader.ts'
import { type FoundEntry, gatherFound, keyOf } from './read/gather-found.ts'
import { type OpenSegment, openSegment, type PlacedBlock } from './read/open-segment.ts'
import { heapOfCursors, RunCursor } from './read/run-cursor.ts'
import { type FoundAt, SeekCursor } from './read/seek-cursor.ts'
import { type PlacedSegment, type SegmentReadDeps, seqsOf } from './segment.ts'
import { OP_DELETE, type VersionBatch } from './version-batch.ts'

export type ReadTouchedOptions = {
  /** Of one entity and generation. */
  readonly segments: readonly PlacedSegment[]
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  /** The earlier moment, exclusive. */
  readonly from: Stamp
  /** The later one. */
  readonly to: Stamp
  /** What the rows of either side are given in. */
  readonly fromSchema: SchemaVersion
  readonly toSchema: SchemaVersion
  readonly rows: boolean
  readonly signal: AbortSignal
}

/**
 * Records that have a version after the earlier point, ascending by key. Both batches hold the same
 * keys; a delete on either side says that the record was not there at that point. A record may be
 * the same on both sides: it changed and changed back.
 */
export type TouchedBatch = { readonly before: VersionBatch; readonly after: VersionBatch }

/** Keys in a batch: with some 31 changes a block, a batch decodes every block once. */
const TOUCHED_MAX = 2_048
const READ_AHEAD_BYTES = 524_288

/**
 * What two points of an entity differ in. Segments that were there at the earlier point are read
 * only where the later ones touch them. Holds the decoded keys of the blocks of one batch.
 * @throws segment.damaged | segment.object-missing | segment.missing-key
 */
export async function* readTouched(
  deps: SegmentReadDeps,
  options: ReadTouchedOptions,
): AsyncGenerator<TouchedBatch, void, undefined> {
  const { from, schemas, fromSchema, toSchema, rows, signal } = options
  const kernel = openKernel()
  const segments = await openSegments(deps, options)
  const older = segments
    .filter(({ seqMin }) => seqMin <= from.seq)
    .sort((a, b) => b.seqMax - a.seqMax)
    .map((segment) => new SeekCursor(readerOf(deps, kernel, segment, signal), from))
  const younger = segments
    .filter(({ seqMax }) => !isUpTo(from, seqMax, LAST_ORDINAL))
    .map((segment) => readerOf(deps, kernel, segment, signal))
  const [left, right] = [fromSchema, toSchema].map((asked) =>
    rows ? { schemas, asked } : undefined,
  )
  for await (const touched of touchedVersions(younger, options)) {
    signal.throwIfAborted()
    const before: FoundEntry[] = []
    const after: FoundEntry[] = []
    for (const entry of touched) {
      const { key } = entry
      const found = await findBefore(older, key)
      if (isSameRecord(found, entry.found)) continue
      before.push({ key, found })
      after.push(entry)
    }
    if (after.length === 0) continue
    yield { before: await gatherFound(before, left), after: await gatherFound(after, right) }
  }
}

/** Neither is there, or both have one digest. */
function isSameRecord(before: FoundAt | undefined, after: FoundAt): boolean {
  const isBefore = before !== undefined && before.batch.ops[before.index] !== OP_DELETE
  const isAfter = after.batch.ops[after.index] !== OP_DELETE
  if (!isBefore || !isAfter) return isBefore === isAfter
  return before.batch.digests[before.index] === after.batch.digests[after.index]
}

async function openSegments(
  deps: SegmentReadDeps,
  { segments, to, toSchema, signal }: ReadTouchedOptions,
): Promise<OpenSegment[]> {
  const opened: OpenSegment[] = []
  for (const placed of segments) {
    if (placed.ref.generation !== toSchema.generation || seqsOf(placed).min > to.seq) continue
    opened.push(await openSegment(deps, placed, signal))
  }
  return opened
}

function readerOf(
  deps: SegmentReadDeps,
  kernel: Kernel,
  segment: OpenSegment,
  signal: AbortSignal,
): BlockReader {
  return new BlockReader(deps, segment, { kernel, readAheadBytes: READ_AHEAD_BYTES, signal })
}

/** Lists of the newest versions between the points, one per key. */
async function* touchedVersions(
  readers: readonly BlockReader[],
  options: ReadTouchedOptions,
): AsyncGenerator<(FoundEntry & { readonly found: FoundAt })[], void, undefined> {
  const { from, to } = options
  const isSkipped = ({ ordinalMax, ordinalMin, seqMax, seqMin }: PlacedBlock) =>
    isUpTo(from, seqMax, ordinalMax) || !isUpTo(to, seqMin, ordinalMin)
  const opened = await Promise.all(readers.map((reader) => RunCursor.open(reader, isSkipped)))
  const heap = heapOfCursors(opened.filter((cursor) => cursor !== undefined))
  let touched: (FoundEntry & { readonly found: FoundAt })[] = []
  for (let cursor = heap.top(); cursor !== undefined; cursor = heap.top()) {
    const { batch, index, block, reader } = cursor
    const last = touched.at(-1)
    const isKnown = last !== undefined && compareWithKey(batch.keys, index, last.key) === 0
    if (!isKnown && isBetween(options, batch, index)) {
      if (touched.length >= TOUCHED_MAX) {
        yield touched
        touched = []
      }
      touched.push({ key: keyOf(cursor), found: { reader, block, batch, index } })
    }
    heap.settle(await cursor.moveTo(index + 1))
  }
  if (touched.length > 0) yield touched
}

function isBetween(
  { from, to }: ReadTouchedOptions,
  { ordinals, seqs }: VersionBatch,
  index: number,
): boolean {
  const seq = seqs[index] ?? 0
  const ordinal = ordinals[index] ?? 0
  return isUpTo(to, seq, ordinal) && !isUpTo(from, seq, ordinal)
}

/** The newest version up to the earlier moment. @param cursors by their newest version, newest first */
async function findBefore(
  cursors: readonly SeekCursor[],
  key: Uint8Array,
): Promise<FoundAt | undefined> {
  let newest: FoundAt | undefined
  for (const cursor of cursors) {
    if (newest !== undefined && seqOf(newest) > cursor.seqMax) return newest
    const found = await findIn(cursor, key)
    if (found !== undefined && (newest === undefined || isNewer(found, newest))) newest = found
  }
  return newest
}

async function findIn(cursor: SeekCursor, key: Uint8Array): Promise<FoundAt | undefined> {
  const needed = cursor.needs(key)
  if (needed !== undefined) await cursor.load(needed)
  for (;;) {
    const found = cursor.find(key)
    if (found !== undefined) return found
    const next = cursor.goesOn(key)
    if (next === undefined) return undefined
    await cursor.load(next)
  }
}

function isNewer(a: FoundAt, b: FoundAt): boolean {
  const bySeq = seqOf(a) - seqOf(b)
  assert(bySeq !== 0 || a.batch !== b.batch, 'A version is found once.')
  return bySeq > 0 || (bySeq === 0 && ordinalOf(a) > ordinalOf(b))
}

function seqOf({ batch, index }: FoundAt): number {
  return batch.seqs[index] ?? 0
}

function ordinalOf({ batch, index }: FoundAt): number {
  return batch.ordinals[index] ?? 0
}
