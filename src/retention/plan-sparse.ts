import type { BlobUse } from '#segment/measure-blobs'
import type { ObjectName } from '#store/object-store'
import { liveSegments, type TimelineState } from '#timeline/timeline-state'
import { type GenerationRuns, keptOf, type Merge } from './plan-compaction.ts'

/** Values leave an object of which this share is referred to no more. */
const DEAD_SHARE = 0.125

/**
 * Runs to be written anew because large values of theirs lie in objects that are kept for little. All
 * that refer to such an object are among them: then nothing does, and it can be collected. Pure.
 * @param uses what versions refer to, as `measureBlobs` says
 */
export function planSparse(
  state: TimelineState,
  generations: readonly GenerationRuns[],
  uses: ReadonlyMap<ObjectName, BlobUse>,
): Merge[] {
  const sizes = sizesOf(state)
  const leaving = new Set<ObjectName>()
  const segments = new Set<string>()
  for (const [object, use] of uses) {
    const sizeBytes = sizes.get(object) ?? use.liveBytes
    if (use.liveBytes > (1 - DEAD_SHARE) * sizeBytes) continue
    leaving.add(object)
    for (const segment of use.segments) segments.add(segment)
  }
  return generations.flatMap((one) =>
    one.runs
      .filter((run) => run.segments.some(({ ref }) => segments.has(ref.keyring)))
      .map((run): Merge => {
        const { entity, generation } = one
        const runs = [run]
        return { entity, generation, reason: 'sparse', runs, kept: keptOf(one, runs), leaving }
      }),
  )
}

/** Of every object of large values, whether its segment is live or only its values are. */
function sizesOf({ replaced, segments }: TimelineState): ReadonlyMap<ObjectName, number> {
  const all = [...liveSegments({ segments }), ...replaced]
  return new Map(
    all.flatMap(({ ref: { blobs } }) => (blobs === null ? [] : [[blobs.name, blobs.sizeBytes]])),
  )
}
