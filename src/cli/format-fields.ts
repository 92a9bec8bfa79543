import { formatTable } from './format-table.ts'
import { visible } from './text-width.ts'

type Fields = Readonly<Record<string, string | null>>

const VALUE_WIDTH_MAX = 100

/** Names and values, one a line; a null is told from an empty text. */
export function formatFields(fields: Fields): string {
  const rows = Object.entries(fields).map(([name, value]) => [name, formatValue(value)])
  return formatTable([{ title: 'FIELD' }, { title: 'VALUE' }], rows)
}

/** One field a line: `name: value`. */
export function formatLines(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `    ${visible(name)}: ${formatValue(value)}\n`)
    .join('')
}

/** What differs, one field a line: `name: before -> after`. */
export function formatChanged(before: Fields, after: Fields): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .filter((name) => before[name] !== after[name])
    .map((name) => {
      const sides = `${formatSide(before, name)} -> ${formatSide(after, name)}`
      return `    ${visible(name)}: ${sides}\n`
    })
    .join('')
}

function formatSide(fields: Fields, name: string): string {
  const value = fields[name]
  return value === undefined ? '(no such field)' : formatValue(value)
}

/** A value on one line, as text alone, cut where it would run on for ever. */
function formatValue(value: string | null): string {
  if (value === null) return '(null)'
  if (value === '') return '(empty)'
  if (value.length <= VALUE_WIDTH_MAX) return visible(value)
  return `${visible(value.slice(0, VALUE_WIDTH_MAX))}... (${value.length} characters)`
}
