/** What is known of a point when it is judged whether it stays. */
export type DatedPoint = {
  readonly seq: number
  /** When its entry was written, by its author's clock; NaN when that says nothing. */
  readonly timeMs: number
  /** When its entry was stored, by the store's clock; NaN when the store does not say. */
  readonly storedMs: number
  readonly isHeld: boolean
  readonly labels: readonly string[]
}

/** How many points stay, and how long. Counts are of days, weeks, ... that have a point. */
export type RetentionPolicy = {
  readonly keepAllMs: number
  readonly hourly: number
  readonly daily: number
  readonly weekly: number
  readonly monthly: number
  readonly yearly: number
  readonly keepMin: number
}
