import type { Point } from '#timeline/timeline-state'

/** One point of each source, as they were side by side at some moment; some had none yet. */
export type PointsOfMoment = ReadonlyMap<string, Point>

/**
 * Every moment at which a source got a new point, with the newest point of every other by then,
 * oldest first; of more than `momentsMax` so many, evenly, the first and the last among them.
 *
 * Sources keep the order of their points whatever their clocks say. Pure.
 */
export function chooseMoments(
  pointsBySource: ReadonlyMap<string, readonly Point[]>,
  momentsMax: number,
): { readonly moments: readonly PointsOfMoment[]; readonly of: number } {
  const steps = [...pointsBySource].flatMap(([source, points]) => {
    let latestMs = Number.NEGATIVE_INFINITY
    return points.map((point, index) => {
      latestMs = Math.max(latestMs, Date.parse(point.body.cut.time))
      return { source, point, index, atMs: latestMs }
    })
  })
  steps.sort((a, b) => a.atMs - b.atMs || a.index - b.index)
  const all: PointsOfMoment[] = []
  let held = new Map<string, Point>()
  for (const { point, source } of steps) {
    held = new Map(held).set(source, point)
    all.push(held)
  }
  const count = Math.min(all.length, momentsMax)
  const step = count > 1 ? (all.length - 1) / (count - 1) : 0
  const moments = Array.from({ length: count }, (_, i) => {
    return all[count === 1 ? all.length - 1 : Math.round(i * step)] ?? new Map<string, Point>()
  })
  return { moments, of: all.length }
}
