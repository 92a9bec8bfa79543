import type { ObjectName } from '#store/object-store'
import { openKernel } from './kernel/open-kernel.ts'
import { BlockReader } from './read/block-reader.ts'
import { openSegment } from './read/open-segment.ts'
import type { PlacedSegment, SegmentReadDeps } from './segment.ts'

/** How much of an object of large values is still referred to, and from where. */
export type BlobUse = {
  readonly liveBytes: number
  /** Names of the segments whose versions refer to it. */
  readonly segments: ReadonlySet<string>
}

const READ_AHEAD_BYTES = 524_288

/**
 * What versions refer to of each `.blobs` object. Reads the keys of segments with large values, a block
 * at a time; holds some 20 bytes per value that is referred to.
 * @throws segment.damaged | segment.object-missing | segment.missing-key
 */
export async function measureBlobs(
  deps: SegmentReadDeps,
  segments: readonly PlacedSegment[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ObjectName, BlobUse>> {
  const kernel = openKernel()
  const uses = new Map<ObjectName, Use>()
  for (const placed of segments) {
    const { blobs, borrowed, keyring } = placed.ref
    if (blobs === null && borrowed.length === 0) continue
    const segment = await openSegment(deps, placed, signal)
    const readAhead = { kernel, readAheadBytes: READ_AHEAD_BYTES, signal }
    const reader = new BlockReader(deps, segment, readAhead)
    for (const block of segment.blocks) {
      const { large } = await reader.readKeys(block)
      for (const value of [...large.values()].flat()) {
        if (value.kind !== 'stored') continue
        const { block: number, object, sizeBytes } = value.ref
        const use = uses.get(object) ?? new Use()
        uses.set(object, use)
        use.add(number, sizeBytes, keyring)
      }
    }
  }
  return uses
}

class Use implements BlobUse {
  liveBytes = 0
  readonly segments = new Set<string>()
  readonly #blocks = new Set<number>()

  add(block: number, sizeBytes: number, segment: string): void {
    this.segments.add(segment)
    if (this.#blocks.has(block)) return
    this.#blocks.add(block)
    this.liveBytes += sizeBytes
  }
}
