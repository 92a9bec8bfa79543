/**
 * The question: what does following a PostgreSQL cost, and how far behind is the vault?
 *
 * The baseline: `pg_recvlogical` of the same changes into a file, in the same run, taking turns, which
 * decodes, seals and keeps nothing; and what it wrote, compressed with zstd -3. The load is that of
 * pgbench: three updates and an insert a transaction.
 *
 * Worse would be: twice its time, under 15 000 changes a second, half of the commits durable after more
 * than 1 s or one in a hundred after 3 s at 1 000 changes a second, 1.3 times the bytes, 400 MB of memory
 * for one transaction of 5 000 000 rows. Seconds depend on the machine and are no claim.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { constants, zstdCompressSync } from 'node:zlib'
import pg from 'pg'
import { findPostgresBinaries } from '#test/servers/find-binaries'
import { startPostgres } from '#test/servers/start-postgres'
import { type Follower, startFollower } from './follow/follower.ts'
import { CHANGES_EACH, createTables, insertAtOnce, work, workPaced } from './follow/source-load.ts'
import { demand } from './lib/bench-run.ts'
import { compareFigure, type Figure, type Pair, plainFigure } from './lib/figure.ts'
import { makeBenchFolder, measureKinds } from './lib/folders.ts'
import { createVault } from './lib/holdfast.ts'
import { formatLagPlot, type Lag } from './lib/lag-plot.ts'
import { describeMachine, watchLoad } from './lib/machine.ts'
import { formatTable, keepTable } from './lib/report.ts'
import { runProgram } from './lib/run-program.ts'

const USAGE = `npm run bench:follow -- [--rows N] [--once] [--seconds S] [--large N] [--parts a,b]

  --rows N     changes of each backlog and each live run (1000000)
  --rounds N   how often a backlog is drained (3)
  --once       one round
  --seconds S  how long it is 1 000 changes a second (60)
  --large N    rows of the one large transaction (5 x rows)
  --parts ...  backlog, live, paced, large; all of them unless told`

const SOURCE = 'crm'
const FEED = 'holdfast_crm'
const ROWS_FULL = 1_000_000
const CHANGES_PER_SECOND = 1000
const BURST_CHANGES = 200_000

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: String(ROWS_FULL) },
    rounds: { type: 'string', default: '3' },
    once: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    large: { type: 'string' },
    parts: { type: 'string', default: 'backlog,live,paced,large' },
    help: { type: 'boolean', default: false },
  },
})
const rows = CHANGES_EACH * Math.ceil(Number(values.rows) / CHANGES_EACH)
const isFull = rows >= ROWS_FULL
const rounds = values.once ? 1 : Number(values.rounds)
const seconds = Number(values.seconds ?? (isFull ? 60 : 5))
const largeRows = Number(values.large ?? 5 * rows)
const parts = new Set(values.parts.split(','))
const target = (wanted: number) => (isFull ? wanted : undefined)

if (values.help) console.log(USAGE)
else await main()

async function main(): Promise<void> {
  const watch = watchLoad()
  using folder = makeBenchFolder()
  const major = Math.max(...findPostgresBinaries().keys())
  const waits = { synchronous_commit: 'on', autovacuum: 'off' }
  const config = { max_wal_size: '16GB', shared_buffers: '512MB', checkpoint_timeout: '1h' }
  await using server = await startPostgres({ major, config: { ...config, ...waits } })
  const client = new pg.Client({ connectionString: server.url })
  // When the bench fails, its reason is news, not that the server then stops.
  client.on('error', () => {})
  await client.connect()
  await createTables(client)
  const vault = await createVault(join(folder.path, 'followed'), {
    sources: { [SOURCE]: server.url },
    isFollowed: true,
  })
  console.error('The first scan')
  await vault.run(['follow', SOURCE, '--for', '1s'])
  const bench = { client, url: server.url, folder: folder.path, vault }
  const figures: Figure[] = []
  if (parts.has('backlog')) figures.push(...(await measureBacklog(bench)))
  if (parts.has('live')) figures.push(...(await measureLive(bench)))
  const paced = parts.has('paced') ? await measurePaced(bench) : undefined
  figures.push(...(paced?.figures ?? []))
  if (parts.has('large')) figures.push(...(await measureLarge(bench)))
  await vault.run(['check'])
  await vault.run(['verify', `${SOURCE}@latest`, '--against', SOURCE])
  await client.end()
  const load = watch.stop()
  console.log(`\n${formatTable(figures)}\nload before ${load.before}, most ${load.most}`)
  if (!isFull) return
  const about = `\`npm run bench:follow\`: PostgreSQL ${major}, ${rows} changes a backlog, ${CHANGES_EACH} a transaction, ${seconds} s at ${CHANGES_PER_SECOND} changes/s.`
  const date = new Date().toISOString()
  const table = { name: 'follow', about, date, machine: describeMachine(), load, figures }
  console.log(`\n${keepTable({ ...table, ...(paced && { plot: paced.plot }) })}`)
}

type Bench = {
  readonly client: pg.Client
  readonly url: string
  readonly folder: string
  readonly vault: Awaited<ReturnType<typeof createVault>>
}

/** What was committed while nobody followed: the whole process against the peer's. */
async function measureBacklog(bench: Bench): Promise<Figure[]> {
  const { client, vault } = bench
  const times: Pair[] = []
  const bytes: Pair[] = []
  const walls: number[] = []
  for (let round = 1; round <= rounds; round++) {
    console.error(`Writing a backlog of ${rows} changes`)
    await work(client, rows)
    const peer = await (await openPeer(bench, `round_${round}`))?.drain()
    const before = vault.measureBytes()
    const follower = startFollower(vault, SOURCE)
    const wallS = ((await follower.untilChanges(rows)) - follower.startedMs) / 1000
    const { peakBytes } = await follower.stop()
    const stored = (vault.measureBytes() - before) / rows
    walls.push(wallS)
    say(`round ${round}: ${perSecond(rows, wallS)} changes/s, ${stored.toFixed(1)} bytes each`, {
      follower,
      peakBytes,
    })
    if (peer === undefined) continue
    say(`round ${round}: pg_recvlogical ${perSecond(rows, peer.wallS)} changes/s`)
    times.push({ ours: wallS, peer: peer.wallS })
    bytes.push({ ours: stored, peer: peer.compressedBytes / rows })
  }
  const against = 'pg_recvlogical to a file'
  return [
    ...compareFigure({ what: 'a backlog drained', against, unit: 's' }, times, {
      target: target(2),
      note: 'from the start of the process to the last change durable',
    }),
    ...plainFigure(
      { what: '15 000 changes of a backlog', unit: 's' },
      walls.map((wallS) => (wallS * 15_000) / rows),
      { target: target(1) },
    ),
    ...compareFigure(
      { what: 'stored per change, backlog', against: 'its file, zstd -3', unit: 'bytes' },
      bytes,
      { target: target(1.3), note: 'growth of the whole vault: entries, keyrings, tables and all' },
    ),
  ]
}

/** The server works as fast as it can meanwhile, on the same cores. */
async function measureLive({ client, vault }: Bench): Promise<Figure[]> {
  const follower = startFollower(vault, SOURCE)
  await work(client, CHANGES_EACH)
  await follower.untilChanges(CHANGES_EACH)
  console.error(`Writing ${rows} changes while they are followed`)
  const startedMs = performance.now()
  await work(client, rows)
  const writtenS = (performance.now() - startedMs) / 1000
  const wallS = ((await follower.untilChanges(rows + CHANGES_EACH)) - startedMs) / 1000
  const { peakBytes } = await follower.stop()
  say(`live: ${perSecond(rows, wallS)} changes/s, written at ${perSecond(rows, writtenS)}`, {
    follower,
    peakBytes,
  })
  const what = '15 000 changes while they are made'
  return [
    ...plainFigure({ what, unit: 's' }, [(wallS * 15_000) / rows], {
      target: target(1),
      note: `the server alone made them at ${perSecond(rows, writtenS)}/s meanwhile`,
    }),
    ...plainFigure({ what: 'peak memory, small transactions', unit: 'bytes' }, [peakBytes]),
  ]
}

/** A thousand changes a second, then a burst, then the same again. */
async function measurePaced(bench: Bench) {
  const { client, vault } = bench
  const peer = await openPeer(bench, 'paced')
  const before = measureKinds(vault.path)
  const follower = startFollower(vault, SOURCE)
  await work(client, CHANGES_EACH)
  await follower.untilChanges(CHANGES_EACH)
  console.error(`${seconds} s at ${CHANGES_PER_SECOND} changes/s, a burst, and the same again`)
  const startedMs = performance.now()
  const paced = (forS: number) =>
    workPaced(client, {
      changesPerSecond: CHANGES_PER_SECOND,
      untilMs: performance.now() + 1000 * forS,
    })
  const steady = await paced(seconds)
  await follower.untilChanges(CHANGES_EACH * (1 + steady.length))
  const told = CHANGES_EACH * (1 + steady.length)
  const grown = [...measureKinds(vault.path)].map(([kind, bytes]) => {
    return { kind, perChange: (bytes - (before.get(kind) ?? 0)) / told }
  })
  const stored = grown.reduce((sum, { perChange }) => sum + perChange, 0)
  const drained = await peer?.drain()
  const own = await readOwnLags(bench, steady.length)
  const burstMs = performance.now()
  const burst = Math.min(BURST_CHANGES, rows)
  await work(client, burst)
  const burstDoneMs = performance.now()
  const after = await paced(seconds / 3)
  const total = steady.length + burst / CHANGES_EACH + after.length
  await follower.untilChanges(CHANGES_EACH * (1 + total))
  const { peakBytes } = await follower.stop()
  const spread = Array.from({ length: burst / CHANGES_EACH }, (_, i) => {
    return burstMs + ((burstDoneMs - burstMs) * (i + 1) * CHANGES_EACH) / burst
  })
  const heard = follower.commits.flatMap(({ heardMs, transactions }) =>
    Array.from({ length: transactions }, () => heardMs),
  )
  // The one that told us that it follows.
  const durable = heard.slice(1)
  const lags = [...steady, ...spread, ...after].map((committedMs, i): Lag => {
    const atS = (committedMs - startedMs) / 1000
    return { atS, lagS: ((durable[i] ?? Number.NaN) - committedMs) / 1000 }
  })
  const seen = lags.slice(0, steady.length).map(({ lagS }) => lagS)
  const rate = perSecond(CHANGES_EACH * steady.length, seconds)
  say(`paced: ${rate} changes/s, ${stored.toFixed(1)} bytes each (${formatKinds(grown)})`, {
    follower,
    peakBytes,
  })
  const burstS = (burstMs - startedMs) / 1000
  const afterS = (burstDoneMs - startedMs) / 1000
  const phases = [
    { name: `${CHANGES_PER_SECOND} changes/s`, fromS: 0 },
    { name: `${burst} changes at once`, fromS: burstS },
    { name: `${CHANGES_PER_SECOND} changes/s`, fromS: afterS },
  ]
  const title = 'From commit at the source to durable in the vault'
  const bytes = drained && [{ ours: stored, peer: drained.compressedBytes / told }]
  return {
    plot: { svg: formatLagPlot({ title, lags, phases }), caption: title },
    figures: [
      ...lagFigures('by the writer', seen),
      ...lagFigures('by the vault', own),
      ...compareFigure(
        { what: 'stored per change, paced', against: 'its file, zstd -3', unit: 'bytes' },
        bytes ?? [],
        { target: target(1.3), note: `an entry a second; bytes a change: ${formatKinds(grown)}` },
      ),
    ],
  }
}

function formatKinds(
  grown: readonly { readonly kind: string; readonly perChange: number }[],
): string {
  const told = grown.filter(({ perChange }) => perChange > 0)
  return told.map(({ kind, perChange }) => `${kind} ${perChange.toFixed(1)}`).join(', ')
}

function lagFigures(how: string, lags: readonly number[]): Figure[] {
  const sorted = lags.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
  return [
    ...plainFigure({ what: `lag p50, ${how}`, unit: 's' }, [at(0.5)], { target: target(1) }),
    ...plainFigure({ what: `lag p99, ${how}`, unit: 's' }, [at(0.99)], { target: target(3) }),
  ]
}

/** Seconds from each transaction's commit until its entry was written, as the vault tells them. */
async function readOwnLags({ vault }: Bench, count: number): Promise<readonly number[]> {
  const argv = ['points', SOURCE, '--transactions', '--limit', String(count), '--json']
  const { output } = await vault.run(argv, { isOutputKept: true })
  const told: { time: string; cut: { time: string } }[] = JSON.parse(output)
  demand(told.length === count, `the vault tells ${told.length} of ${count} transactions`)
  return told.map(({ cut, time }) => (Date.parse(time) - Date.parse(cut.time)) / 1000)
}

async function measureLarge({ client, vault }: Bench): Promise<Figure[]> {
  const follower = startFollower(vault, SOURCE)
  await work(client, CHANGES_EACH)
  await follower.untilChanges(CHANGES_EACH)
  console.error(`One transaction of ${largeRows} rows`)
  await insertAtOnce(client, largeRows)
  const startedMs = performance.now()
  const wallS = ((await follower.untilChanges(largeRows + CHANGES_EACH)) - startedMs) / 1000
  const { peakBytes } = await follower.stop()
  say(`large: ${perSecond(largeRows, wallS)} rows/s from its commit on`, { follower, peakBytes })
  return [
    ...plainFigure(
      { what: `peak memory, one transaction of ${largeRows} rows`, unit: 'bytes' },
      [peakBytes],
      { target: largeRows >= 5 * ROWS_FULL ? 400_000_000 : undefined, isMaxJudged: true },
    ),
    ...plainFigure({ what: 'from its commit to durable', unit: 's' }, [wallS]),
  ]
}

type Drained = { readonly wallS: number; readonly compressedBytes: number }

/** From where the feed of the follower stands; `undefined` where the program is not installed. */
async function openPeer({ client, folder, url }: Bench, name: string) {
  const command = findPeer()
  if (command === undefined) return undefined
  const slot = `peer_${name}`
  await client.query(`select pg_copy_logical_replication_slot('${FEED}', '${slot}')`)
  return {
    /** Everything up to now. */
    async drain(): Promise<Drained> {
      const found = await client.query('select pg_current_wal_flush_lsn()::text as until')
      const toFile = join(folder, slot)
      const until = ['--endpos', String(found.rows[0]?.until), '--no-loop', '-f', toFile]
      const plugin = ['-o', 'proto_version=1', '-o', `publication_names=${FEED}`]
      const args = ['-d', url, '--slot', slot, '--start', ...until, ...plugin]
      const { wallS } = await runProgram({ command, args })
      await client.query(`select pg_drop_replication_slot('${slot}')`)
      const params = { [constants.ZSTD_c_compressionLevel]: 3 }
      const compressedBytes = zstdCompressSync(readFileSync(toFile), { params }).length
      rmSync(toFile)
      return { wallS, compressedBytes }
    },
  }
}

function findPeer(): string | undefined {
  const folders = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : []
  const found = folders.map((version) => `/usr/lib/postgresql/${version}/bin/pg_recvlogical`)
  return found.find((file) => existsSync(file))
}

function perSecond(changes: number, inS: number): number {
  return Math.round(changes / inS)
}

function say(text: string, of?: { readonly follower: Follower; readonly peakBytes: number }): void {
  const entries = of === undefined ? '' : `, ${of.follower.commits.length} entries`
  const memory = of === undefined ? '' : `, ${Math.round(of.peakBytes / 1e6)} MB`
  console.error(`${text}${entries}${memory}`)
}
