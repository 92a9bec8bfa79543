import { createReadStream, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { type BenchRun, demand, SOURCE, takeTurns } from '../lib/bench-run.ts'
import { changeRows } from '../lib/bench-server.ts'
import { compareFigure, type Figure, pairUp, plainFigure } from '../lib/figure.ts'
import type { BenchVault } from '../lib/holdfast.ts'
import { type DumpStore, openBorg, openRestic, runCopy } from '../lib/peers.ts'
import { runProgram } from '../lib/run-program.ts'
import { CUSTOMER_TABLE } from '../lib/tables.ts'

type Round = {
  copyS?: number | undefined
  oursS: number
  oursBytes: number
  /** The changed rows as COPY text, compressed with zstd at level 3. */
  changedBytes?: number | undefined
  resticS?: number | undefined
  resticBytes?: number | undefined
  borgBytes?: number | undefined
  peakBytes: number
}

/**
 * A further backup by scan and compare, each round after another hundredth of the rows changed.
 *
 * Leaves `rounds` more points in the vault.
 */
export async function measureFurtherBackup(run: BenchRun, vault: BenchVault): Promise<Figure[]> {
  const stores = [
    await openRestic(run.programs, run.folder),
    await openBorg(run.programs, run.folder),
  ]
  for (const store of stores) await store?.backup(run.customers)
  const rounds: Round[] = []
  for (let index = 0; index < run.options.rounds; index++) {
    const round = await measureRound(run, { vault, stores, index })
    rounds.push(round)
    const { changedBytes, copyS, oursBytes, oursS } = round
    run.say(
      `further backup, round ${index + 1}: ours ${oursS.toFixed(1)} s, copy ${copyS?.toFixed(1)} s; ` +
        `stored ${oursBytes} of ${changedBytes} compressed (restic ${round.resticBytes})`,
    )
  }
  for (const store of stores) store?.remove()
  return formatFigures(rounds)
}

async function measureRound(
  run: BenchRun,
  at: {
    readonly vault: BenchVault
    readonly stores: readonly (DumpStore | undefined)[]
    readonly index: number
  },
): Promise<Round> {
  const { index, stores, vault } = at
  const { customers, programs } = run
  const changed = await changeRows(customers, CUSTOMER_TABLE, index + 1)
  const round: Round = { oursS: 0, oursBytes: 0, peakBytes: 0 }
  round.changedBytes = await measureChangedRows(run, CUSTOMER_TABLE.changed(index + 1))
  const [restic, borg] = stores
  await takeTurns(index, [
    async () => {
      const select = `select * from ${CUSTOMER_TABLE.name} order by ${CUSTOMER_TABLE.key}`
      round.copyS = (await runCopy(programs, customers, select))?.wallS
    },
    async () => {
      const beforeBytes = vault.measureBytes()
      const done = await vault.backUp(SOURCE)
      demand(done.summary.changed === changed, 'the further backup found other changes')
      round.oursS = done.wallS
      round.peakBytes = done.peakBytes
      round.oursBytes = vault.measureBytes() - beforeBytes
    },
    async () => {
      const done = await restic?.backup(customers)
      round.resticS = done?.wallS
      round.resticBytes = done?.storedBytes
    },
    async () => {
      round.borgBytes = (await borg?.backup(customers))?.storedBytes
    },
  ])
  return round
}

async function measureChangedRows(
  { customers, folder, programs }: BenchRun,
  select: string,
): Promise<number | undefined> {
  if (programs.psql === undefined) return undefined
  const file = join(folder, 'changed.txt')
  const args = ['-Xq', '-d', customers.url, '-c', `copy (${select}) to stdout`]
  await runProgram({ command: programs.psql, args, toFile: file })
  let bytes = 0
  const params = { [constants.ZSTD_c_compressionLevel]: 3 }
  await pipeline(createReadStream(file), createZstdCompress({ params }), async (parts) => {
    for await (const part of parts) bytes += part.length
  })
  rmSync(file)
  return bytes
}

function formatFigures(rounds: readonly Round[]): Figure[] {
  const what = 'further backup after 1 % changes'
  const ours = rounds.map(({ oursS }) => oursS)
  const bytes = rounds.map(({ oursBytes }) => oursBytes)
  const wall = (against: string, peer: readonly (number | undefined)[], target?: number) =>
    compareFigure({ what: `${what}, wall time`, against, unit: 's' }, pairUp(ours, peer), {
      target,
    })
  const stored = (against: string, peer: readonly (number | undefined)[], target?: number) =>
    compareFigure({ what: `${what}, stored`, against, unit: 'bytes' }, pairUp(bytes, peer), {
      target,
    })
  return [
    ...wall(
      'bare COPY',
      rounds.map(({ copyS }) => copyS),
      1.15,
    ),
    ...wall(
      'pg_dump into restic',
      rounds.map(({ resticS }) => resticS),
    ),
    ...stored(
      'changed rows, zstd -3',
      rounds.map(({ changedBytes }) => changedBytes),
      1.2,
    ),
    ...stored(
      'restic',
      rounds.map(({ resticBytes }) => resticBytes),
    ),
    ...stored(
      'borg',
      rounds.map(({ borgBytes }) => borgBytes),
    ),
    ...plainFigure(
      { what: 'further backup, peak memory', unit: 'bytes' },
      rounds.map(({ peakBytes }) => peakBytes),
      { target: 250e6, isMaxJudged: true },
    ),
  ]
}
