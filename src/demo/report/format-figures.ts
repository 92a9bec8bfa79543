/** `1 800`, with a space that does not break. */
export function formatCount(count: number): string {
  return String(count).replaceAll(/(?<=\d)(?=(?:\d{3})+$)/g, '\u202f')
}

/** `1.4 MB`: powers of ten, two or three digits. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)}\u202f${units[unit] ?? ''}`
}

/** `340 ms`, `1.4 s`, `2 min 5 s` */
export function formatDuration(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.round(durationMs)}\u202fms`
  const seconds = durationMs / 1000
  if (seconds < 99.95) return `${seconds.toFixed(1)}\u202fs`
  return `${Math.floor(seconds / 60)}\u202fmin ${Math.round(seconds % 60)}\u202fs`
}

/** `21 November 2026, 22:32 UTC`; text that is no time stays as it is. */
export function formatTime(text: string): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d)/.exec(text)
  const month = MONTHS[Number(match?.[2]) - 1]
  if (match === null || month === undefined) return text
  return `${Number(match[3])} ${month} ${match[1]}, ${match[4]} UTC`
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** `1 record`, `1 800 records` */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** `main.customer_bank_account` without a schema that SQLite gives to all. */
export function shortEntity(entity: string): string {
  return entity.replace(/^main\./, '')
}
