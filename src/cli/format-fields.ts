import { formatTable } from './format-table.ts'

type Fields = Readonly<Record<string, string | null>>

const VALUE_WIDTH_MAX = 100

/** Names and values, one a line; a null is told from an empty text. */
export function formatFields(fields: Fields): string {
  const rows = Object.entries(fields).map(([name, value]) => [name, formatValue(value)])
  return formatTable([{ title: 'FIELD' }, { title: 'VALUE' }], rows)
}

/** What differs, one field a line: `name: before -> after`. */
export function formatChanged(before: Fields, after: Fields): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .filter((name) => before[name] !== after[name])
    .map((name) => `    ${name}: ${formatSide(before, name)} -> ${formatSide(after, name)}\n`)
    .join('')
}

function formatSide(fields: Fields, name: string): string {
  const value = fields[name]
  return value === undefined ? '(no such field)' : formatValue(value)
}

/** A value on one line, cut where it would run on for ever. */
export function formatValue(value: string | null): string {
  if (value === null) return '(null)'
  if (value === '') return '(empty)'
  if (value.length <= VALUE_WIDTH_MAX) return value
  return `${value.slice(0, VALUE_WIDTH_MAX)}... (${value.length} characters)`
}
