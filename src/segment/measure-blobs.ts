import type { ObjectName } from '#store/object-store'
import { listBlobs } from './read/list-blobs.ts'
import type { PlacedSegment, SegmentReadDeps } from './segment.ts'

/** How much of an object of large values is still referred to, and from where. */
export type BlobUse = {
  readonly liveBytes: number
  /** Names of the segments whose versions refer to it. */
  readonly segments: ReadonlySet<string>
}

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
  const uses = new Map<ObjectName, Use>()
  for await (const { ref, segment } of listBlobs(deps, segments, signal)) {
    const use = uses.get(ref.object) ?? new Use()
    uses.set(ref.object, use)
    use.add(ref.block, ref.sizeBytes, segment)
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
