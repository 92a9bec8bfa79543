/**
 * The question: what does it cost to read the change feed of PostgreSQL, as canonical text of rows?
 *
 * The baseline: `pg_recvlogical` of the same changes (pgoutput, protocol 1) into a file, in the same
 * run, taking turns. It decodes nothing.
 *
 * Worse would be: a ratio above 2, fewer than 15 000 row changes a second, or more than 400 MB of
 * memory for one transaction of all rows. Seconds depend on the machine and are no claim.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { postgresConnector } from '#connector/postgres/postgres-connector'
import { systemClock } from '#stdx/clock'
import { Secret } from '#stdx/secret'
import { findPostgresBinaries } from '#test/servers/find-binaries'
import { startPostgres } from '#test/servers/start-postgres'
import { compareFigure, type Figure, type Pair, plainFigure } from './lib/figure.ts'
import { makeBenchFolder } from './lib/folders.ts'
import { watchLoad } from './lib/machine.ts'
import { formatTable } from './lib/report.ts'
import { type Run, runProgram } from './lib/run-program.ts'

const READER = fileURLToPath(new URL('./feed/read-feed.ts', import.meta.url))
const RATIO_MAX = 2
const CHANGES_MIN = 15_000
const MEMORY_MAX = 400_000_000
const ROWS_FULL = 1_000_000
const FEED = 'bench_feed'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: String(ROWS_FULL) },
    rounds: { type: 'string', default: '3' },
    once: { type: 'boolean', default: false },
    parts: { type: 'string', default: 'small,large' },
  },
})
const rows = Number(values.rows)
const rounds = values.once ? 1 : Number(values.rounds)

type Stretch = {
  readonly after: string
  readonly system: string
  readonly database: string
  readonly until: string
}
type Read = Run & { readonly changes: number; readonly transactions: number }

const watch = watchLoad()
using folder = makeBenchFolder()
const major = Math.max(...findPostgresBinaries().keys())
await using server = await startPostgres({
  major,
  config: { max_wal_size: '16GB', shared_buffers: '512MB' },
})
const client = new pg.Client({ connectionString: server.url })
// When the bench fails, its reason is news, not that the server then stops.
client.on('error', () => {})
await client.connect()
const figures: Figure[] = []
for (const kind of ['small', 'large'] as const) {
  if (values.parts.split(',').includes(kind)) figures.push(...(await measure(kind)))
}
await client.end()
console.log(`\n${formatTable(figures)}`)
const { before, most } = watch.stop()
console.log(`load before ${before}, most ${most}; PostgreSQL ${major}`)

/** Transactions of four changes each, as of pgbench, or a single one. */
async function measure(kind: 'small' | 'large'): Promise<Figure[]> {
  const stretch = await write(kind)
  const pairs: Pair[] = []
  const rates: number[] = []
  const peakBytes: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const peer = await readWithPeer(stretch, round)
    const ours = await readFeed(stretch)
    if (ours.changes < rows) throw new Error(`The feed told ${ours.changes} of ${rows} changes`)
    pairs.push(...(peer === undefined ? [] : [{ ours: ours.wallS, peer }]))
    rates.push(ours.changes / ours.wallS)
    peakBytes.push(ours.peakBytes)
    const said = [ours.wallS, peer].map((seconds) => seconds?.toFixed(2))
    console.error(
      `round ${round}, ${kind}: feed ${said[0]} s, pg_recvlogical ${said[1]} s, ` +
        `${Math.round(ours.changes / ours.wallS)} changes/s, ${Math.round(ours.peakBytes / 1e6)} MB`,
    )
  }
  await client.query(`select pg_drop_replication_slot('${FEED}')`)
  await client.query(`drop publication ${FEED}; drop table account, history`)
  const isFull = rows >= ROWS_FULL
  const what =
    kind === 'small' ? 'reading the feed, four changes each' : 'reading the feed, one transaction'
  const worst = Math.min(...rates)
  if (isFull && worst < CHANGES_MIN) console.error(`!!! ${worst} changes/s, wanted ${CHANGES_MIN}`)
  return [
    ...compareFigure({ what, against: 'pg_recvlogical to a file', unit: 's' }, pairs, {
      target: isFull ? RATIO_MAX : undefined,
    }),
    ...plainFigure({ what: `${what}, peak memory`, unit: 'bytes' }, peakBytes, {
      target: isFull ? MEMORY_MAX : undefined,
      isMaxJudged: true,
    }),
  ]
}

async function write(kind: 'small' | 'large'): Promise<Stretch> {
  await client.query(`create table account (id int primary key, branch int, balance bigint, filler text);
    create table history (id bigint primary key, account int, delta int, at timestamptz, filler text);
    insert into account select i, i % 50, 0, repeat('x', 80) from generate_series(1, 100000) i`)
  const options = { address: new Secret(server.url), connectionsMax: 2, bytesPerSecondMax: 0 }
  const { signal } = new AbortController()
  await using source = await postgresConnector.openSource({
    ...options,
    clock: systemClock,
    signal,
  })
  const scope = { name: FEED, isCovered: () => true, mayReplace: false }
  await using cut = await source.feed?.start(scope, signal)
  if (cut === undefined) throw new Error('PostgreSQL has a feed.')
  console.error(`Writing ${rows} changes, ${kind}`)
  if (kind === 'large') {
    await client.query(`insert into history select i, i % 100000, i % 5000, '2026-06-30 12:00:00+00',
      repeat('some text ', 8) from generate_series(1, ${rows}) i`)
  } else {
    await client.query(`do $$ begin for i in 1..${Math.ceil(rows / 4)} loop
      update account set balance = balance + i where id = 1 + i::int8 * 7919 % 100000;
      update account set balance = balance - i where id = 1 + i::int8 * 104729 % 100000;
      insert into history values (2 * i, i % 100000, i % 5000, clock_timestamp(), repeat('some text ', 8));
      insert into history values (2 * i + 1, i % 100000, i % 5000, clock_timestamp(), repeat('some text ', 8));
      commit; end loop; end $$`)
  }
  await client.query('checkpoint')
  const found = await client.query('select pg_current_wal_flush_lsn()::text as until')
  const { position, identity } = cut.cut
  return { after: position, ...identity, until: String(found.rows[0]?.until) }
}

async function readFeed({ after, database, system, until }: Stretch): Promise<Read> {
  const args = [READER, server.url, FEED, after, system, database, until]
  const run = await runProgram({ command: process.execPath, args, isOutputKept: true })
  const { changes, transactions }: { changes: number; transactions: number } = JSON.parse(
    run.output,
  )
  return { ...run, changes, transactions }
}

/** Seconds; `undefined` where the program is not installed. */
async function readWithPeer({ until }: Stretch, round: number): Promise<number | undefined> {
  const command = findPeer()
  if (command === undefined) return undefined
  const slot = `peer_${round}`
  await client.query(`select pg_copy_logical_replication_slot('${FEED}', '${slot}')`)
  const toFile = join(folder.path, 'peer')
  const args = ['-d', server.url, '--slot', slot, '--start', '--endpos', until, '-f', toFile]
  const plugin = ['-o', 'proto_version=1', '-o', `publication_names=${FEED}`, '--no-loop']
  const { wallS } = await runProgram({ command, args: [...args, ...plugin] })
  if (statSync(toFile).size < rows * 20) throw new Error('pg_recvlogical wrote too little')
  await client.query(`select pg_drop_replication_slot('${slot}')`)
  return wallS
}

function findPeer(): string | undefined {
  const folders = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : []
  const found = folders.map((version) => `/usr/lib/postgresql/${version}/bin/pg_recvlogical`)
  return found.find((file) => existsSync(file))
}
