/**
 * The question: what does it cost to back up a customer database with Holdfast, to look back, and to
 * put it back?
 *
 * The baseline: reading the table with a bare COPY in key order, `pg_dump -Fc`, `pg_dump` into
 * restic and borg, and `pg_restore`, measured in the same run, taking turns.
 *
 * Worse would be: a ratio above its target, and any ratio that grew against `bench/results/` on the
 * same processor. Seconds depend on the machine and are no claim.
 */
import { measureFirstBackup } from './figures/first-backup.ts'
import { measureFurtherBackup } from './figures/further-backup.ts'
import { measureLargeValue } from './figures/large-value.ts'
import { measureLookups } from './figures/lookups.ts'
import { measureRestore } from './figures/restore.ts'
import { measureShapes } from './figures/shapes.ts'
import { measureStart } from './figures/start.ts'
import type { BenchRun } from './lib/bench-run.ts'
import { fillTable, startBenchServer } from './lib/bench-server.ts'
import type { Figure } from './lib/figure.ts'
import { makeBenchFolder } from './lib/folders.ts'
import { describeMachine, watchLoad } from './lib/machine.ts'
import { PARTS, type Part, readOptions, USAGE } from './lib/options.ts'
import { measureCopyBytes } from './lib/peers.ts'
import { findPrograms, listMissing } from './lib/programs.ts'
import { formatTable, keepReport } from './lib/report.ts'
import { CUSTOMER_TABLE } from './lib/tables.ts'

if (process.argv.includes('--help')) console.log(USAGE)
else await main()

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  const programs = findPrograms()
  const missing = listMissing(programs)
  const watch = watchLoad()
  const say = (text: string) => console.error(text)
  for (const sentence of missing) say(`! ${sentence}`)

  using folder = makeBenchFolder()
  await using server = await startBenchServer(programs, options)
  say(`Filling ${options.rows} rows`)
  const customers = await server.createDatabase('customers')
  await fillTable(customers, CUSTOMER_TABLE, options.rows)
  const run = { options, programs, server, folder: folder.path, customers, say }
  const figures = await measureAll(run)

  const load = watch.stop()
  console.log(`\n${formatTable(figures)}`)
  if (!options.isFull || options.parts.size < PARTS.length) return
  const report = {
    date: new Date().toISOString(),
    machine: describeMachine(),
    versions: programs.versions,
    server: server.settings,
    rows: options.rows,
    copyBytes: await measureCopyBytes(programs, customers, CUSTOMER_TABLE.name),
    rounds: options.rounds,
    load,
    missing,
    figures,
  }
  console.log(`\n${keepReport(report).join('\n')}`)
}

async function measureAll(run: BenchRun): Promise<Figure[]> {
  const isWanted = (...parts: Part[]) => parts.some((part) => run.options.parts.has(part))
  const figures: Figure[] = []
  if (isWanted('start')) figures.push(...(await measureStart(run)))
  if (isWanted('first', 'further', 'lookups', 'restore')) {
    const first = await measureFirstBackup(run)
    figures.push(...first.figures)
    if (isWanted('further', 'lookups')) {
      figures.push(...(await measureFurtherBackup(run, first.vault)))
    }
    if (isWanted('lookups')) figures.push(...(await measureLookups(run, first.vault)))
    if (isWanted('restore')) figures.push(...(await measureRestore(run, first.vault)))
    first.vault.remove()
  }
  if (isWanted('shapes')) figures.push(...(await measureShapes(run)))
  if (isWanted('large')) figures.push(...(await measureLargeValue(run)))
  return run.options.isFull ? figures : figures.map(withoutTarget)
}

/** Fixed costs rule a small table; a verdict there would say nothing. */
function withoutTarget(figure: Figure): Figure {
  return { ...figure, target: undefined, isReached: undefined }
}
