/**
 * The question: how long does a machine take to open a vault whose one source has very many entries,
 * as a feed that commits every second makes them?
 *
 * The baseline: the same vault when it had a hundredth of them. Entries are signed and sealed one
 * after the other as captures and compactions write them; what they name is not there, for opening
 * reads none of it.
 *
 * Worse would be: opening above its target, or a time that grows with the number of entries.
 */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { commitNext } from '#vault/commit-next'
import { type OpenVaultRequest, openVault } from '#vault/open-vault'
import { LONG_SOURCE, type LongTimeline, writeLongTimeline } from './entries/long-timeline.ts'
import { demand } from './lib/bench-run.ts'
import { compareFigure, type Figure, plainFigure } from './lib/figure.ts'
import { makeBenchFolder } from './lib/folders.ts'
import { describeMachine, watchLoad } from './lib/machine.ts'
import { formatTable, keepTable } from './lib/report.ts'

const USAGE = `node bench/entries.bench.ts [--entries N] [--files N] [--fresh N]

  --entries N  entries of the longer timeline (1000000)
  --files N    how many of the newest entries are files; all when absent
  --fresh N    entries of the timeline that is read by a machine that knows nothing (20000)`

const { signal } = new AbortController()
const ROUNDS = 7

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    files: { type: 'string' },
    fresh: { type: 'string', default: '20000' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(USAGE)
else await main(Number(values.entries), Number(values.files ?? values.entries))

async function main(entries: number, files: number): Promise<void> {
  const watch = watchLoad()
  using folder = makeBenchFolder()
  const write = async (count: number) => {
    console.error(`Writing ${count} entries`)
    const root = mkdtempSync(join(folder.path, `${count}-`))
    return await writeLongTimeline(root, { entries: count, files: Math.min(files, count) })
  }
  const short = await write(Math.max(16, Math.floor(entries / 100)))
  const long = await write(entries)
  const figures = [
    ...(await measureOpening(short, long)),
    ...(await measureUse(long)),
    ...(await measureFresh(await write(Number(values.fresh)))),
    ...plainFigure({ what: 'kept on the machine', unit: 'bytes' }, [long.keptBytes()]),
  ]
  const load = watch.stop()
  console.log(`\n${formatTable(figures)}`)
  if (entries < 1_000_000) return
  const stored = files < entries ? `, of which the newest ${files} are files` : ''
  const about = `\`node bench/entries.bench.ts\`: a source of ${entries} entries${stored}, one in 256 a compaction.`
  const date = new Date().toISOString()
  const table = { name: 'entries', about, date, machine: describeMachine(), load, figures }
  console.log(`\n${keepTable(table)}`)
}

async function measureOpening(short: LongTimeline, long: LongTimeline): Promise<Figure[]> {
  const pairs: { ours: number; peer: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const peer = await timeOpening(short)
    pairs.push({ ours: await timeOpening(long), peer })
  }
  const what = 'opening, unlock and newest point included'
  return [
    ...plainFigure(
      { what, unit: 's' },
      pairs.map(({ ours }) => ours),
      { target: 1 },
    ),
    ...compareFigure({ what, against: 'a hundredth of the entries', unit: 's' }, pairs),
  ]
}

async function timeOpening(at: LongTimeline): Promise<number> {
  const startedAtMs = performance.now()
  const state = await read(at.request)
  demand(state.points.at(-1)?.seq === at.newestPoint, 'the newest point is another one')
  return (performance.now() - startedAtMs) / 1000
}

async function measureUse(at: LongTimeline): Promise<Figure[]> {
  const vault = await openVault(at.request)
  const state = await vault.readTimeline(LONG_SOURCE, signal)
  demand(state.headSeq + 1 === at.entries, 'entries are missing')
  const middle = Math.floor(at.entries / 2)
  const lookup: number[] = []
  const commit: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const seq = middle + round * 1500
    lookup.push(
      await time(async () => {
        const point = (await read(at.request)).points.after(Math.min(seq, at.newestPoint - 1))
        demand(point !== undefined, 'there is no point in the middle')
      }),
    )
    const label = { kind: 'label', label: `round-${round}`, point: at.newestPoint } as const
    commit.push(await time(() => commitNext(vault, LONG_SOURCE, () => label, signal)))
  }
  return [
    ...plainFigure({ what: 'opening and a point in the middle', unit: 's' }, lookup, { target: 1 }),
    ...plainFigure({ what: 'one commit of a process that goes on', unit: 's' }, commit),
  ]
}

/** Everything is verified once; what it kept then opens as what the writer kept does. */
async function measureFresh(at: LongTimeline): Promise<Figure[]> {
  const request = { ...at.request, stateDir: `${at.request.stateDir}-fresh` }
  const seconds = await time(() => read(request))
  const [ours, writers] = [await read(request), await read(at.request)]
  demand(ours.headHash === writers.headHash, 'the machine that read it sees another head')
  demand(ours.points.length === writers.points.length, 'it sees other points')
  const what = `per 1000 entries, on a machine that knows nothing`
  return plainFigure({ what, unit: 's' }, [(1000 * seconds) / at.entries])
}

async function read(request: OpenVaultRequest) {
  const fresh = { ...request, clock: systemClock, random: systemRandom }
  return await (await openVault(fresh)).readTimeline(LONG_SOURCE, signal)
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now()
  await work()
  return (performance.now() - startedAtMs) / 1000
}
