import type { ObjectRef, PlacedSegment } from '#segment/segment'
import type { TimelineState } from '#timeline/timeline-state'

/** Every live segment of every entity. */
export function allSegments({ segments }: TimelineState): PlacedSegment[] {
  return [...segments.values()].flat()
}

/** The objects of one part of all live segments. */
export function objectsOf(state: TimelineState, part: 'keys' | 'rows' | 'blobs'): ObjectRef[] {
  return allSegments(state).flatMap(({ ref }) => ref[part] ?? [])
}
