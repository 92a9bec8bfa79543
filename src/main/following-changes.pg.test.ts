import { expect, test, vi } from 'vitest'
import type { CaptureEntity } from '#capture/capture-entity'
import { runCapture } from '#capture/run-capture'
import { aFollowing, type FollowedLife, type Follower } from '#capture/testing/a-following'
import type { Source } from '#connector/connector'
import { type Feed, type FeedMessage, INSERT, type SourceFeed } from '#connector/feed'
import { feedHarness, type freshFeedSystem } from '#connector/postgres/testing/feed-system'
import { optionsFor, readRows } from '#connector/testing/contract-system'
import { feedOf } from '#connector/testing/feed-following'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import type { Point } from '#timeline/timeline-state'
import { signal } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

// Other tests share the machine.
vi.setConfig({ testTimeout: 180_000 })

type System = Awaited<ReturnType<typeof freshFeedSystem>>

const TABLES = `
  create table customer (id int primary key, name text);
  create table note (id int primary key, said text);
  create table pulse (id serial primary key);
  insert into customer select n, 'C' || n from generate_series(1, 20) n;
  insert into note values (1, 'first')`

describePostgres('changes while following', (major) => {
  const testOnce = test.runIf(major === newestMajor())
  const harness = feedHarness(major)

  async function aLife(): Promise<{ system: System; life: FollowedLife } & AsyncDisposable> {
    const system = (await harness.freshSystem()) as System
    await system.exec(TABLES)
    const life = await aFollowing(harness, system)
    return { system, life, [Symbol.asyncDispose]: () => system[Symbol.asyncDispose]() }
  }

  testOnce('a TRUNCATE begins a generation, in a transaction with others too', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow()
    await follower.until('opened')
    await system.exec("insert into customer values (21, 'before')")
    await system.exec(`begin; insert into customer values (22, 'gone'); truncate customer;
      insert into customer values (23, 'after'); insert into note values (2, 'second'); commit`)
    await system.exec("insert into customer values (24, 'later'); truncate note")
    await untilSame(both, follower)
    const points = await pointsOf(life)
    const rows = points.map((at) => at.entities.map((one) => one.rows).slice(0, 2))
    expect(rows).toContainEqual([21, 1])
    expect(rows).toContainEqual([1, 2])
    expect(rows.at(-1)).toEqual([2, 0])
    expect(await life.rowsAt(pointWith(points, [21, 1]), nameOf('customer'))).toHaveLength(21)
    expect(life.events.filter(({ kind }) => kind === 'gap')).toEqual([])
  })

  testOnce('a field that is added or renamed costs no scan and no gap', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow()
    await follower.until('opened')
    await system.exec("alter table customer add vat text default 'none'")
    await system.exec("insert into customer values (21, 'new', 'DE1')")
    await untilSame(both, follower)
    await system.exec('alter table customer rename name to title')
    await system.exec("update customer set title = 'renamed' where id = 1")
    await untilSame(both, follower)
    const kinds = new Set(life.events.map(({ kind }) => kind))
    expect(kinds.has('gap')).toBe(false)
    expect(kinds.has('reconciled')).toBe(false)
  })

  testOnce('a field that changes its type is a gap, closed by a scan', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow()
    await follower.until('opened')
    await system.exec('alter table customer add score int')
    await system.exec('update customer set score = id')
    await untilSame(both, follower)
    await system.exec('alter table customer alter score type numeric(5,1)')
    const reconciled = follower.until('reconciled')
    await system.exec(
      "update customer set name = 'x' where id = 2; insert into note values (2, 'b')",
    )
    await reconciled
    await system.exec("update customer set name = 'y' where id = 3")
    await untilSame(both, follower)
    const gap = life.events.find(({ kind }) => kind === 'gap')
    expect(gap).toMatchObject({ reason: 'capture.shape-changed', entities: ['public.customer'] })
    const points = await pointsOf(life)
    expect(points.at(-1)?.unproven).toBeNull()
  })

  testOnce('a table that is made or dropped is seen by a scan beside the feed', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow({ source: (source) => watching(source, 200) })
    await follower.until('opened')
    const made = follower.until('reconciled')
    await system.exec('create table extra (id int primary key); insert into extra values (1)')
    await made
    const dropped = follower.until('reconciled')
    await system.exec('insert into extra values (2); drop table note')
    await dropped
    await system.exec('insert into extra values (3)')
    await untilSame(both, follower)
    // Nobody told of `extra` before it was scanned; that `note` went was seen before the next scan.
    expect(life.events.filter(({ kind }) => kind === 'gap')).toMatchObject([
      { entities: ['public.note'], found: 'it is not there any more' },
    ])
  })

  testOnce(
    'a table that is told before a scan has seen it is missing, and said to be',
    async () => {
      await using both = await aLife()
      const { life, system } = both
      await system.exec(`create publication ${system.feedName} for all tables`)
      await using follower = life.follow()
      await follower.until('opened')
      const gap = follower.until('gap')
      const scanned = follower.until('reconciled')
      await system.exec(`begin; create table extra (id int primary key); insert into extra values (1);
      update customer set name = 'x' where id = 1; commit`)
      expect((await gap).entities).toEqual(['public.extra'])
      await scanned
      await untilSame(both, follower)
      await expectUnproven(life, ['public.extra'])
      const again = follower.until('reconciled')
      await system.exec(`begin; drop table extra; create table extra (id int primary key, said text);
      insert into extra values (1, 'a'); update customer set name = 'y' where id = 1; commit`)
      await again
      await untilSame(both, follower)
      await expectUnproven(life, ['public.extra'])
    },
  )

  testOnce('a scan that a change of a table upset is made again soon', async () => {
    await using both = await aLife()
    const { life, system } = both
    let upset = true
    const openCapturePool = async () => {
      const message = 'Cannot scan "public.note": the table is not there any more'
      if (upset) throw new AppError('connector.scan-failed', message)
      const captureEntity: CaptureEntity = (...given) => life.scanDeps.captureEntity(...given)
      return { captureEntity, [Symbol.asyncDispose]: async () => {} }
    }
    upset = false
    await using follower = life.follow({ deps: { openCapturePool } })
    await follower.until('opened')
    upset = true
    const failed = follower.until('reconcile-failed')
    await system.exec('alter table note alter said type varchar(90); update note set id = 5')
    expect((await failed).nextMs).toBe(2000)
    upset = false
    await follower.until('reconciled')
    await untilSame(both, follower)
    expect((await pointsOf(life)).at(-1)?.unproven).toBeNull()
  })

  testOnce('a table that is called otherwise is unproven under its old name at once', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow()
    await follower.until('opened')
    const scanned = follower.until('reconciled')
    await system.exec(`begin; alter table note rename to notes; insert into notes values (2, 'b');
      update customer set name = 'x' where id = 1; commit`)
    await scanned
    await untilSame(both, follower)
    await expectUnproven(life, ['public.note', 'public.notes'])
  })

  testOnce('a name that was freed is another table, and both names are unproven', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow()
    await follower.until('opened')
    await system.exec("insert into note values (2, 'before')")
    const scanned = follower.until('reconciled')
    await system.exec(`begin; alter table note rename to old; create table note (id int primary key);
      update old set said = 'later'; update customer set name = 'x' where id = 1; commit`)
    await scanned
    await untilSame(both, follower)
    await expectUnproven(life, ['public.note', 'public.old'])
    const again = follower.until('reconciled')
    await system.exec(`begin; alter table customer rename to client;
      alter table old rename to customer; insert into customer values (9, 'c'); commit`)
    await again
    await untilSame(both, follower)
    await expectUnproven(life, ['public.customer', 'public.old'])
  })

  testOnce('a table that moves to where nobody looks is unproven under its old name', async () => {
    await using both = await aLife()
    const { life, system } = both
    const isIncluded = (entity: EntityName) => !entity.startsWith('hidden.')
    await using follower = life.follow({ request: { isIncluded } })
    await follower.until('opened')
    const gap = follower.until('gap')
    const scanned = follower.until('reconciled')
    await system.exec(`create schema hidden; begin; alter table note set schema hidden;
      insert into hidden.note values (2, 'b'); commit`)
    expect((await gap).entities).toEqual(['public.note'])
    await scanned
    await system.exec('drop schema hidden cascade')
    await untilSame(both, follower)
  })

  testOnce('a value that was not sent is never made up: a gap until the next scan', async () => {
    await using both = await aLife()
    const { life, system } = both
    await system.exec('alter table note alter said set storage external')
    await system.exec("insert into note values (9, repeat('0123456789', 1000))")
    {
      await using follower = life.follow()
      await follower.until('opened')
      const gap = follower.until('gap')
      await system.exec(
        "update note set id = 10 where id = 9; insert into customer values (30, 'c')",
      )
      expect(await gap).toMatchObject({
        reason: 'capture.values-not-sent',
        entities: ['public.note'],
        remedy: ['ALTER TABLE "public"."note" REPLICA IDENTITY FULL;'],
      })
      await follower.until('committed')
    }
    const [at] = (await pointsOf(life)).slice(-1)
    assert(at !== undefined && at.unproven instanceof Map, 'One entity is unproven.')
    expect([...at.unproven.keys()]).toEqual(['public.note'])
    await system.exec('alter table note replica identity full')
    const events = life.events.length
    await life.follow({ request: { isOneScan: true } }).done
    expect(life.events.slice(events)).toContainEqual(
      expect.objectContaining({ kind: 'reconciled', repairs: { told: 0, others: 2 } }),
    )
    await using follower = life.follow()
    await follower.until('opened')
    await system.exec('update note set id = 11 where id = 10')
    await untilSame(both, follower)
    expect((await pointsOf(life)).at(-1)?.unproven).toBeNull()
  })

  testOnce('a feed that is gone is a gap, and another begins with a scan', async () => {
    await using both = await aLife()
    const { life, system } = both
    {
      await using follower = life.follow()
      await follower.until('opened')
    }
    await system.exec("insert into customer values (40, 'nobody told')")
    await system.exec(`select pg_drop_replication_slot('${system.feedName}')`)
    await using follower = life.follow()
    await follower.until('began')
    await follower.until('opened')
    await system.exec("insert into customer values (41, 'told')")
    await untilSame(both, follower)
    const state = await life.state()
    expect(state.gaps).toMatchObject([
      { reason: 'connector.feed-missing', entities: null, after: 1, until: 3 },
    ])
  })

  testOnce('a backup beside a follower wins, and the follower joins it', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow()
    await follower.until('opened')
    await system.exec("insert into customer values (50, 'told')")
    await follower.until('committed')
    await backUp(both)
    const joined = follower.until('reconciled')
    await system.exec("insert into customer values (51, 'later')")
    expect((await joined).repairs.told).toBe(0)
    await system.exec("insert into customer values (52, 'last')")
    await untilSame(both, follower)
  })

  testOnce('what another follower took and kept meanwhile is no hole', async () => {
    await using both = await aLife()
    const { life, system } = both
    {
      await using first = life.follow()
      await first.until('opened')
    }
    let isTaken = false
    const takeMeanwhile = async () => {
      if (isTaken) return
      isTaken = true
      await using other = life.follow()
      await other.until('opened')
      const kept = other.until('committed')
      await system.exec("insert into customer values (70, 'taken by another')")
      await kept
    }
    const late = (source: Source) =>
      withFeed(source, (feed) => ({
        async open(options, until) {
          await takeMeanwhile()
          return await feed.open(options, until)
        },
      }))
    await using follower = life.follow({ source: late })
    await follower.until('opened')
    expect(isTaken).toBe(true)
    await untilSame(both, follower)
    expect(life.events.filter(({ kind }) => kind === 'gap')).toEqual([])
  })

  testOnce('a scan finds what a feed lost, says so and puts it right', async () => {
    await using both = await aLife()
    const { life, system } = both
    {
      await using follower = life.follow({ source: losing })
      await follower.until('opened')
      await system.exec("insert into customer values (60, 'lost'), (61, 'lost')")
      await system.exec("insert into note values (60, 'kept')")
      await follower.until('committed')
    }
    await using follower = life.follow({ request: { reconcileMs: 1 } })
    const { repairs } = await follower.until('reconciled')
    expect(repairs).toEqual({ told: 2, others: 0 })
    await untilSame(both, follower)
  })

  testOnce('a large transaction has an entry of its own, and little memory', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow({ request: { commitMs: 60_000, sortBytesMax: 4_194_304 } })
    await follower.until('opened')
    await system.exec("insert into note values (70, 'small')")
    await system.exec(
      "insert into customer select n, 'a name of some length ' || n from generate_series(100, 200000) n",
    )
    await system.exec('update customer set name = name || id where id % 3 = 0')
    await follower.until('committed', ({ changes }) => changes > 60_000 && changes < 70_000)
    await follower.stop()
    await expectSame(both)
    const counts = life.events.flatMap((event) =>
      event.kind === 'committed' ? [event.transactions] : [],
    )
    expect(counts).toEqual([1, 1, 1])
  })

  testOnce('a connection that breaks is opened again, and nothing is lost', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow()
    await follower.until('opened')
    for (let i = 0; i < 3; i++) {
      const waiting = follower.until('waiting')
      await system.exec(`insert into customer values (${80 + i}, 'broken')`)
      await system.exec(
        'select pg_terminate_backend(active_pid) from pg_replication_slots where database = current_database()',
      )
      await waiting
      await follower.until('opened')
    }
    await untilSame(both, follower)
  })

  testOnce('a commit that fails, or is not known to have failed, is made once', async () => {
    await using both = await aLife()
    const { life, system } = both
    const { vault } = life.inHand
    await using follower = life.follow({ deps: { vault: failing(vault, 4) } })
    await follower.until('opened')
    for (let i = 0; i < 8; i++) {
      const told = Promise.race([follower.until('committed'), follower.until('waiting')])
      await system.exec(`insert into customer values (${200 + i}, 'tried')`)
      await told
    }
    await untilSame(both, follower)
    const lists = (await pointsOf(life)).map(({ body }) => body.follow?.transactions?.list ?? [])
    const positions = lists.flat().map(({ position }) => position)
    expect(new Set(positions).size).toBe(positions.length)
    expect(life.events.filter(({ kind }) => kind === 'waiting').length).toBeGreaterThan(1)
    expect(life.events.filter(({ kind }) => kind === 'reconciled' || kind === 'gap')).toEqual([])
  })

  testOnce(
    'a quiet source gets an entry now and then, behind which its log is not kept',
    async () => {
      await using both = await aLife()
      const { life, system } = both
      {
        await using follower = life.follow({ request: { heartbeatMs: 1 } })
        await follower.until('opened')
        await system.exec('create temp table nothing (id int); insert into nothing values (1)')
        await follower.until('committed', ({ transactions }) => transactions === 0)
      }
      await system.exec("insert into customer values (90, 'told')")
      await using follower = life.follow()
      await untilSame(both, follower)
    },
  )

  async function backUp({ life, system }: { life: FollowedLife; system: System }): Promise<void> {
    await using source = await harness.connector.openSource(optionsFor(system.address))
    await using cut = await source.openCut(signal)
    const deps = life.scanDeps
    const request = { ...life.scanRequest, connector: harness.connector.kind }
    await runCapture(deps, { cut, request, state: await life.state() }, signal)
  }

  /** Waits until the newest point holds what the source holds now. */
  async function untilSame(both: { life: FollowedLife; system: System }, follower: Follower) {
    await both.system.exec('insert into pulse default values')
    for (;;) {
      const next = follower.until('committed')
      next.catch(() => {})
      if (await isSame(both)) return
      await next
    }
  }

  async function expectSame(both: { life: FollowedLife; system: System }) {
    expect(await heldRows(both.life)).toEqual(await liveRows(both.system))
  }

  async function isSame({ life, system }: { life: FollowedLife; system: System }) {
    return JSON.stringify(await heldRows(life)) === JSON.stringify(await liveRows(system))
  }

  async function liveRows(system: System): Promise<Tables> {
    await using source = await harness.connector.openSource(optionsFor(system.address))
    await using cut = await source.openCut(signal)
    const { entities } = await cut.readCatalogue(() => true)
    const tables: [string, string[]][] = []
    for (const described of entities) {
      const rows = await readRows(cut, described)
      const names = described.fields.map(({ name }) => name)
      const records = rows.map((values) =>
        Object.fromEntries(names.map((name, i) => [name, values[i]])),
      )
      tables.push([described.entity, sorted(records)])
    }
    return Object.fromEntries(tables.sort())
  }
})

type Tables = Readonly<Record<string, readonly string[]>>

async function heldRows(life: FollowedLife): Promise<Tables> {
  const point = (await life.state()).points.at(-1)
  const tables: [string, string[]][] = []
  for (const { entity, rows } of point?.entities ?? []) {
    assert(point !== undefined, 'There is a point.')
    const records = await life.rowsAt(point, entity)
    expect(records).toHaveLength(rows)
    tables.push([entity, sorted(records)])
  }
  return Object.fromEntries(tables.sort())
}

function sorted(records: readonly object[]): string[] {
  return records.map((record) => JSON.stringify(Object.entries(record).sort())).sort()
}

async function pointsOf(life: FollowedLife): Promise<Point[]> {
  return [...(await life.state()).points]
}

function pointWith(points: readonly Point[], rows: readonly number[]): Point {
  const found = points.find(
    ({ entities }) => String(entities.map((one) => one.rows).slice(0, 2)) === String(rows),
  )
  assert(found !== undefined, 'There is such a point.')
  return found
}

/** Of every point between two scans: no entity but these is unproven, and these are at the last one. */
async function expectUnproven(life: FollowedLife, entities: readonly string[]): Promise<void> {
  const points = await pointsOf(life)
  const scan = points.findLastIndex(({ body }) => body.follow?.part === 'reconcile')
  const unproven = points[scan - 1]?.unproven
  assert(unproven instanceof Map, 'Some entity is unproven before the scan.')
  expect([...unproven.keys()].sort()).toEqual(entities)
  expect(points.at(-1)?.unproven).toBeNull()
}

function nameOf(table: string): EntityName {
  return `public.${table}` as EntityName
}

/** So many times an entry is lost on its way, or its answer is. */
function failing(vault: Vault, times: number): Vault {
  let left = times
  const append: Vault['append'] = async (state, body, until) => {
    if (body.kind !== 'capture' || body.follow?.part !== 'transactions' || left <= 0) {
      return await vault.append(state, body, until)
    }
    left -= 1
    if (left % 2 === 1) throw new AppError('store.unavailable', 'Cannot write: it is away')
    await vault.append(state, body, until)
    throw new AppError('timeline.undecided', 'Cannot tell whether it was written')
  }
  return new Proxy(vault, {
    get(target, name) {
      if (name === 'append') return append
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Looks at the catalogue more often. */
function watching(source: Source, watchIntervalMs: number): Source {
  return withFeed(source, (feed) => ({
    open: (options, until) => feed.open({ ...options, watchIntervalMs }, until),
  }))
}

/** A feed that does not tell what is inserted into `customer`, which none ever should. */
function losing(source: Source): Source {
  return withFeed(source, (feed) => ({
    async open(options, until) {
      const opened = await feed.open(options, until)
      return withRead(opened, (message) => {
        const isLost =
          message.kind === 'changes' &&
          message.entity === 'public.customer' &&
          message.ops[0] === INSERT
        return !isLost
      })
    },
  }))
}

function withRead(feed: Feed, isTold: (message: FeedMessage) => boolean): Feed {
  return {
    async *read(until) {
      for await (const message of feed.read(until)) if (isTold(message)) yield message
    },
    acknowledge: (position) => feed.acknowledge(position),
    [Symbol.asyncDispose]: () => feed[Symbol.asyncDispose](),
  }
}

function withFeed(source: Source, change: (feed: SourceFeed) => Partial<SourceFeed>): Source {
  const feed = feedOf(source)
  const plain: SourceFeed = {
    check: (...given) => feed.check(...given),
    start: (...given) => feed.start(...given),
    open: (...given) => feed.open(...given),
    extend: (...given) => feed.extend(...given),
    openCut: (...given) => feed.openCut(...given),
    isUpTo: (...given) => feed.isUpTo(...given),
    readPosition: (...given) => feed.readPosition(...given),
    readHealth: (...given) => feed.readHealth(...given),
    drop: (...given) => feed.drop(...given),
  }
  return {
    identity: source.identity,
    openCut: (...given) => source.openCut(...given),
    feed: { ...plain, ...change(feed) },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}
