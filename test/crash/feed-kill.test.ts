import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { feedHarness } from '#connector/postgres/testing/feed-system'
import {
  type FeedSystem,
  loadTables,
  readAll,
  startFollowing,
  startLoad,
} from '#connector/testing/feed-following'
import { Secret } from '#stdx/secret'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { startPostgres } from '#test/servers/start-postgres'
import { aChance } from './testing/chance.ts'

const KILLS = Number(process.env['HOLDFAST_TEST_KILLS'] ?? 30)
const SERVER_EVERY = 5
const CONSUMER = fileURLToPath(new URL('./testing/follow-into-sqlite.ts', import.meta.url))

describePostgres('kills of a follower and of its source', (major) => {
  test.runIf(major === newestMajor())('lose no transaction and apply none twice', async () => {
    const chance = aChance('kills of a follower')
    await using server = await startPostgres({ major, config: { synchronous_commit: 'on' } })
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-follow-'))
    const file = join(folder, 'copy.db')
    const system = systemOf(server.url)
    const harness = feedHarness(major)
    await runOnce(server.url, loadTables(harness))
    const stampsAtCut = await begin(file, system, harness)
    await using load = startLoad(harness, server.url, {
      seed: chance.seed % 1000,
      writers: 3,
      transactions: 1000 * KILLS,
    })
    const counts = { consumer: 0, server: 0 }
    let consumer = follow(server.url, file)
    for (let kill = 1; kill <= KILLS; kill++) {
      await sleep(100 + chance.next() * 1500)
      if (kill % SERVER_EVERY === 0) {
        await server.crash()
        counts.server += 1
        continue
      }
      expect(consumer.exitCode, 'a follower ends only when it is killed').toBeNull()
      const gone = once(consumer, 'exit')
      consumer.kill('SIGKILL')
      await gone
      counts.consumer += 1
      consumer = follow(server.url, file)
    }
    load.stop()
    await load.done
    await runOnce(server.url, "insert into ledger values ('end', 0)")
    const [code] = await once(consumer, 'exit')
    expect(code).toBe(0)
    using db = new DatabaseSync(file)
    const copy = db.prepare('SELECT entity, "row" FROM mirror ORDER BY entity, "row"').all()
    const live = Object.entries((await readAll(harness, system)).sorted())
    const wanted = live.flatMap(([entity, rows]) => rows.map((row) => ({ entity, row })))
    const byRow = (a: { entity: unknown; row: unknown }) => `${a.entity} ${a.row}`
    expect(copy.map((row) => byRow({ entity: row['entity'], row: row['row'] })).sort()).toEqual(
      wanted.map(byRow).sort(),
    )
    const told = db.prepare("SELECT * FROM told WHERE stamp <> 'end' ORDER BY stamp").all()
    const account = load.readAccount().filter(({ stamp }) => !stampsAtCut.has(stamp))
    expect(told.map((row) => ({ ...row }))).toEqual(
      account.toSorted((a, b) => (a.stamp < b.stamp ? -1 : 1)),
    )
    console.info(
      `${counts.consumer} kills of the follower, ${counts.server} of the server: ` +
        `${told.length} transactions, 0 differences`,
    )
    rmSync(folder, { recursive: true, force: true })
  })
})

function systemOf(url: string): FeedSystem {
  const nothing = async () => {}
  return {
    url,
    address: new Secret(url),
    feedName: 'killed',
    exec: nothing,
    [Symbol.asyncDispose]: nothing,
  }
}

/** Writes the cut and its position into the file. */
async function begin(
  file: string,
  system: FeedSystem,
  harness: ReturnType<typeof feedHarness>,
): Promise<ReadonlySet<string>> {
  await using following = await startFollowing(harness, system)
  using db = new DatabaseSync(file)
  db.exec(`PRAGMA journal_mode = wal; PRAGMA synchronous = normal;
    CREATE TABLE mirror (entity TEXT, "key" TEXT, "row" TEXT, PRIMARY KEY (entity, "key"));
    CREATE TABLE told (stamp TEXT PRIMARY KEY, inserts INTEGER, updates INTEGER,
      deletes INTEGER, amount TEXT);
    CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT)`)
  const { identity, position } = following
  for (const [name, value] of Object.entries({ ...identity, position })) {
    db.prepare('INSERT INTO state VALUES (?, ?)').run(name, value)
  }
  const insert = db.prepare('INSERT INTO mirror VALUES (?, ?, ?)')
  for (const [entity, rows] of following.store.rows) {
    for (const [key, row] of rows) insert.run(entity, key, row)
  }
  return following.stampsAtCut
}

function follow(url: string, file: string): ChildProcess {
  return spawn(process.execPath, [CONSUMER, url, 'killed', file], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

async function runOnce(url: string, sql: string): Promise<void> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql)
  await client.end()
}
