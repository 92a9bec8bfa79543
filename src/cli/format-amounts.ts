const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** A size in powers of 1000, three digits: `1.23 MB`. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`
}

/** `2 000 000`, with thin groups of three. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** `350 ms`, `4.2 s`, `3:05`, `1:02:03`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`
  const total = Math.round(durationMs / 1000)
  const [hours, minutes, seconds] = [
    Math.floor(total / 3600),
    Math.floor(total / 60) % 60,
    total % 60,
  ]
  const twoDigits = (n: number) => String(n).padStart(2, '0')
  if (hours === 0) return `${minutes}:${twoDigits(seconds)}`
  return `${hours}:${twoDigits(minutes)}:${twoDigits(seconds)}`
}

/** An ISO time in UTC, as precisely as it says: `2026-06-30 12:00:00.123456 UTC`. */
export function formatMoment(iso: string): string {
  const match = /^(\d{4,}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)Z$/.exec(iso)
  return match ? `${match[1]} ${match[2]} UTC` : iso
}

/** An ISO time in UTC, to the second, as people read it: `2026-06-30 12:00:00 UTC`. */
export function formatTime(iso: string): string {
  const match = /^(\d{4,}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(iso)
  return match ? `${match[1]} ${match[2]} UTC` : iso
}
