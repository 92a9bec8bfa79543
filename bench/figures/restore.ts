import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BenchRun, demand, SOURCE, takeTurns } from '../lib/bench-run.ts'
import { type Database, settle } from '../lib/bench-server.ts'
import { compareFigure, type Figure, pairUp, plainFigure } from '../lib/figure.ts'
import { type BenchVault, readSummary } from '../lib/holdfast.ts'
import { runCopy, runPgDump, runPgRestore } from '../lib/peers.ts'
import { CUSTOMER_TABLE } from '../lib/tables.ts'

type Round = {
  /** The whole process less reading back. */
  toCommitS: number
  readBackS: number | undefined
  wholeS: number
  pgRestoreS?: number | undefined
  copyS?: number | undefined
  peakBytes: number
}

const TARGET = 'crm-restored'

/** The newest point into an empty database, beside `pg_restore` into another. */
export async function measureRestore(run: BenchRun, vault: BenchVault): Promise<Figure[]> {
  const dumpFile = join(run.folder, 'restore.dump')
  await runPgDump(run.programs, run.customers, dumpFile)
  const rounds: Round[] = []
  for (let index = 0; index < run.options.rounds; index++) {
    const round = await measureRound(run, { vault, dumpFile, index })
    rounds.push(round)
    const { copyS, pgRestoreS, readBackS, toCommitS } = round
    run.say(
      `restore, round ${index + 1}: to the commit ${toCommitS.toFixed(1)} s, pg_restore ${pgRestoreS?.toFixed(1)} s; ` +
        `read back ${readBackS?.toFixed(1)} s, copy ${copyS?.toFixed(1)} s`,
    )
  }
  rmSync(dumpFile, { force: true })
  await run.server.dropDatabase('restored')
  await run.server.dropDatabase('pg_restored')
  return formatFigures(rounds)
}

async function measureRound(
  { customers, programs, server }: BenchRun,
  at: { readonly vault: BenchVault; readonly dumpFile: string; readonly index: number },
): Promise<Round> {
  const { dumpFile, index, vault } = at
  const round: Round = { toCommitS: 0, readBackS: undefined, wholeS: 0, peakBytes: 0 }
  const select = `select * from ${CUSTOMER_TABLE.name} order by ${CUSTOMER_TABLE.key}`
  await takeTurns(index, [
    async () => {
      const database = await server.createDatabase('restored')
      await settle(database)
      vault.configure({ sources: { [SOURCE]: customers.url }, targets: { [TARGET]: database.url } })
      const args = ['restore', `${SOURCE}@latest`, '--to', TARGET, '--yes', '--json']
      const done = await vault.run(args, { isOutputKept: true })
      round.readBackS = readReadBack(done.output)
      round.wholeS = done.wallS
      round.toCommitS = done.wallS - (round.readBackS ?? 0)
      round.peakBytes = done.peakBytes
      round.copyS = (await runCopy(programs, database, select))?.wallS
      await demandSame(customers, database)
    },
    async () => {
      const database = await server.createDatabase('pg_restored')
      await settle(database)
      round.pgRestoreS = (await runPgRestore(programs, database, dumpFile))?.wallS
    },
  ])
  return round
}

function readReadBack(output: string): number | undefined {
  const summary = readSummary(output) as {
    readBackMs?: number
    verified?: { different: number }
    extra?: number
  }
  demand(summary.verified?.different === 0, 'the restore read back differences')
  demand(summary.extra === 0, 'the restore left extra rows')
  return summary.readBackMs === undefined ? undefined : summary.readBackMs / 1000
}

/** Holdfast's own word is not taken for it: the server adds up a hash of every row on both sides. */
async function demandSame(source: Database, target: Database): Promise<void> {
  const sql = `select count(*)::text as n, sum(hashtextextended(rows::text, 0))::text as hash
    from ${CUSTOMER_TABLE.name} rows`
  const [before, after] = [await source.query(sql), await target.query(sql)]
  demand(JSON.stringify(before) === JSON.stringify(after), 'the restored table differs')
}

function formatFigures(rounds: readonly Round[]): Figure[] {
  const toCommit = rounds.map(({ toCommitS }) => toCommitS)
  const whole = rounds.map(({ wholeS }) => wholeS)
  const readBack = rounds.flatMap(({ readBackS }) => readBackS ?? [])
  const restored = rounds.map(({ pgRestoreS }) => pgRestoreS)
  const against = 'pg_restore'
  const empty = 'restore into an empty database'
  const isApart = readBack.length === rounds.length
  return [
    ...compareFigure(
      { what: `${empty}, to the last commit`, against, unit: 's' },
      pairUp(toCommit, restored),
      { target: 1.15, note: isApart ? 'process time less reading back' : 'reading back included' },
    ),
    ...compareFigure({ what: `${empty}, proven`, against, unit: 's' }, pairUp(whole, restored)),
    ...compareFigure(
      { what: 'reading back what was restored', against: 'bare COPY', unit: 's' },
      isApart
        ? pairUp(
            readBack,
            rounds.map(({ copyS }) => copyS),
          )
        : [],
      { target: 1.25 },
    ),
    ...plainFigure(
      { what: 'restore, peak memory', unit: 'bytes' },
      rounds.map(({ peakBytes }) => peakBytes),
      { target: 250e6, isMaxJudged: true },
    ),
  ]
}
