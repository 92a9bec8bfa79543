import { join } from 'node:path'
import { type BenchRun, demand, SOURCE } from '../lib/bench-run.ts'
import { changeRows, type Database, fillTable } from '../lib/bench-server.ts'
import { compareFigure, type Figure, type Pair } from '../lib/figure.ts'
import { type BenchVault, createVault } from '../lib/holdfast.ts'
import { openRestic, runCopy } from '../lib/peers.ts'
import { NARROW_TABLE, type Table, UUID_TABLE } from '../lib/tables.ts'

/** Tables of other shapes, measured once: reported, nothing demanded. */
export async function measureShapes(run: BenchRun): Promise<Figure[]> {
  return [
    ...(await measureShape(run, NARROW_TABLE, '3 narrow columns')),
    ...(await measureShape(run, UUID_TABLE, 'a uuid key')),
  ]
}

async function measureShape(run: BenchRun, table: Table, shape: string): Promise<Figure[]> {
  const database = await run.server.createDatabase(table.name)
  await fillTable(database, table, run.options.rows)
  const select = `select * from ${table.name} order by ${table.key}`
  const copy = async () => (await runCopy(run.programs, database, select))?.wallS
  await copy()
  const vault = await createVault(join(run.folder, table.name), {
    sources: { [SOURCE]: database.url },
  })
  const emptyBytes = vault.measureBytes()
  const first = await pairWithCopy(copy, () => backUp(vault, run.options.rows))
  const stored = await storeInRestic(run, database, vault.measureBytes() - emptyBytes)
  await changeRows(database, table, 1)
  const further = await pairWithCopy(copy, () => backUp(vault, run.options.rows))
  vault.remove()
  await run.server.dropDatabase(table.name)
  const figure = (what: string, against: string, pairs: readonly Pair[]) =>
    compareFigure({ what: `${shape}: ${what}`, against, unit: 's' }, pairs)
  const figures = [
    ...figure('first backup, wall time', 'bare COPY', first),
    ...figure('further backup after 1 % changes, wall time', 'bare COPY', further),
    ...compareFigure(
      { what: `${shape}: first backup, stored`, against: 'restic', unit: 'bytes' },
      stored,
    ),
  ]
  run.say(figures.map(({ measured, what }) => `${what} ${measured.median.toFixed(2)} x`).join('; '))
  return figures
}

async function backUp(vault: BenchVault, rows: number): Promise<number> {
  const done = await vault.backUp(SOURCE)
  demand(done.summary.rows === rows, 'a backup missed rows')
  return done.wallS
}

async function pairWithCopy(
  copy: () => Promise<number | undefined>,
  backUpOnce: () => Promise<number>,
): Promise<Pair[]> {
  const peer = await copy()
  const ours = await backUpOnce()
  return peer === undefined ? [] : [{ ours, peer }]
}

async function storeInRestic(run: BenchRun, database: Database, ours: number): Promise<Pair[]> {
  const restic = await openRestic(run.programs, run.folder)
  const done = await restic?.backup(database)
  restic?.remove()
  return done === undefined ? [] : [{ ours, peer: done.storedBytes }]
}
