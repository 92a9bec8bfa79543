import type { Point, TimelineState } from '#timeline/timeline-state'

/**
 * How following goes on from a timeline:
 *
 * - `resume`: the feed is opened behind the newest point
 * - `rejoin`: somebody else wrote the newest point; a scan beside the feed joins the two
 * - `begin`: a new feed, and a scan at its cut
 */
export type Beginning =
  | { readonly kind: 'resume'; readonly point: Point }
  | { readonly kind: 'rejoin' }
  /** `mayReplace`: a feed of that name was ours. */
  | { readonly kind: 'begin'; readonly mayReplace: boolean }

/** Decides it. Pure. */
export function judgeBeginning(
  { gaps, points }: Pick<TimelineState, 'gaps' | 'points'>,
  feed: string,
): Beginning {
  const newest = points.at(-1)
  const isLost = gaps.some((gap) => gap.until === null && gap.entities === null)
  if (isLost) return { kind: 'begin', mayReplace: true }
  if (newest?.body.follow?.feed === feed) return { kind: 'resume', point: newest }
  // From the end: of a source that is followed the newest points are those of the feed.
  for (let index = -2; -index <= points.length; index--) {
    if (points.at(index)?.body.follow?.feed === feed) return { kind: 'rejoin' }
  }
  return { kind: 'begin', mayReplace: false }
}
