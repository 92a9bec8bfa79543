import { join } from 'node:path'
import { demand, SOURCE, takeTurns } from '../lib/bench-run.ts'
import { type BenchServer, type Database, fillTable, settle } from '../lib/bench-server.ts'
import { compareFigure, type Figure, pairUp, plainFigure } from '../lib/figure.ts'
import { type BenchVault, createVault, readSummary } from '../lib/holdfast.ts'
import type { Programs } from '../lib/programs.ts'
import { runProgram } from '../lib/run-program.ts'
import { CUSTOMER_TABLE } from '../lib/tables.ts'

export type RestoreRun = {
  readonly programs: Programs
  readonly server: BenchServer
  readonly folder: string
  readonly rounds: number
  readonly isFull: boolean
  /** Tells whoever waits what is going on. */
  say(text: string): void
}

type Written = {
  /** From the agreed plan to the commit: the pre-image into the vault, and the transaction. */
  readonly executionS: number
  readonly planS: number
  readonly wholeS: number
  readonly peakBytes: number
  readonly count: number
}

/** Rows a second that are demanded, as the longest time for so many. */
const INSERTS = 20_000
const UPDATES = 5_000

const TARGET = 'crm-live'
const { key: KEY, name: TABLE } = CUSTOMER_TABLE
const SET = `payment_terms = saved.payment_terms, credit_limit = saved.credit_limit, updated_at = saved.updated_at`

/** Half of a table that lost rows, and half of one whose rows were changed, put back into the living system. */
export async function measureExecution(run: RestoreRun, rows: number): Promise<Figure[]> {
  const { folder, rounds, say, server } = run
  say(`Filling ${rows} rows`)
  const live = await server.createDatabase('live')
  await fillTable(live, CUSTOMER_TABLE, rows)
  const vault = await createVault(join(folder, 'execution'), {
    sources: { [SOURCE]: live.url },
    targets: { [TARGET]: live.url },
  })
  await vault.backUp(SOURCE)
  await live.query(`create table saved as select * from ${TABLE} where ${KEY} % 2 = 0`)
  const inserts: Written[] = []
  const updates: Written[] = []
  const copies: number[] = []
  const plain: number[] = []
  for (let round = 0; round < rounds; round++) {
    await takeTurns(round, [
      async () => void inserts.push(await restoreDeleted(vault, live)),
      async () => void copies.push(await copyDeleted(run, live)),
      async () => void updates.push(await restoreChanged(vault, live)),
      async () => void plain.push(await updateChanged(run, live)),
    ])
    const [insert, update] = [inserts.at(-1), updates.at(-1)]
    say(
      `execution, round ${round + 1}: inserts ${insert?.executionS.toFixed(2)} s, \\copy ${copies.at(-1)?.toFixed(2)} s; ` +
        `updates ${update?.executionS.toFixed(2)} s, UPDATE ${plain.at(-1)?.toFixed(2)} s`,
    )
  }
  vault.remove()
  await server.dropDatabase('live')
  return [
    ...formatFigures(run, { what: 'inserts', written: inserts, records: INSERTS }),
    ...compareTo('psql \\copy', 'inserts', inserts, copies),
    ...formatFigures(run, { what: 'guarded updates', written: updates, records: UPDATES }),
    ...compareTo('plain UPDATE', 'guarded updates', updates, plain),
  ]
}

function formatFigures(
  { isFull }: RestoreRun,
  {
    records,
    what,
    written,
  }: { readonly what: string; readonly written: readonly Written[]; readonly records: number },
): Figure[] {
  const [count = 0] = written.map((one) => one.count)
  const times = written.map(({ executionS }) => (executionS * records) / count)
  const note = `of ${count} in one transaction, pre-image and commit included; planning and reading back are apart`
  return [
    ...plainFigure({ what: `${what} into PostgreSQL, ${records} records`, unit: 's' }, times, {
      note,
      ...(isFull && { target: 1 }),
    }),
    ...plainFigure(
      { what: `${what}, planning`, unit: 's' },
      written.map(({ planS }) => planS),
    ),
    ...plainFigure(
      { what: `${what}, whole process`, unit: 's' },
      written.map(({ wholeS }) => wholeS),
    ),
    ...plainFigure(
      { what: `${what}, peak memory`, unit: 'bytes' },
      written.map(({ peakBytes }) => peakBytes),
    ),
  ]
}

function compareTo(
  against: string,
  what: string,
  written: readonly Written[],
  theirs: readonly number[],
): Figure[] {
  const ours = written.map(({ executionS }) => executionS)
  const name = { what: `${what}, execution`, against, unit: 's' as const }
  return compareFigure(name, pairUp(ours, theirs))
}

async function restoreDeleted(vault: BenchVault, live: Database): Promise<Written> {
  await live.query(`delete from ${TABLE} where ${KEY} % 2 = 0`)
  await settle(live)
  return await restore(vault, live, 'inserted')
}

async function restoreChanged(vault: BenchVault, live: Database): Promise<Written> {
  await changeSome(live)
  return await restore(vault, live, 'updated')
}

async function copyDeleted({ folder, programs }: RestoreRun, live: Database): Promise<number> {
  const file = join(folder, 'saved.copy')
  await runPsql(programs, live, `\\copy saved to '${file}'`)
  await live.query(`delete from ${TABLE} where ${KEY} % 2 = 0`)
  await settle(live)
  return await runPsql(programs, live, `\\copy ${TABLE} from '${file}'`)
}

async function updateChanged({ programs }: RestoreRun, live: Database): Promise<number> {
  await changeSome(live)
  const sql = `update ${TABLE} set ${SET} from saved where saved.${KEY} = ${TABLE}.${KEY}`
  return await runPsql(programs, live, sql)
}

async function changeSome(live: Database): Promise<void> {
  const set = `payment_terms = 'NT99', credit_limit = credit_limit + 1, updated_at = updated_at + interval '1 day'`
  await live.query(`update ${TABLE} set ${set} where ${KEY} % 2 = 0`)
  await settle(live)
}

async function runPsql({ psql }: Programs, { url }: Database, command: string): Promise<number> {
  if (psql === undefined) throw new Error('Cannot measure the peers: found no psql')
  const args = ['-Xq', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', command]
  return (await runProgram({ command: psql, args })).wallS
}

async function restore(
  vault: BenchVault,
  live: Database,
  counted: 'inserted' | 'updated',
): Promise<Written> {
  const what = ['--entity', `public.${TABLE}`, '--to', TARGET]
  const args = ['restore', `${SOURCE}@1`, ...what, '--confirm', TARGET, '--yes', '--json']
  const done = await vault.run(args, { isOutputKept: true })
  const summary = readSummary(done.output)
  const [durationMs, planMs] = [Number(summary['durationMs']), Number(summary['planMs'])]
  const count = Number(summary[counted])
  const different = `select from ${TABLE} join saved using (${KEY}) where ${TABLE} is distinct from saved`
  demand(count > 0, `the restore has nothing ${counted}`)
  demand((await live.query(different)).length === 0, 'a row is not as it was')
  return {
    executionS: (durationMs - planMs) / 1000,
    planS: planMs / 1000,
    wholeS: done.wallS,
    peakBytes: done.peakBytes,
    count,
  }
}
