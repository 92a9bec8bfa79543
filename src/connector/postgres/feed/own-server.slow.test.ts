import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { Secret } from '#stdx/secret'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { startPostgres } from '#test/servers/start-postgres'
import type { Source } from '../../connector.ts'
import { optionsFor } from '../../testing/contract-system.ts'
import { beginFeed, feedOf } from '../../testing/feed-following.ts'
import { parseAddress } from '../address.ts'
import { connectToLog } from '../connect.ts'
import { postgresConnector } from '../postgres-connector.ts'
import { freshFeedSystem } from '../testing/feed-system.ts'

const never = new AbortController().signal

function open(url: string): Promise<Source> {
  return postgresConnector.openSource(optionsFor(new Secret(url)))
}

function openLogReader(url: string): Promise<AsyncDisposable> {
  return connectToLog(parseAddress(url), never)
}

const everything = (name: string) => ({ name, isCovered: () => true })

describePostgres('source feed on a server of its own', (major) => {
  if (major !== newestMajor()) return

  test('start() waits a bounded time for open transactions, and leaves nothing behind', async () => {
    await using system = await freshFeedSystem(major)
    await system.exec('create table t (id int primary key)')
    await using source = await open(system.url)
    await using other = await freshDatabase(major)
    await other.query('begin; create table x (i int)')
    const starting = feedOf(source).start(
      { ...everything(system.feedName), mayReplace: false },
      never,
    )
    await expect(starting).rejects.toMatchObject({ code: 'connector.feed-waiting' })
    expect(
      await system.query('select 1 from pg_replication_slots where database = current_database()'),
    ).toEqual([])
    await other.query('rollback')
  })

  test('a cut beside the feed leaves the feed alone, and says what keeps it from being opened', async () => {
    const config = { max_replication_slots: '2', max_wal_senders: '2' }
    await using server = await startPostgres({ major, config })
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => {})
    await client.connect()
    await client.query('create table t (id int primary key)')
    await using source = await open(server.url)
    const feed = feedOf(source)
    const scope = everything('beside')
    const { after, entities } = await beginFeed(feed, scope)
    const slots = 'select slot_name, restart_lsn, confirmed_flush_lsn from pg_replication_slots'
    const before = (await client.query(slots)).rows
    {
      await using cut = await feed.openCut('beside', never)
      expect(feed.isUpTo(after.position, cut.cut.position)).toBe(true)
      expect(feed.isUpTo(cut.cut.position, after.position)).toBe(false)
      // Nothing is left in the server but the snapshot.
      expect((await client.query(slots)).rows).toEqual(before)
    }
    const advised = async () => {
      const { findings, isReady } = await feed.check(scope, never)
      expect(isReady).toBe(true)
      return findings.filter(({ kind }) => kind === 'advice').map(({ found }) => found)
    }
    expect(await advised()).toEqual([])
    await client.query("select pg_create_physical_replication_slot('other')")
    expect(await advised()).toEqual(['the feed has the last of 2 replication slots'])
    await expect(feed.openCut('beside', never)).rejects.toMatchObject({
      code: 'connector.feed-not-ready',
      message: expect.stringContaining('raise max_replication_slots'),
    })
    await client.query("select pg_drop_replication_slot('other')")
    {
      await using _open = await feed.open({ ...scope, after, entities }, never)
      await using _other = await openLogReader(server.url)
      expect(await advised()).toEqual(['the feed has the last of 2 WAL senders'])
      await expect(feed.openCut('beside', never)).rejects.toMatchObject({
        code: 'connector.feed-not-ready',
        message: expect.stringContaining('raise max_wal_senders'),
      })
    }
    await client.query('begin; create table x (i int)')
    await using another = await open(server.url)
    await expect(feedOf(another).openCut('beside', never)).rejects.toMatchObject({
      code: 'connector.feed-waiting',
    })
    await client.query('rollback')
    expect((await client.query(slots)).rows).toHaveLength(1)
    await client.end()
  })

  test('a feed that the server gave up is a hole, and its health said so before', async () => {
    const config = { max_slot_wal_keep_size: '2MB', min_wal_size: '32MB', max_wal_size: '32MB' }
    await using server = await startPostgres({ major, config })
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => {})
    await client.connect()
    await client.query('create table t (id serial primary key, v text)')
    await using source = await open(server.url)
    const feed = feedOf(source)
    const scope = everything('bounded')
    const { after, entities } = await beginFeed(feed, scope)
    expect(await feed.readHealth('bounded', never)).toMatchObject({
      state: 'safe',
      retainedBytesMax: 2 * 1_048_576,
      advice: null,
    })
    for (let i = 0; i < 20; i++) {
      await client.query("insert into t (v) select repeat('x', 1000) from generate_series(1, 3000)")
      await client.query('select pg_switch_wal()')
      await client.query('checkpoint')
      if ((await feed.readHealth('bounded', never)).state === 'given-up') break
      await sleep(50)
    }
    expect(await feed.readHealth('bounded', never)).toMatchObject({ state: 'given-up' })
    await expect(feed.open({ ...scope, after, entities }, never)).rejects.toMatchObject({
      code: 'connector.feed-invalidated',
    })
    await using again = await feed.start({ ...scope, mayReplace: true }, never)
    await using _open = await feed.open({ ...scope, after: again.cut, entities }, never)
    await client.end()
  })

  test('a server that took over on another timeline goes on, unless it lost what was read', async () => {
    await using server = await startPostgres({
      major,
      config: { restore_command: '/bin/false', synchronous_commit: 'on' },
    })
    const run = async (sql: string) => {
      const client = new pg.Client({ connectionString: server.url })
      await client.connect()
      await client.query(sql)
      await client.end()
    }
    await run('create table t (id int primary key)')
    const scope = everything('moved')
    const { after, entities } = await (async () => {
      await using source = await open(server.url)
      return await beginFeed(feedOf(source), scope)
    })()
    await run('insert into t values (1)')
    // At the end of its log such a server begins a timeline of its own.
    writeFileSync(join(server.dataDir, 'recovery.signal'), '')
    await server.crash()
    await run('insert into t values (2)')
    await using source = await open(server.url)
    const feed = feedOf(source)
    const positions: string[] = []
    {
      await using opened = await feed.open({ ...scope, after, entities }, never)
      for await (const message of opened.read(never)) {
        if (message.kind === 'commit') positions.push(message.position)
        if (positions.length === 2) break
      }
    }
    expect(positions).toEqual([expect.stringMatching(/@2$/), expect.stringMatching(/@2$/)])
    const lost = positions[1]?.replace('@2', '@1') ?? ''
    const read = { identity: after.identity, position: lost }
    await expect(feed.open({ ...scope, after: read, entities }, never)).rejects.toMatchObject({
      code: 'connector.feed-diverged',
    })
  })

  test('a transaction of a million rows needs no more memory than one of a thousand', async () => {
    await using system = await freshFeedSystem(major)
    await system.exec('create table t (id int primary key, v text)')
    await using source = await open(system.url)
    const feed = feedOf(source)
    const scope = everything(system.feedName)
    const { after, entities } = await beginFeed(feed, scope)
    await system.exec("insert into t select i, repeat('x', 100) from generate_series(1, 1000000) i")
    await using opened = await feed.open({ ...scope, after, entities }, never)
    let rows = 0
    const before = process.memoryUsage.rss()
    let most = before
    for await (const message of opened.read(never)) {
      if (message.kind === 'commit') break
      if (message.kind === 'changes') rows += message.ops.length
      most = Math.max(most, process.memoryUsage.rss())
    }
    expect(rows).toBe(1_000_000)
    expect(most - before).toBeLessThan(120_000_000)
  })

  test('a server that goes silent is given up, and one that is busy is not', async () => {
    await using server = await startPostgres({ major, config: { wal_sender_timeout: '4s' } })
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => {})
    await client.connect()
    await client.query('create table t (id serial primary key, v text)')
    await using source = await open(server.url)
    const feed = feedOf(source)
    const scope = everything('watched')
    const { after, entities } = await beginFeed(feed, scope)
    await client.query("insert into t (v) select repeat('x', 1000) from generate_series(1, 20000)")
    await using opened = await feed.open({ ...scope, after, entities }, never)
    let rows = 0
    let isStopped = false
    const startedAtMs = performance.now()
    const reading = (async () => {
      for await (const message of opened.read(never)) {
        // A consumer that is busy for longer than the server waits keeps the connection.
        if (message.kind === 'changes' && rows === 0) await sleep(9000)
        if (message.kind === 'changes') rows += message.ops.length
        if (message.kind === 'commit') {
          const [sender] = (await client.query('select pid from pg_stat_replication')).rows
          process.kill(Number(sender.pid), 'SIGSTOP')
          isStopped = true
        }
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'connector.feed-broken' })
    expect([rows, isStopped]).toEqual([20_000, true])
    expect(performance.now() - startedAtMs).toBeLessThan(60_000)
    for (const { pid } of (
      await client.query('select active_pid as pid from pg_replication_slots where active')
    ).rows) {
      process.kill(Number(pid), 'SIGCONT')
    }
    await client.end()
  })
})
