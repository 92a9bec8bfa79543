import type { ObjectName } from '#store/object-store'
import { openKernel } from '../kernel/open-kernel.ts'
import type { PlacedSegment, SegmentReadDeps } from '../segment.ts'
import type { BlobRef } from '../version-batch.ts'
import { BlockReader } from './block-reader.ts'
import { openSegment } from './open-segment.ts'

const READ_AHEAD_BYTES = 524_288

/** A large value of a version, and the name of the segment that refers to it. */
export type ListedBlob = { readonly ref: BlobRef; readonly segment: ObjectName }

/**
 * Where the large values of all versions in these segments lie; one that several versions share comes
 * several times. Reads the keys of segments that have any, a block at a time.
 */
export async function* listBlobs(
  deps: SegmentReadDeps,
  segments: readonly PlacedSegment[],
  signal: AbortSignal,
): AsyncGenerator<ListedBlob, void, undefined> {
  const kernel = openKernel()
  for (const placed of segments) {
    const { blobs, borrowed, keyring } = placed.ref
    if (blobs === null && borrowed.length === 0) continue
    const segment = await openSegment(deps, placed, signal)
    const readAhead = { kernel, readAheadBytes: READ_AHEAD_BYTES, signal }
    const reader = new BlockReader(deps, segment, readAhead)
    for (const block of segment.blocks) {
      const { large } = await reader.readKeys(block)
      for (const value of [...large.values()].flat()) {
        if (value.kind === 'stored') yield { ref: value.ref, segment: keyring }
      }
    }
  }
}
