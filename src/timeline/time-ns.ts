export const TIME =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/

/** Nanoseconds since 1970 of an ISO 8601 time with zone; `undefined` when there is no such time. */
export function parseTimeNs(text: string): bigint | undefined {
  const [, minutes, seconds = '00', fraction = '', zone] = TIME.exec(text) ?? []
  if (minutes === undefined || zone === undefined) return undefined
  const ms = Date.parse(`${minutes}:${seconds}${formatZone(zone)}`)
  const utcMs = Date.parse(`${minutes}:${seconds}Z`)
  if (Number.isNaN(ms) || Number.isNaN(utcMs)) return undefined
  // Date.parse takes 30 February for 2 March.
  if (!new Date(utcMs).toISOString().startsWith(minutes)) return undefined
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

function formatZone(zone: string): string {
  if (zone === 'Z' || zone.includes(':')) return zone
  return zone.length === 3 ? `${zone}:00` : `${zone.slice(0, 3)}:${zone.slice(3)}`
}
