import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assert } from '#stdx/assert'
import { Secret } from '#stdx/secret'
import { describeMariadb, type FreshMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { type MariadbServer, startMariadb } from '#test/servers/start-mariadb'
import type { FeedReport, OpenFeedOptions } from '../../feed.ts'
import { optionsFor } from '../../testing/contract-system.ts'
import { beginFeed, feedOf, readTransactions } from '../../testing/feed-following.ts'
import { FeedMirror, MapStore } from '../../testing/feed-mirror.ts'
import { mysqlConnector } from '../mysql-connector.ts'
import { freshFeedSystem } from '../testing/feed-system.ts'

const never = new AbortController().signal
const everything = (name: string) => ({ name, isCovered: () => true })

describeMariadb('source feed', () => {
  test('check() says what the user may not, with the statements that help', async () => {
    await using system = await freshFeedSystem()
    await system.exec('CREATE TABLE t (id INT PRIMARY KEY)')
    const user = `feed_${system.feedName.slice(-12)}`
    const database = new URL(system.url).pathname.slice(1)
    await system.exec(`CREATE USER ${user} IDENTIFIED BY 'follows';
      GRANT SELECT, SHOW VIEW ON ${database}.* TO ${user}`)
    const url = new URL(system.url)
    url.username = user
    url.password = 'follows'
    await using source = await mysqlConnector.openSource(optionsFor(new Secret(url.href)))
    const feed = feedOf(source)
    const report = await feed.check(everything(system.feedName), never)
    expect(foundOf(report, 'blocks')).toEqual([
      `the user '${user}'@'%' has no right REPLICATION SLAVE`,
      `the user '${user}'@'%' has no right BINLOG MONITOR`,
    ])
    const started = feed.start({ ...everything(system.feedName), mayReplace: false }, never)
    await expect(started).rejects.toMatchObject({ code: 'connector.feed-not-ready' })
    for (const { kind, remedy } of report.findings) {
      if (kind === 'blocks') await system.exec(remedy.join(' '))
    }
    expect(await feed.check(everything(system.feedName), never)).toMatchObject({ isReady: true })
    const { after, entities } = await beginFeed(feed, everything(system.feedName))
    await system.exec('INSERT INTO t VALUES (1)')
    await using opened = await feed.open({ ...everything(system.feedName), after, entities }, never)
    const mirror = new FeedMirror(new MapStore(), 'none')
    const [told] = await readTransactions(opened, { mirror }, 1)
    expect(told?.inserts).toBe(1)
    await system.exec(`DROP USER ${user}`)
  })

  test('check() names each table that is left to scans, and why', async () => {
    await using system = await freshFeedSystem()
    await system.exec(`CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE keyless (a INT);
      CREATE TABLE child (id INT PRIMARY KEY, t INT REFERENCES t (id) ON DELETE SET NULL);
      CREATE TABLE versioned (id INT PRIMARY KEY) WITH SYSTEM VERSIONING;
      CREATE TABLE old (id INT PRIMARY KEY) ENGINE=MyISAM`)
    await using source = await mysqlConnector.openSource(optionsFor(system.address))
    const report = await feedOf(source).check(everything(system.feedName), never)
    expect(report.followed).toEqual(['t'])
    expect(report.isReady).toBe(true)
    expect(foundOf(report, 'not-followed')).toEqual([
      expect.stringMatching(/^the foreign key `.*` of `child` is ON DELETE SET NULL/),
      '`keyless` has no key',
      '`old` cannot be read',
      '`versioned` is system-versioned',
    ])
  })

  test('only one reads a feed at a time, and one that has gone makes room', async () => {
    await using system = await freshFeedSystem()
    await using source = await mysqlConnector.openSource(optionsFor(system.address))
    const feed = feedOf(source)
    const scope = everything(system.feedName)
    const { after, entities } = await beginFeed(feed, scope)
    const health = async () => (await feed.readHealth(system.feedName, never)).isOpen
    {
      await using _first = await feed.open({ ...scope, after, entities }, never)
      expect(await health()).toBe(true)
      await expect(feed.open({ ...scope, after, entities }, never)).rejects.toMatchObject({
        code: 'connector.feed-busy',
      })
      // One of another name stands beside it.
      await using _other = await feed.open({ ...scope, name: 'other', after, entities }, never)
    }
    await using _again = await feed.open({ ...scope, after, entities }, never)
  })

  test('drop() removes nothing and may be called at any time', async () => {
    await using system = await freshFeedSystem()
    await using source = await mysqlConnector.openSource(optionsFor(system.address))
    const scope = everything(system.feedName)
    const { after, entities } = await beginFeed(feedOf(source), scope)
    await feedOf(source).drop(system.feedName, never)
    await using _feed = await feedOf(source).open({ ...scope, after, entities }, never)
    expect(await feedOf(source).extend(scope, never)).toEqual([])
  })

  test('transactions of several streams come in the order of the log, behind any of them', async () => {
    await using system = await freshFeedSystem()
    await system.exec('CREATE TABLE t (id INT PRIMARY KEY)')
    await using source = await mysqlConnector.openSource(optionsFor(system.address))
    const scope = everything(system.feedName)
    const { after, entities } = await beginFeed(feedOf(source), scope)
    for (const [i, domain] of [7, 0, 3, 7, 3, 0].entries()) {
      await system.exec(`SET SESSION gtid_domain_id = ${domain}; INSERT INTO t VALUES (${i})`)
    }
    await system.exec('SET SESSION gtid_domain_id = 0')
    const read = async (position: string, count: number) => {
      const options = { ...scope, after: { ...after, position }, entities }
      await using feed = await feedOf(source).open(options, never)
      const mirror = new FeedMirror(new MapStore(), 't')
      return await readTransactions(feed, { mirror }, count)
    }
    const all = await read(after.position, 6)
    expect(all.map(({ stamps }) => stamps.join())).toEqual(['0', '1', '2', '3', '4', '5'])
    expect(all.at(-1)?.position).toMatch(/^0-1-\d+,3-1-\d+,7-1-\d+ \(binlog\.\d+:\d+\)$/)
    for (const [i, { position }] of all.slice(0, 5).entries()) {
      const rest = await read(position, 5 - i)
      expect(rest.map((told) => told.position)).toEqual(
        all.slice(i + 1).map((told) => told.position),
      )
    }
    const upTo = (a: number, b: number) =>
      feedOf(source).isUpTo(all[a]?.position ?? '', all[b]?.position ?? '')
    expect([upTo(0, 5), upTo(3, 2), upTo(2, 3)]).toEqual([true, false, true])
  })

  test('what the catalogue alone tells comes when it changes', async () => {
    await using system = await freshFeedSystem()
    await system.exec('CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE gone (id INT PRIMARY KEY)')
    await using source = await mysqlConnector.openSource(optionsFor(system.address))
    const scope = everything(system.feedName)
    const { after, entities } = await beginFeed(feedOf(source), scope)
    await using opened = await feedOf(source).open(
      { ...scope, after, entities, watchIntervalMs: 100 },
      never,
    )
    const seen: string[][] = []
    for await (const message of opened.read(never)) {
      if (message.kind !== 'catalogue') continue
      const { catalogue, followed } = message
      seen.push(
        catalogue.entities.map(({ entity, fields }) => {
          const names = fields.map(({ name }) => name).join(', ')
          return `${entity}: ${names}${followed.has(entity) ? '' : ' (not followed)'}`
        }),
      )
      if (seen.length === 1) {
        await system.exec('DROP TABLE gone; CREATE TABLE new (id INT); ALTER TABLE t ADD v INT')
      }
      if (seen.at(-1)?.some((line) => line.includes('v'))) break
    }
    expect(seen[0]).toEqual(['gone: id', 't: id'])
    expect(seen.at(-1)).toEqual(['new: id (not followed)', 't: id, v'])
  })
})

describeMariadb('source feed: a server of its own', () => {
  let server: MariadbServer
  let administrator: FreshMariadb

  beforeAll(async () => {
    server = await startMariadb({
      options: {
        'binlog-row-metadata': 'MINIMAL',
        'binlog-format': 'MIXED',
        'gtid-strict-mode': '0',
      },
    })
    administrator = await freshMariadb(server.url)
  })

  afterAll(async () => {
    await administrator[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  test('check() says which settings are in the way, and its statements mend them', async () => {
    await using system = await freshFeedSystem(server.url)
    await using source = await mysqlConnector.openSource(optionsFor(system.address))
    const report = await feedOf(source).check(everything(system.feedName), never)
    expect(foundOf(report, 'blocks')).toEqual([
      'binlog_format is MIXED',
      'binlog_row_metadata is MINIMAL',
    ])
    expect(foundOf(report, 'advice')).toEqual([
      'gtid_strict_mode is OFF',
      'the log is kept for ever',
    ])
    for (const { remedy } of report.findings) {
      for (const sql of remedy.filter((line) => line.startsWith('SET '))) await system.exec(sql)
    }
    const mended = await feedOf(source).check(everything(system.feedName), never)
    expect(mended.findings).toEqual([])
  })

  test('check() says when the log leaves the database out', async () => {
    await using other = await startMariadb({ options: { 'binlog-ignore-db': 'hidden' } })
    await using root = await freshMariadb(other.url)
    await root.query('CREATE DATABASE hidden')
    await using source = await mysqlConnector.openSource(
      optionsFor(new Secret(`${other.url}/hidden`)),
    )
    const report = await feedOf(source).check(everything('hidden'), never)
    expect(foundOf(report, 'blocks')).toEqual(['the log leaves out the database hidden'])
    expect(foundOf(report, 'danger')).toEqual([
      'innodb_flush_log_at_trx_commit is 0',
      'sync_binlog is 0',
    ])
  })

  describe('holes', () => {
    test('a log that was dropped', async () => {
      await using begun = await begin(server)
      await begun.exec(
        'INSERT INTO t VALUES (2); FLUSH BINARY LOGS; INSERT INTO t VALUES (3); FLUSH BINARY LOGS',
      )
      const [{ Log_name: last } = {}] = (await begun.query('SHOW BINARY LOGS')).slice(-1)
      const { position } = begun.options.after
      await begun.exec('SET GLOBAL binlog_expire_logs_seconds = 0')
      expect(await begun.readHealth(position)).toMatchObject({ state: 'safe' })
      await begun.exec('SET GLOBAL binlog_expire_logs_seconds = 864000')
      expect(await begun.readHealth(position)).toMatchObject({ state: 'endangered' })
      await purge(begun.query, String(last))
      expect(await begun.readHealth(position)).toMatchObject({ state: 'given-up' })
      await expect(begun.open()).rejects.toMatchObject({ code: 'connector.feed-invalidated' })
    })

    test('none where the log begins right behind the position', async () => {
      await using begun = await begin(server)
      await begun.exec('FLUSH BINARY LOGS')
      const [{ Log_name: last } = {}] = (await begun.query('SHOW BINARY LOGS')).slice(-1)
      await purge(begun.query, String(last))
      await begun.exec('INSERT INTO t VALUES (2)')
      expect(await begun.readHealth(begun.options.after.position)).toMatchObject({ state: 'safe' })
      await using _feed = await begun.open()
    })

    test('a log that was begun anew', async () => {
      await using begun = await begin(server)
      await begun.exec('RESET MASTER')
      await expect(begun.open()).rejects.toMatchObject({ code: 'connector.feed-rewound' })
      await begun.exec('INSERT INTO t VALUES (2)')
      await expect(begun.open()).rejects.toMatchObject({ code: 'connector.feed-rewound' })
    })

    test('a log that was begun anew and has grown past the position', async () => {
      await using begun = await begin(server)
      await begun.exec('RESET MASTER')
      const { sequence } = begun
      for (let i = 0; i < sequence + 3; i++) await begun.exec(`INSERT INTO t VALUES (${100 + i})`)
      await expect(begun.open()).rejects.toMatchObject({ code: 'connector.feed-diverged' })
    })

    test('a position of another server', async () => {
      await using begun = await begin(server)
      const { options } = begun
      const position = options.after.position.replace(/^(\d+)-\d+-(\d+)/, '$1-77-$2')
      await expect(
        begun.open({ ...options, after: { ...options.after, position } }),
      ).rejects.toMatchObject({
        code: expect.stringMatching(/^connector\.feed-(?:rewound|diverged)$/),
      })
      const nonsense = { ...options.after, position: '3/0000002A' }
      await expect(begun.open({ ...options, after: nonsense })).rejects.toMatchObject({
        code: 'connector.feed-unreadable',
      })
    })

    test('one that is dropped while it is behind shows in its health', async () => {
      await using begun = await begin(server)
      await begun.exec('INSERT INTO t VALUES (2)')
      await using feed = await begun.open()
      const mirror = new FeedMirror(new MapStore(), 'none')
      const [told] = await readTransactions(feed, { mirror }, 1)
      assert(told !== undefined, 'One was told.')
      feed.acknowledge(told.position)
      expect(await begun.readHealth()).toMatchObject({ state: 'safe', acknowledged: told.position })
      await begun.exec('FLUSH BINARY LOGS; INSERT INTO t VALUES (3)')
      expect((await begun.readHealth()).state).toMatch(/safe|endangered/)
      expect((await begun.readHealth()).retainedBytes).toBeGreaterThan(0)
    })
  })
})

/** A feed that was begun in a database of its own, with one row. */
async function begin(server: MariadbServer) {
  const system = await freshFeedSystem(server.url)
  await system.exec('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)')
  const source = await mysqlConnector.openSource(optionsFor(system.address))
  const scope = everything(system.feedName)
  const { after, entities } = await beginFeed(feedOf(source), scope)
  const options: OpenFeedOptions = { ...scope, after, entities }
  return {
    ...system,
    options,
    sequence: Number(/^\d+-\d+-(\d+)/.exec(after.position)?.[1] ?? 0),
    open: (changed = options) => feedOf(source).open(changed, never),
    readHealth: (after?: string) => feedOf(source).readHealth(system.feedName, never, after),
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]()
      await system[Symbol.asyncDispose]()
    },
  }
}

/** A reader that has just gone may hold a file for a moment. */
async function purge(query: FreshMariadb['query'], last: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    await query(`PURGE BINARY LOGS TO '${last}'`)
    const [{ Log_name: first } = {}] = await query('SHOW BINARY LOGS')
    if (first === last) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('The server keeps its log')
}

function foundOf({ findings }: FeedReport, wanted: string): string[] {
  return findings.filter(({ kind }) => kind === wanted).map(({ found }) => found)
}
