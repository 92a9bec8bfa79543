import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figure, Spread, Unit } from './figure.ts'
import type { Load, Machine } from './machine.ts'

export type Report = {
  readonly date: string
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly server: Readonly<Record<string, string>>
  readonly rows: number
  readonly copyBytes: number
  readonly rounds: number
  readonly load: Load
  readonly missing: readonly string[]
  readonly figures: readonly Figure[]
}

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url))
const HEAD = ['what', 'against', 'ours', 'theirs', 'measured (min-max)', 'target', 'reached']

/** The table for a terminal. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(formatCells)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '))
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '))
  return lines.map((line) => line.trimEnd()).join('\n')
}

/** Writes `<date>-<cpu>.md` and `.json` and returns their names. */
export function keepReport(report: Report): string[] {
  mkdirSync(RESULTS, { recursive: true })
  const name = `${report.date.slice(0, 10)}-${formatCpu(report.machine)}`
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(join(RESULTS, `${name}.md`), formatMarkdown(report))
  return [`bench/results/${name}.md`, `bench/results/${name}.json`]
}

export type SmallReport = Pick<Report, 'date' | 'machine' | 'load' | 'figures'> & {
  /** What the page is called, after the day. */
  readonly name: string
  /** What was measured, a sentence. */
  readonly about: string
  /** A picture beside the page, shown at its end. */
  readonly plot?: { readonly svg: string; readonly caption: string }
}

/** Writes `<date>-<cpu>-<name>.md` and returns its name. */
export function keepTable(report: SmallReport): string {
  const { about, date, figures, load, machine, name, plot } = report
  mkdirSync(RESULTS, { recursive: true })
  const stem = `${date.slice(0, 10)}-${formatCpu(machine)}-${name}`
  const file = `${stem}.md`
  if (plot !== undefined) writeFileSync(join(RESULTS, `${stem}.svg`), plot.svg)
  const image = plot === undefined ? '' : `\n![${plot.caption}](${stem}.svg)\n`
  writeFileSync(
    join(RESULTS, file),
    `# ${name}, ${date.slice(0, 10)}

${about}

- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}.
- Load: ${load.before} before, ${load.most} at most, ${load.after} after; the bench itself makes one or two.

${formatFigures(figures)}
${image}`,
  )
  return `bench/results/${file}`
}

function formatCpu({ cpu }: Machine): string {
  return cpu
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '')
}

function formatFigures(figures: readonly Figure[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const table = [HEAD, HEAD.map(() => '---'), ...figures.map(formatCells)].map(line)
  const notes = figures.flatMap(({ note, what }) => (note === '' ? [] : [`- ${what}: ${note}.`]))
  return `${table.join('\n')}\n\n${notes.join('\n')}`
}

function formatMarkdown(report: Report): string {
  const { date, figures, load, machine, missing, rounds, rows, server, versions } = report
  const list = (values: Readonly<Record<string, string>>) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')
  return `# First light, ${date.slice(0, 10)}

\`npm run bench\`: ${rows} customers of 24 columns, ${formatAmount(report.copyBytes, 'bytes')} as COPY text,
${rounds} ${rounds === 1 ? 'round' : 'rounds'}. Ratios are taken pair by pair, within a round; the median counts.

- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}.
- Load: ${load.before} before, ${load.most} at most, ${load.after} after; the bench itself makes two or three.
- Versions: ${list(versions)}.
- Server: ${list(server)}.
${missing.map((sentence) => `- ${sentence}.\n`).join('')}
${formatFigures(figures)}
`
}

function formatCells(figure: Figure): string[] {
  const { against, isReached, measured, measuredUnit, ours, peer, target, unit, what } = figure
  const reached = isReached === undefined ? '' : isReached ? 'yes' : 'NO'
  return [
    what,
    against,
    formatAmount(ours, unit),
    peer === undefined ? '' : formatAmount(peer, unit),
    formatSpread(measured, measuredUnit),
    target === undefined ? '' : `<= ${formatAmount(target, measuredUnit)}`,
    reached,
  ]
}

function formatSpread({ max, median, min }: Spread, unit: Unit): string {
  const middle = formatAmount(median, unit)
  if (min === max) return middle
  return `${middle} (${formatAmount(min, unit)} - ${formatAmount(max, unit)})`
}

function formatAmount(value: number, unit: Unit): string {
  if (unit === 'x') return `${value.toPrecision(value < 0.1 ? 2 : 3)} x`
  if (unit === 's') return `${value.toFixed(value < 1 ? 3 : 2)} s`
  if (value >= 1e6) return `${(value / 1e6).toFixed(value < 1e7 ? 2 : 1)} MB`
  if (value < 1e3) return `${value.toFixed(1)} B`
  return `${(value / 1e3).toFixed(1)} kB`
}
