/** Days are whole numbers from 1970-01-01, so that the example data needs no clock. */
const DAY_MS = 86_400_000

/** The business day of a freshly generated demo. */
export const FIRST_DAY = parseDay('2026-06-30')

export function parseDay(text: string): number {
  return Date.parse(`${text}T00:00:00Z`) / DAY_MS
}

/** `2026-06-30` */
export function formatDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** `2026-06-30T09:14:07Z` */
export function formatMoment(day: number, second: number): string {
  return `${new Date(day * DAY_MS + second * 1000).toISOString().slice(0, 19)}Z`
}
