import { expect, test, vi } from 'vitest'
import type { CaptureEntity } from '#capture/capture-entity'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import {
  aLife,
  expectSame,
  expectUnproven,
  nameOf,
  pointsOf,
  pointWith,
  untilSame,
  untold,
  watching,
} from './testing/following-kit.ts'

// Other tests share the machine.
vi.setConfig({ testTimeout: 180_000 })

describePostgres('changes while following', (major) => {
  const testOnce = test.runIf(major === newestMajor())

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
    let upset = false
    const openCapturePool = async () => {
      const message = 'Cannot scan "public.note": the table is not there any more'
      if (upset) throw new AppError('connector.scan-failed', message)
      const captureEntity: CaptureEntity = (...given) => life.scanDeps.captureEntity(...given)
      return { captureEntity, [Symbol.asyncDispose]: async () => {} }
    }
    await using follower = life.follow({ deps: { openCapturePool } })
    await follower.until('opened')
    upset = true
    const failed = follower.until('reconcile-failed')
    const scanned = follower.until('reconciled')
    await system.exec('alter table note alter said type varchar(90); update note set id = 5')
    const { nextMs } = await failed
    upset = false
    expect(nextMs).toBe(2000)
    await scanned
    await untilSame(both, follower)
    expect((await pointsOf(life)).at(-1)?.unproven).toBeNull()
  })

  testOnce('what the source cannot tell is scanned soon, also when nobody writes', async () => {
    await using both = await aLife()
    const { life, system } = both
    await using follower = life.follow({ source: untold })
    await follower.until('opened')
    const gap = follower.until('gap')
    const scanned = follower.until('reconciled')
    await system.exec("insert into note values (2, 'untold')")
    expect(await gap).toMatchObject({ reason: 'capture.not-told', entities: ['public.note'] })
    await scanned
    expect((await pointsOf(life)).at(-1)?.unproven).toBeNull()
    await expectSame(both)
  })

  testOnce('rows that come or go with a partition are a gap, closed by a scan', async () => {
    await using both = await aLife()
    const { life, system } = both
    await system.exec(`create table part (id int primary key) partition by range (id);
      create table part_a partition of part for values from (0) to (10);
      create table part_b partition of part for values from (10) to (20);
      insert into part values (1), (11); create table part_c (id int primary key);
      insert into part_c values (21)`)
    await using follower = life.follow({ source: (source) => watching(source, 200) })
    await follower.until('opened')
    const gap = follower.until('gap')
    const detached = follower.until('reconciled')
    await system.exec('alter table part detach partition part_b; drop table part_b')
    expect(await gap).toMatchObject({ reason: 'capture.not-told', entities: ['public.part'] })
    await detached
    await expectSame(both)
    const attached = follower.until('reconciled')
    await system.exec(`alter table part attach partition part_c for values from (20) to (30);
      insert into part values (22)`)
    await attached
    await untilSame(both, follower)
    await expectUnproven(life, ['public.part', 'public.part_c'])
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
})
