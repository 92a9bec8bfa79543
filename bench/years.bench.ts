/**
 * The question: what does a vault cost and how fast does it answer after two years of daily points?
 *
 * The baseline: its own first day, and what the changed rows alone take compressed (zstd -3, each day
 * by itself). Time is simulated: rows come from formulas and go to the writer as a scan would hand
 * them over, so no server is needed.
 *
 * Worse would be: a ratio above its target, a whole process that answers slower than its target on an
 * idle machine, or any ratio that grew against `bench/results/` on the same processor.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeBenchFolder } from './lib/folders.ts'
import { describeMachine, watchLoad } from './lib/machine.ts'
import { formatTable, keepTable } from './lib/report.ts'
import { measureYears } from './years/measure-years.ts'
import { openYearsVault } from './years/years-vault.ts'

const USAGE = `npm run bench:years -- [--rows N] [--days N] [--changed N]

  --rows N     rows of the customer table (2000000)
  --days N     daily points after the first (730)
  --changed N  rows that change a day (a thousandth of all)`

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000000' },
    days: { type: 'string', default: '730' },
    changed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(USAGE)
else await main(Number(values.rows), Number(values.days))

async function main(rows: number, days: number): Promise<void> {
  const changed = Number(values.changed ?? Math.ceil(rows / 1000))
  const watch = watchLoad()
  const say = (text: string) => console.error(text)
  using folder = makeBenchFolder()
  const years = await openYearsVault(join(folder.path, 'years'), rows)
  say(`Writing ${rows} rows`)
  const first = await years.begin()
  const copy = join(folder.path, 'first')
  cpSync(years.folder, copy, { recursive: true })
  const lived = await years.live({ days, changed, first, say })
  const figures = await measureYears({ years, lived, first, copy, days, changed, say })
  const load = watch.stop()
  console.log(`\n${formatTable(figures)}`)
  if (rows < 2_000_000 || days < 730) return
  const about = `\`npm run bench:years\`: ${rows} customers of 24 columns, ${days} daily points, ${changed} changed rows a day.`
  const date = new Date().toISOString()
  console.log(
    `\n${keepTable({ name: 'years', about, date, machine: describeMachine(), load, figures })}`,
  )
}
