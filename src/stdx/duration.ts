const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
  // A leap year: what is kept for a year is never let go a day early.
  y: 366 * DAY_MS,
}

/** Milliseconds of `90s`, `30m`, `24h`, `35d`, `2w` or `10y`; `undefined` for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const [, count, unit = ''] = /^([0-9]{1,6})([smhdwy])$/.exec(text) ?? []
  const unitMs = UNIT_MS[unit]
  return count === undefined || unitMs === undefined ? undefined : Number(count) * unitMs
}
