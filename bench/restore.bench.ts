/**
 * The question: how fast does a plan become rows in a living system, and how long does it take to plan
 * and to practise putting customers back?
 *
 * The baseline: of rows that are written, `psql \copy` of the same rows into the same table, and one plain
 * UPDATE of the same values by key, in the same run, taking turns. A plan and a drill have none.
 *
 * Worse would be: less than 20 000 rows inserted or 5 000 updated in a second, a plan for 1 000
 * customers with 100 000 records of 10 s or a drill of 50 of 30 s, or a ratio that grew against
 * `bench/results/`.
 */
import { parseArgs } from 'node:util'
import { startBenchServer } from './lib/bench-server.ts'
import { makeBenchFolder } from './lib/folders.ts'
import { describeMachine, watchLoad } from './lib/machine.ts'
import { findPrograms } from './lib/programs.ts'
import { formatTable, keepTable } from './lib/report.ts'
import { measureCustomers } from './restore/customers.ts'
import { measureExecution } from './restore/execution.ts'

const USAGE = `node bench/restore.bench.ts [--rows N] [--customers N] [--rounds N] [--parts a,b] [--no-sync]

  --rows N       rows of the table that is written to, half of which are written (200000)
  --customers N  customers of three systems with a hundred records each; one in twenty is planned (20000)
  --rounds N     how often each is measured (3)
  --parts ...    execution, customers; both unless told
  --no-sync      the server does not wait for its disk (fsync = off)`

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '200000' },
    customers: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    parts: { type: 'string', default: 'execution,customers' },
    'no-sync': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const FULL = { rows: 200_000, customers: 20_000 }

if (values.help) console.log(USAGE)
else await main(Number(values.rows), Number(values.customers), Number(values.rounds))

async function main(rows: number, customers: number, rounds: number): Promise<void> {
  const watch = watchLoad()
  const say = (text: string) => console.error(text)
  const programs = findPrograms()
  const parts = values.parts.split(',')
  const isFull = rows >= FULL.rows && customers >= FULL.customers
  using folder = makeBenchFolder()
  await using server = await startBenchServer(programs, { isSyncing: !values['no-sync'] })
  const run = { programs, server, folder: folder.path, rounds, isFull, say }
  const figures = [
    ...(parts.includes('execution') ? await measureExecution(run, rows) : []),
    ...(parts.includes('customers') ? await measureCustomers(run, customers) : []),
  ]
  const load = watch.stop()
  console.log(`\n${formatTable(figures)}`)
  if (!isFull || parts.length < 2) return
  const about = `\`node bench/restore.bench.ts\`: ${rows / 2} rows of ${rows} written to PostgreSQL ${programs.versions['postgres']}; ${customers / 20} of ${customers} customers planned and 50 drilled.`
  const date = new Date().toISOString()
  const kept = { name: 'restore', about, date, machine: describeMachine(), load, figures }
  console.log(`\n${keepTable(kept)}`)
}
