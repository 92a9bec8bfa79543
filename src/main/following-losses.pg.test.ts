import { expect, test, vi } from 'vitest'
import type { Source } from '#connector/connector'
import { postgresConnector } from '#connector/postgres/postgres-connector'
import { freshFeedSystem } from '#connector/postgres/testing/feed-system'
import { optionsFor } from '#connector/testing/contract-system'
import { assert } from '#stdx/assert'
import { systemClock } from '#stdx/clock'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import {
  aLife,
  backUp,
  expectSame,
  failing,
  losing,
  pointsOf,
  untilSame,
  withFeed,
} from './testing/following-kit.ts'

// Other tests share the machine.
vi.setConfig({ testTimeout: 180_000 })

describePostgres('losses while following', (major) => {
  const testOnce = test.runIf(major === newestMajor())

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

  testOnce('a clock that is set back holds nothing back', async () => {
    await using both = await aLife()
    const { life, system } = both
    const hourMs = 3_600_000
    let aheadMs = hourMs
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs }
    await using follower = life.follow({ deps: { clock } })
    await follower.until('opened')
    const first = follower.until('committed')
    await system.exec("insert into customer values (30, 'before')")
    await first
    aheadMs = 0
    const second = follower.until('committed')
    await system.exec("insert into customer values (31, 'after')")
    await second
    await expectSame(both)
  })

  testOnce('an address that leads to another database takes nothing from the feed', async () => {
    await using both = await aLife()
    const { life, system } = both
    {
      await using follower = life.follow()
      await follower.until('opened')
    }
    await using other = await freshFeedSystem(major)
    await other.exec('create table customer (id int primary key, name text)')
    const openSource = () => postgresConnector.openSource(optionsFor(other.address))
    const misled = life.follow({ deps: { openSource } })
    await expect(misled.done).rejects.toMatchObject({ code: 'connector.feed-other-source' })
    await system.exec("insert into customer values (50, 'told to who comes back')")
    await using follower = life.follow()
    await follower.until('opened')
    await untilSame(both, follower)
    expect(life.events.filter(({ kind }) => kind === 'gap')).toEqual([])
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
      const committed = follower.until('committed')
      // In one transaction, which is one entry however busy the machine is.
      await system.exec(`insert into customer values (60, 'lost'), (61, 'lost');
        insert into note values (60, 'kept')`)
      await committed
    }
    await using follower = life.follow({ request: { reconcileMs: 1 } })
    const { repairs } = await follower.until('reconciled')
    expect(repairs).toEqual({ told: 2, others: 0 })
    await untilSame(both, follower)
    const points = await pointsOf(life)
    const kinds = points.map(({ kind }) => kind)
    const at = kinds.indexOf('reconcile')
    expect(kinds.slice(0, at)).toEqual(['capture', 'feed'])
    const why = `the feed had not told all that happened, the scan of entry ${points[at]?.seq} put it right`
    const [began, told, ...since] = points.map(({ unproven }) => unproven)
    expect([began, told]).toEqual([null, new Map([['public.customer', why]])])
    expect(since).toEqual(since.map(() => null))
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
})
