import type { ObjectRef } from '#segment/segment'
import { liveSegments, type TimelineState } from '#timeline/timeline-state'

/** The objects of one part of all live segments. */
export function objectsOf(state: TimelineState, part: 'keys' | 'rows' | 'blobs'): ObjectRef[] {
  return liveSegments(state).flatMap(({ ref }) => ref[part] ?? [])
}
