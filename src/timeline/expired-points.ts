/** Points in a row that one entry let go; what lies between them is no point. */
type Stretch = { readonly from: number; readonly to: number; readonly by: number }

/**
 * Which points were let go, and the entry that did it. As long as what was let go lies together it
 * takes no room, however much it is. Immutable.
 */
export class ExpiredPoints {
  /** Ascending, apart from each other. */
  readonly stretches: readonly Stretch[]
  readonly size: number

  constructor(stretches: readonly Stretch[] = [], size = 0) {
    this.stretches = stretches
    this.size = size
  }

  /** The entry that let this point go. */
  get(seq: number): number | undefined {
    const { stretches } = this
    let low = 0
    let high = stretches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((stretches[middle]?.to ?? 0) < seq) low = middle + 1
      else high = middle
    }
    const found = stretches[low]
    return found !== undefined && found.from <= seq ? found.by : undefined
  }

  has(seq: number): boolean {
    return this.get(seq) !== undefined
  }

  /** Whether a point of these was let go by an entry after `by`. */
  isAnyBetween(
    { seqMax, seqMin }: { readonly seqMin: number; readonly seqMax: number },
    by: number,
  ) {
    return this.stretches.some((one) => one.by > by && one.to >= seqMin && one.from <= seqMax)
  }

  /** @param points seqs of points, none of which was let go before */
  add(points: readonly number[], by: number): ExpiredPoints {
    const added: Stretch[] = []
    const sorted = [...new Set(points)].sort((a, b) => a - b)
    for (const seq of sorted) {
      const last = added.at(-1)
      // Only neighbours: what else may lie between two points would have to be looked up.
      if (last?.to === seq - 1) added[added.length - 1] = { ...last, to: seq }
      else added.push({ from: seq, to: seq, by })
    }
    const all = [...this.stretches, ...added].sort((a, b) => a.from - b.from)
    return new ExpiredPoints(all, this.size + sorted.length)
  }
}
