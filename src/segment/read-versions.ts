import type { SchemaVersion } from '#record/schema'
import { openKernel } from './kernel/open-kernel.ts'
import { BlockReader } from './read/block-reader.ts'
import { openSegment } from './read/open-segment.ts'
import { RunCursor } from './read/run-cursor.ts'
import type { PlacedSegment, SegmentReadDeps } from './segment.ts'
import type { VersionBatch } from './version-batch.ts'

export type ReadVersionsOptions = {
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  /** What the rows are given in. */
  readonly schema: SchemaVersion
  readonly signal: AbortSignal
}

const READ_AHEAD_BYTES = 524_288

/**
 * Every version of one segment with its row, in the order in which they lie there, of whatever point;
 * a delete has an empty row. Holds a block, and what is read ahead.
 * @throws segment.damaged | segment.object-missing | segment.missing-key
 */
export async function* readVersions(
  deps: SegmentReadDeps,
  placed: PlacedSegment,
  { schema, schemas, signal }: ReadVersionsOptions,
): AsyncGenerator<VersionBatch, void, undefined> {
  const segment = await openSegment(deps, placed, signal)
  const readAhead = { kernel: openKernel(), readAheadBytes: READ_AHEAD_BYTES, signal }
  const cursor = await RunCursor.open(new BlockReader(deps, segment, readAhead))
  if (cursor === undefined) return
  do {
    signal.throwIfAborted()
    yield await cursor.batchWithRows({ schemas, asked: schema })
  } while (await cursor.moveTo(cursor.batch.count))
}
