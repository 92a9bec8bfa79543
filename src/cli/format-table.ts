import { textWidth, visible } from './text-width.ts'

export type Column = { readonly title: string; readonly align?: 'right' }

/** Aligns rows under titles, two spaces between columns; ends with a line break. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const titles = columns.map(({ title }) => title)
  const lines = [titles, ...rows.map((row) => row.map(visible))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => textWidth(line[i] ?? ''))))
  return lines
    .map((line) =>
      columns
        .map(({ align }, i) => pad(line[i] ?? '', widths[i] ?? 0, align === 'right'))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function pad(text: string, width: number, isRight: boolean): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)))
  return isRight ? space + text : text + space
}
