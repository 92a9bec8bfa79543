/** The end of a sentence on what points hold: where they are none, why nothing was looked at. */
export function formatAt(points: readonly string[]): string {
  return points.length === 0
    ? 'no point: the customer map names no source that has one'
    : points.join(', ')
}
