/** What one round measured, ours beside the peer's of the same round. */
export type Pair = { readonly ours: number; readonly peer: number }

export type Unit = 's' | 'bytes' | 'x'

/** One line of the table. */
export type Figure = {
  readonly what: string
  /** What it is held against; empty for an absolute figure. */
  readonly against: string
  readonly unit: Unit
  /** The median of what Holdfast took, in `unit`. */
  readonly ours: number
  readonly peer: number | undefined
  /** What is judged: the ratio of each pair, or each value of ours. */
  readonly measured: Spread
  readonly measuredUnit: Unit
  /** At most this, in `measuredUnit`; absent where nothing is demanded. */
  readonly target: number | undefined
  readonly isReached: boolean | undefined
  readonly note: string
}

export type Spread = { readonly median: number; readonly min: number; readonly max: number }

export type Demand = { readonly target?: number | undefined; readonly note?: string }

/** A figure that is a ratio, pair by pair; nothing when the peer was not there. */
export function compareFigure(
  name: { readonly what: string; readonly against: string; readonly unit: Unit },
  pairs: readonly Pair[],
  demand: Demand = {},
): Figure[] {
  if (pairs.length === 0) return []
  const measured = spreadOf(pairs.map(({ ours, peer }) => ours / peer))
  return [
    {
      ...name,
      ours: spreadOf(pairs.map(({ ours }) => ours)).median,
      peer: spreadOf(pairs.map(({ peer }) => peer)).median,
      measured,
      measuredUnit: 'x',
      ...judge(measured.median, demand),
    },
  ]
}

/** A figure that stands for itself. The median is judged, or the largest where `isMaxJudged`. */
export function plainFigure(
  name: { readonly what: string; readonly unit: Unit },
  values: readonly number[],
  demand: Demand & { readonly isMaxJudged?: boolean } = {},
): Figure[] {
  if (values.length === 0) return []
  const measured = spreadOf(values)
  const judged = demand.isMaxJudged ? measured.max : measured.median
  const { unit } = name
  const ours = measured.median
  const rest = { against: '', ours, peer: undefined, measured, measuredUnit: unit }
  return [{ ...name, ...rest, ...judge(judged, demand) }]
}

/** Pairs of the rounds in which both were measured. */
export function pairUp(ours: readonly number[], peer: readonly (number | undefined)[]): Pair[] {
  return ours.flatMap((value, round) => {
    const other = peer[round]
    return other === undefined ? [] : [{ ours: value, peer: other }]
  })
}

function judge(value: number, { note = '', target }: Demand) {
  return { target, isReached: target === undefined ? undefined : value <= target, note }
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2
  return { median, min: at(0), max: at(sorted.length - 1) }
}
