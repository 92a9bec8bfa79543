import { compareVersions } from '#segment/compare-versions'
import { createSegmentWriter } from '#segment/create-segment-writer'
import type { SegmentRef } from '#segment/segment'
import type { TemporarySegments } from '#segment/temporary-segments'
import type { VersionBatch } from '#segment/version-batch'
import { type CompareDeps, type Compared, scanTarget } from './compare-target.ts'
import { readPoint } from './row-mask.ts'

export type Differences = {
  /** What makes the state of the point that of the living system, laid over it. */
  readonly segments: readonly SegmentRef[]
  /** Rows of the living system. */
  readonly rows: number
}

/**
 * Writes what a living system holds otherwise than a point: rows that are new or differ, keys that are
 * gone. The system is read as a whole, and of the point only keys and digests.
 * @throws as `scanTarget` | segment.order-violated for a key of the system that is there twice
 */
export async function writeDifferences(
  deps: CompareDeps & Pick<TemporarySegments, 'session' | 'write'>,
  compared: Compared,
  options: {
    readonly source: string
    /** A number the session has not used. */
    allocateNumber(): number
    readonly signal: AbortSignal
  },
): Promise<Differences> {
  const { at } = compared
  const { signal } = options
  const { digestKey, session } = deps
  await using writer = createSegmentWriter(deps.write, {
    ...options,
    session,
    schema: at.schema,
    digestKey,
  })
  const state = readPoint(deps, at, { rows: false, signal })
  let rows = 0
  const scanned = counted(scanTarget(deps, compared, { rows: true, signal }), (count) => {
    rows += count
  })
  for await (const { batch } of compareVersions(state, scanned)) await writer.append(batch)
  return { segments: await writer.finish(), rows }
}

async function* counted(
  batches: AsyncIterable<VersionBatch>,
  tell: (count: number) => void,
): AsyncGenerator<VersionBatch, void, undefined> {
  for await (const batch of batches) {
    tell(batch.count)
    yield batch
  }
}
