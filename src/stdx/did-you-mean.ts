/** The end of a sentence that names what was probably meant, or an empty text. */
export function didYouMean(found: string, known: readonly string[]): string {
  const best = nearest(found, known)
  return best === undefined ? '' : `; did you mean "${best}"?`
}

/** The one of `known` that differs least from `found`, when it differs by little. */
export function nearest(found: string, known: readonly string[]): string | undefined {
  const distanceMax = found.length <= 4 ? 1 : 2
  const distances = known.map((name) => ({ name, distance: editDistance(found, name) }))
  const best = distances.sort((a, b) => a.distance - b.distance)[0]
  return best !== undefined && best.distance <= distanceMax ? best.name : undefined
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY
      const replaced = at(i - 1, j - 1) + (isSame ? 0 : 1)
      row.push(Math.min(replaced, at(i - 1, j) + 1, at(i, j - 1) + 1, swapped))
    }
  }
  return at(a.length, b.length)
}
