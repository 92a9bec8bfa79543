/** A day of the calendar: whole days since 1970-01-01. Time zones are the system's own matter. */
export type BusinessDay = number

const DAY_MS = 86_400_000
const DAY = /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?$/
const MONTH = /^(\d{4})-?(\d{1,2})$/

/** The day that a date or a moment begins with, like 2026-06-30 or 20260630; else `undefined`. */
export function parseBusinessDay(text: string): BusinessDay | undefined {
  const [, year, month, date] = DAY.exec(text) ?? []
  return year === undefined ? undefined : dayOf(Number(year), Number(month), Number(date))
}

/** `2026-06-30` */
export function formatBusinessDay(day: BusinessDay): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** The day in UTC of a moment. */
export function businessDayAt(timeMs: number): BusinessDay {
  return Math.floor(timeMs / DAY_MS)
}

/** A month or a day; both are told by the days that they begin and end with. */
export type Period = { readonly from: BusinessDay; readonly to: BusinessDay }

/** `2026-06`, `202606`, `2026-06-30`; else `undefined`. */
export function parsePeriod(text: string): Period | undefined {
  const [, year, month] = MONTH.exec(text) ?? []
  if (year === undefined) {
    const day = parseBusinessDay(text)
    return day === undefined ? undefined : { from: day, to: day }
  }
  const from = dayOf(Number(year), Number(month), 1)
  return from === undefined ? undefined : { from, to: endOfMonth(from) }
}

export function endOfMonth(day: BusinessDay): BusinessDay {
  const first = new Date(day * DAY_MS)
  return Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1) / DAY_MS - 1
}

function dayOf(year: number, month: number, date: number): BusinessDay | undefined {
  const timeMs = Date.UTC(year, month - 1, date)
  const found = new Date(timeMs)
  const isDay = found.getUTCMonth() === month - 1 && found.getUTCDate() === date && year > 0
  return isDay ? timeMs / DAY_MS : undefined
}
