import { join } from 'node:path'
import { type BenchRun, demand, type FirstBackups, SOURCE, takeTurns } from '../lib/bench-run.ts'
import { settle } from '../lib/bench-server.ts'
import { compareFigure, type Figure, pairUp, plainFigure } from '../lib/figure.ts'
import { type BenchVault, createVault } from '../lib/holdfast.ts'
import { openBorg, openRestic, runCopy, runPgDump } from '../lib/peers.ts'
import { CUSTOMER_TABLE } from '../lib/tables.ts'

type Round = {
  copyS?: number | undefined
  dumpS?: number | undefined
  resticS?: number | undefined
  resticBytes?: number | undefined
  borgS?: number | undefined
  borgBytes?: number | undefined
  oursS: number
  oursBytes: number
  peakBytes: number
}

/** The first backup of the customer table, into an empty vault each round. */
export async function measureFirstBackup(run: BenchRun): Promise<FirstBackups> {
  const rounds: Round[] = []
  let kept: BenchVault | undefined
  await settle(run.customers)
  await runCopy(run.programs, run.customers, select())
  for (let index = 0; index < run.options.rounds; index++) {
    kept?.remove()
    const folder = join(run.folder, `first-${index}`)
    const vault = await createVault(folder, { sources: { [SOURCE]: run.customers.url } })
    kept = vault
    const round = await measureRound(run, vault, index)
    rounds.push(round)
    run.say(formatRound(index, round))
  }
  if (kept === undefined) throw new Error('Cannot measure in 0 rounds')
  return { figures: formatFigures(rounds), vault: kept }
}

async function measureRound(run: BenchRun, vault: BenchVault, index: number): Promise<Round> {
  const { customers, folder, options, programs } = run
  const stores = {
    restic: await openRestic(programs, folder),
    borg: await openBorg(programs, folder),
  }
  const round: Round = { oursS: 0, oursBytes: 0, peakBytes: 0 }
  const dumpFile = join(folder, 'first.dump')
  await takeTurns(index, [
    async () => {
      round.copyS = (await runCopy(programs, customers, select()))?.wallS
    },
    async () => {
      const beforeBytes = vault.measureBytes()
      const done = await vault.backUp(SOURCE)
      demand(done.summary.rows === options.rows, 'the first backup missed rows')
      round.oursS = done.wallS
      round.peakBytes = done.peakBytes
      round.oursBytes = vault.measureBytes() - beforeBytes
    },
    async () => {
      round.dumpS = (await runPgDump(programs, customers, dumpFile))?.wallS
    },
    async () => {
      const done = await stores.restic?.backup(customers)
      round.resticS = done?.wallS
      round.resticBytes = done?.storedBytes
    },
    async () => {
      const done = await stores.borg?.backup(customers)
      round.borgS = done?.wallS
      round.borgBytes = done?.storedBytes
    },
  ])
  stores.restic?.remove()
  stores.borg?.remove()
  return round
}

function formatFigures(rounds: readonly Round[]): Figure[] {
  const ours = rounds.map(({ oursS }) => oursS)
  const wall = (against: string, peer: readonly (number | undefined)[], target?: number) =>
    compareFigure({ what: 'first backup, wall time', against, unit: 's' }, pairUp(ours, peer), {
      target,
    })
  const oursBytes = rounds.map(({ oursBytes: bytes }) => bytes)
  const stored = (against: string, peer: readonly (number | undefined)[], target?: number) =>
    compareFigure(
      { what: 'first backup, stored', against, unit: 'bytes' },
      pairUp(oursBytes, peer),
      { target, note: 'everything below the folder; keys and digests included' },
    )
  const peaks = rounds.map(({ peakBytes }) => peakBytes)
  return [
    ...wall(
      'bare COPY',
      rounds.map(({ copyS }) => copyS),
      1.25,
    ),
    ...wall(
      'pg_dump -Fc',
      rounds.map(({ dumpS }) => dumpS),
      0.5,
    ),
    ...wall(
      'pg_dump into restic',
      rounds.map(({ resticS }) => resticS),
      1,
    ),
    ...wall(
      'pg_dump into borg',
      rounds.map(({ borgS }) => borgS),
    ),
    ...stored(
      'restic',
      rounds.map(({ resticBytes }) => resticBytes),
      0.82,
    ),
    ...stored(
      'borg',
      rounds.map(({ borgBytes }) => borgBytes),
    ),
    ...plainFigure({ what: 'first backup, peak memory', unit: 'bytes' }, peaks, {
      target: 250e6,
      isMaxJudged: true,
    }),
  ]
}

function select(): string {
  return `select * from ${CUSTOMER_TABLE.name} order by ${CUSTOMER_TABLE.key}`
}

function formatRound(index: number, round: Round): string {
  const { borgS, copyS, dumpS, oursBytes, oursS, peakBytes, resticBytes, resticS } = round
  const seconds = Object.entries({ ours: oursS, copyS, dumpS, resticS, borgS })
    .map(([name, value]) => `${name.replace(/S$/, '')} ${value?.toFixed(1) ?? '-'} s`)
    .join(', ')
  const megabytes = (bytes: number | undefined) => ((bytes ?? 0) / 1e6).toFixed(1)
  return `first backup, round ${index + 1}: ${seconds}; stored ${megabytes(oursBytes)} MB (restic ${megabytes(resticBytes)}); peak ${megabytes(peakBytes)} MB`
}
