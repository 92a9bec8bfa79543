import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { aFollowing } from '#capture/testing/a-following'
import { feedHarness } from '#connector/postgres/testing/feed-system'
import { assert } from '#stdx/assert'
import { type Clock, systemClock } from '#stdx/clock'
import { Secret } from '#stdx/secret'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { startPostgres } from '#test/servers/start-postgres'
import { expectSame, pointsOf, TABLES, untilSame } from './testing/following-kit.ts'

/** As the system's, but nobody waits for long. */
const hurried: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 50), signal),
}

describePostgres('a source whose log is damaged', (major) => {
  test.runIf(major === newestMajor())('is a gap, and followed anew', async () => {
    await using server = await startPostgres({ major, config: { synchronous_commit: 'on' } })
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => {})
    await client.connect()
    const query = async (sql: string) => (await client.query(sql)).rows
    const system = {
      url: server.url,
      address: new Secret(server.url),
      feedName: 'damaged',
      query,
      exec: async (sql: string) => void (await query(sql)),
      [Symbol.asyncDispose]: async () => await client.end(),
    }
    await using _client = system
    await system.exec(TABLES)
    const life = await aFollowing(feedHarness(major), system)
    const both = { life, system }
    {
      await using follower = life.follow()
      await follower.until('opened')
      await untilSame(both, follower)
    }
    const [at] = await query(`select pg_walfile_name(lsn) as file,
      (pg_walfile_name_offset(lsn)).file_offset as offset from pg_current_wal_insert_lsn() lsn`)
    assert(at !== undefined, 'A server knows where its log ends.')
    await system.exec("insert into note select n, repeat('x', 500) from generate_series(2, 500) n")
    await system.exec('select pg_switch_wal()')
    flipByte(join(server.dataDir, 'pg_wal', String(at['file'])), Number(at['offset']) + 100_000)
    {
      await using follower = life.follow({ deps: { clock: hurried } })
      const gap = await follower.until('gap')
      expect(gap).toMatchObject({ reason: 'connector.feed-undecodable', entities: null })
      expect(gap.found).toMatch(/SQLSTATE XX/)
      await follower.until('opened')
      await untilSame(both, follower)
    }
    await expectSame(both)
    const points = await pointsOf(life)
    expect(points.at(-1)?.unproven).toBeNull()
    expect(life.events.filter(({ kind }) => kind === 'waiting').length).toBeGreaterThanOrEqual(5)
  })
})

function flipByte(file: string, offset: number): void {
  const byte = Buffer.alloc(1)
  const opened = openSync(file, 'r+')
  readSync(opened, byte, 0, 1, offset)
  writeSync(opened, Buffer.of(byte.readUInt8() ^ 0xff), 0, 1, offset)
  closeSync(opened)
}
