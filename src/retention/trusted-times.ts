/**
 * The indexes whose times can be relied on: those that every longest run of times in order agrees
 * on. Entries are written one after the other, so a time that is out of order belongs to a clock
 * that was wrong; where two runs are equally long nobody can say which, and neither is relied on.
 *
 * Ascending; in n log n.
 * @param timesMs in order of the timeline; NaN is never relied on
 */
export function findTrustedTimes(timesMs: readonly number[]): readonly number[] {
  const known = timesMs.flatMap((timeMs, index) => (Number.isNaN(timeMs) ? [] : [index]))
  const times = known.map((index) => timesMs[index] ?? 0)
  const upTo = longestRuns(times)
  const backwards = longestRuns(times.map((timeMs) => -timeMs).reverse()).reverse()
  const longest = upTo.reduce((most, length) => Math.max(most, length), 0)
  const isInSome = (i: number) => (upTo[i] ?? 0) + (backwards[i] ?? 0) - 1 === longest
  const rivals = new Map<number, number>()
  upTo.forEach((rank, i) => {
    if (isInSome(i)) rivals.set(rank, (rivals.get(rank) ?? 0) + 1)
  })
  return known.filter((_, i) => isInSome(i) && rivals.get(upTo[i] ?? 0) === 1)
}

/** For each time the length of the longest run in order that ends with it. */
function longestRuns(times: readonly number[]): number[] {
  const tails: number[] = []
  return times.map((timeMs) => {
    const place = countNotAfter(tails, timeMs)
    tails[place] = timeMs
    return place + 1
  })
}

function countNotAfter(sorted: readonly number[], timeMs: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) <= timeMs) low = middle + 1
    else high = middle
  }
  return low
}
