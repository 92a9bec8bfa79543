import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import type { Cut } from '#record/cut'
import type { DescribedEntity } from '#record/schema'
import { assert } from '#stdx/assert'
import { Secret } from '#stdx/secret'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { giveTo } from '#test/servers/server-user'
import { type PostgresServer, startPostgres } from '#test/servers/start-postgres'
import type { Source } from '../../connector.ts'
import type { Feed, FeedMessage, SourceFeed } from '../../feed.ts'
import { optionsFor } from '../../testing/contract-system.ts'
import { beginFeed, feedOf } from '../../testing/feed-following.ts'
import { postgresConnector } from '../postgres-connector.ts'

const never = new AbortController().signal
const scope = { name: 'broken', isCovered: () => true }
const SETUP = 'create table t (id int primary key, v text)'
const FILL = "insert into t select n, repeat('x', 1000) from generate_series"

describePostgres('a feed that breaks', (major) => {
  if (major !== newestMajor()) return

  test('by a lost connection goes on behind what was kept, and tells the rest whole', async () => {
    await using server = await startPostgres({ major })
    await run(server.url, SETUP)
    await using proxy = await startProxy(server.port)
    await using source = await open(proxied(server.url, proxy.port))
    const begun = await beginFeed(feedOf(source), scope)
    await run(server.url, "insert into t values (0, 'first')")
    await run(server.url, `${FILL}(1, 50000) n`)
    let kept: string | undefined
    const reading = readAll(feedOf(source), begun, (message) => {
      if (message.kind === 'commit') kept = message.position
      if (message.kind === 'changes' && kept !== undefined) proxy.cut()
    })
    await expect(reading).rejects.toMatchObject({ code: 'connector.feed-broken' })
    const rows = await countRows(feedOf(source), begun, kept)
    expect(rows).toBe(50_000)
  })

  test('by a server that shuts down does not keep it waiting', async () => {
    await using server = await startPostgres({ major })
    await run(server.url, SETUP)
    await using source = await open(server.url)
    const begun = await beginFeed(feedOf(source), scope)
    const first = Promise.withResolvers<void>()
    // The catalogue is asked for right then, and for the next minute no more.
    const reading = readAll(feedOf(source), begun, ({ kind }) => {
      if (kind === 'catalogue') first.resolve()
    })
    const broken = expect(reading).rejects.toMatchObject({ code: 'connector.feed-broken' })
    await first.promise
    // Log behind what was acknowledged, that is nobody's: the server wants to hear that it was taken.
    await run(server.url, "select pg_logical_emit_message(false, 'nobody', 'listens')")
    const startedMs = performance.now()
    await server.stop()
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    await broken
  })

  test('by pg_terminate_backend of either connection goes on', async () => {
    await using server = await startPostgres({ major })
    await run(server.url, SETUP)
    await using source = await open(server.url)
    const begun = await beginFeed(feedOf(source), scope)
    // The one that is asked for the catalogue is needed again for a table that is new to the feed.
    for (const of of ["backend_type = 'walsender'", "backend_type = 'client backend'"]) {
      const reading = readAll(feedOf(source), begun, async (message) => {
        if (message.kind !== 'catalogue') return
        const sql = `select pg_terminate_backend(pid) from pg_stat_activity
          where ${of} and pid <> pg_backend_pid()`
        await run(server.url, sql)
        await run(
          server.url,
          "alter table t add column if not exists w int; insert into t values (1, 'x') on conflict (id) do update set v = 'y'",
        )
      })
      await expect(reading).rejects.toMatchObject({ code: 'connector.feed-broken' })
    }
    expect(await countRows(feedOf(source), begun)).toBe(1)
  })

  test('by a server that crashes and comes back goes on', async () => {
    await using server = await startPostgres({ major, config: { synchronous_commit: 'on' } })
    await run(server.url, SETUP)
    await using source = await open(server.url)
    const begun = await beginFeed(feedOf(source), scope)
    await run(server.url, "insert into t values (1, 'a')")
    const kept: string[] = []
    const reading = readAll(feedOf(source), begun, async (message) => {
      if (message.kind !== 'commit') return
      kept.push(message.position)
      await server.crash()
    })
    // Whichever connection notices first; either is a reason to open again.
    const code = expect.stringMatching(/^connector\.(feed-broken|unreachable)$/)
    await expect(reading).rejects.toMatchObject({ code })
    await run(server.url, "insert into t values (2, 'b')")
    expect(await countRows(feedOf(source), begun, kept[0])).toBe(1)
  })

  test('by a slot that is dropped below it says so when it is opened again', async () => {
    await using server = await startPostgres({ major })
    await run(server.url, SETUP)
    await using source = await open(server.url)
    const begun = await beginFeed(feedOf(source), scope)
    const reading = readAll(feedOf(source), begun, async (message) => {
      if (message.kind !== 'catalogue') return
      await run(server.url, 'select pg_terminate_backend(active_pid) from pg_replication_slots')
      await dropSlot(server.url)
    })
    await expect(reading).rejects.toMatchObject({ code: 'connector.feed-broken' })
    await expect(openBehind(feedOf(source), begun)).rejects.toMatchObject({
      code: 'connector.feed-missing',
    })
  })

  test('by a slot that the server gives up while nobody takes what it tells says so', async () => {
    const config = { max_slot_wal_keep_size: '2MB', min_wal_size: '32MB', max_wal_size: '32MB' }
    await using server = await startPostgres({ major, config })
    await run(server.url, SETUP)
    await using source = await open(server.url)
    const begun = await beginFeed(feedOf(source), scope)
    const feed = feedOf(source)
    {
      await using opened = await openBehind(feed, begun)
      for (let i = 0; i < 40; i++) {
        await run(server.url, `${FILL}(${3000 * i}, ${3000 * i + 2999}) n`)
        await run(server.url, 'select pg_switch_wal()')
        await run(server.url, 'checkpoint')
        if ((await feed.readHealth(scope.name, never)).state === 'given-up') break
        await sleep(50)
      }
      expect(await feed.readHealth(scope.name, never)).toMatchObject({ state: 'given-up' })
      const reading = (async () => {
        for await (const _ of opened.read(never));
      })()
      await expect(reading).rejects.toMatchObject({
        code: expect.stringMatching(/^connector\.feed-(broken|invalidated)$/),
      })
    }
    await expect(openBehind(feed, begun)).rejects.toMatchObject({
      code: 'connector.feed-invalidated',
    })
  })

  test('by a data folder that was put back says that the source stands before what was read', async () => {
    await using server = await startPostgres({ major, config: { synchronous_commit: 'on' } })
    await run(server.url, SETUP)
    await using source = await open(server.url)
    const begun = await beginFeed(feedOf(source), scope)
    const copy = `${server.dataDir}-copy`
    await server.crash(() => execFileSync('cp', ['-a', server.dataDir, copy]))
    await run(server.url, `${FILL}(1, 2000) n`)
    const kept: string[] = []
    await using again = await open(server.url)
    {
      await using opened = await openBehind(feedOf(again), begun)
      for await (const message of opened.read(never)) {
        if (message.kind !== 'commit') continue
        kept.push(message.position)
        break
      }
    }
    await server.crash(() => {
      rmSync(server.dataDir, { recursive: true })
      execFileSync('mv', [copy, server.dataDir])
    })
    await using back = await open(server.url)
    await expect(openBehind(feedOf(back), begun, kept[0])).rejects.toMatchObject({
      code: 'connector.feed-rewound',
    })
    // What was not read past is still told.
    await run(server.url, "insert into t values (1, 'other')")
    expect(await countRows(feedOf(back), begun)).toBe(1)
  })

  test('by a standby that takes over without the slot, or without what was read, says which', async () => {
    await using primary = await startPostgres({ major, config: { synchronous_commit: 'on' } })
    await run(primary.url, SETUP)
    await using source = await open(primary.url)
    const begun = await beginFeed(feedOf(source), scope)
    await using standby = await startStandby(primary)
    const url = new URL(primary.url)
    url.port = String(standby.port)
    await using taken = await open(url.href)
    // A standby is not followed: it may be behind, and its slots are its own.
    expect(await feedOf(taken).check(scope, never)).toMatchObject({ isReady: false })
    await expect(openBehind(feedOf(taken), begun)).rejects.toMatchObject({
      code: 'connector.feed-not-ready',
    })
    await expect(feedOf(taken).openCut(scope.name, never)).rejects.toMatchObject({
      code: 'connector.feed-not-ready',
    })
    await run(url.href, 'select pg_promote()')
    const ahead = await readOne(feedOf(source), begun, async () => {
      await run(primary.url, "insert into t values (1, 'only here')")
    })
    await expect(openBehind(feedOf(taken), begun)).rejects.toMatchObject({
      code: 'connector.feed-missing',
    })
    await expect(openBehind(feedOf(taken), begun, ahead)).rejects.toMatchObject({
      code: 'connector.feed-diverged',
    })
    await using cut = await feedOf(taken).start({ ...scope, mayReplace: false }, never)
    expect(cut.cut.position).toMatch(/@2$/)
  })
})

type Begun = { readonly after: Cut; readonly entities: readonly DescribedEntity[] }

function open(url: string): Promise<Source> {
  return postgresConnector.openSource(optionsFor(new Secret(url)))
}

function openBehind(
  feed: SourceFeed,
  { after, entities }: Begun,
  position = after.position,
): Promise<Feed> {
  return feed.open({ ...scope, after: { ...after, position }, entities }, never)
}

async function readAll(
  feed: SourceFeed,
  begun: Begun,
  see: (message: FeedMessage) => Promise<void> | void,
): Promise<void> {
  await using opened = await openBehind(feed, begun)
  for await (const message of opened.read(never)) await see(message)
}

/** Rows of the next transaction behind `position`. */
async function countRows(feed: SourceFeed, begun: Begun, position?: string): Promise<number> {
  await using opened = await openBehind(feed, begun, position)
  let rows = 0
  for await (const message of opened.read(never)) {
    if (message.kind === 'changes') rows += message.ops.length
    if (message.kind === 'commit') break
  }
  return rows
}

/** Where the transaction that `write` commits was told. */
async function readOne(
  feed: SourceFeed,
  begun: Begun,
  write: () => Promise<void>,
): Promise<string> {
  await using opened = await openBehind(feed, begun)
  await write()
  for await (const message of opened.read(never)) {
    if (message.kind === 'commit') return message.position
  }
  throw new Error('A feed does not end.')
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  await client.query(sql)
  await client.end()
}

/** Its reader needs a moment to go. */
async function dropSlot(url: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(url, `select pg_drop_replication_slot('${scope.name}')`)
    } catch (error) {
      if (attempt >= 50) throw error
      await sleep(100)
    }
  }
}

/** A standby of the server, made of a copy of its data. */
function startStandby(primary: PostgresServer): Promise<PostgresServer> {
  const url = new URL(primary.url)
  return startPostgres({
    major: primary.major,
    config: {
      primary_conninfo: `host=127.0.0.1 port=${url.port} user=postgres password=${url.password}`,
    },
    async prepare(dataDir, user) {
      const client = new pg.Client({ connectionString: primary.url })
      await client.connect()
      await client.query("select pg_backup_start('standby', true)")
      rmSync(dataDir, { recursive: true })
      execFileSync('cp', ['-a', primary.dataDir, dataDir])
      const [stopped] = (await client.query('select labelfile from pg_backup_stop(false)')).rows
      assert(stopped !== undefined, 'A backup that is stopped has a label.')
      await client.end()
      rmSync(join(dataDir, 'postmaster.pid'))
      rmSync(join(dataDir, 'pg_replslot', scope.name), { recursive: true })
      for (const [name, text] of [
        ['backup_label', String(stopped.labelfile)],
        ['standby.signal', ''],
      ] as const) {
        writeFileSync(join(dataDir, name), text)
        giveTo(user, join(dataDir, name))
      }
    },
  })
}

type Proxy = AsyncDisposable & {
  readonly port: number
  /** Ends every connection without a word. */
  cut(): void
}

async function startProxy(port: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const proxy = createServer((near) => {
    const far = connectSocket(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => to.destroy())
      from.pipe(to)
    }
  })
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  assert(address !== null && typeof address === 'object', 'A proxy has a port.')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port: address.port,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => void proxy.close(resolve))
    },
  }
}

function proxied(url: string, port: number): string {
  const changed = new URL(url)
  changed.port = String(port)
  return changed.href
}
