/** One value of RFC 4180 CSV, quoted where it has to be. */
export function csvText(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}

/** One line of RFC 4180 CSV: a null is an empty field, an empty text is `""`. */
export function csvLine(values: readonly (string | null)[]): string {
  const fields = values.map((value) => {
    if (value === null) return ''
    return value === '' ? '""' : csvText(value)
  })
  return `${fields.join(',')}\r\n`
}
