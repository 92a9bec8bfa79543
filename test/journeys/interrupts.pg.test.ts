import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  describePostgres,
  type FreshDatabase,
  freshDatabase,
  newestMajor,
} from '#test/servers/fresh-database'
import { readDatabase } from './testing/example-postgres.ts'
import { aTraveller, expectFailure, type Running, type Traveller } from './testing/traveller.ts'

const TABLES = `
  create table customer (id int primary key, name text not null);
  create table big (id int primary key, filler text);
  create table last (id int primary key, name text);
  insert into customer select i, 'C' || i from generate_series(1, 50) i;
  insert into big select i, repeat(md5(i::text), 20) from generate_series(1, 5000) i;
  insert into last values (1, 'the last')`

/** Reading takes some seconds, so that there is time to disturb it. */
const SLOWLY = ', connectionsMax: 1, bytesPerSecondMax: 1000000'

describePostgres('disturbed runs', (major) => {
  const testOnce = test.runIf(major === newestMajor())

  testOnce('Ctrl-C during a backup leaves what was there', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    const points = await begin(traveller, source)
    await configure(traveller, source, SLOWLY)
    const running = traveller.start('backup')
    await untilReading(source)
    running.child.kill('SIGINT')
    await expectInterrupted(running)
    expect(await source.query(READING), 'nobody is left on the source').toEqual([])
    await expectUnhurt(traveller, source, points)
  })

  testOnce('Ctrl-C during a restore leaves the target as it was', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    await using target = await freshDatabase(major)
    await begin(traveller, source)
    await configure(traveller, source, '', target.url)
    await target.query(`create table customer (id int primary key, name text not null);
      insert into customer values (1, 'mine')`)
    const before = await readDatabase(target)
    // Whoever holds this lock keeps the restore from going on: it is in the middle of it.
    await target.query('begin; lock table customer in share row exclusive mode')
    const running = traveller.start('restore', 'erp@1', '--to', 'copy', '--confirm', 'copy')
    await untilWaiting(target)
    running.child.kill('SIGINT')
    const run = await running.done
    expect(run, run.stderr).toMatchObject({ exit: 130, stdout: '' })
    await target.query('rollback')
    expect(await readDatabase(target)).toEqual(before)
    const again = ['restore', 'erp@1', '--to', 'copy', '--confirm', 'copy']
    expect(await traveller.summary(...again)).toMatchObject({ verified: { different: 0 } })
    expect(await traveller.answer('verify', 'erp@1', '--against', 'copy')).toMatchObject({
      verdict: 'same',
    })
  })

  testOnce('a table that vanishes during a backup voids it, or waits', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    const points = await begin(traveller, source)
    await configure(traveller, source, SLOWLY)
    const running = traveller.start('backup')
    await untilReading(source)
    await source.query('drop table last')
    const run = await running.done
    expectFailure(run, 1, 'connector.scan-failed')
    expect(run.stderr).toContain('last')
    await expectUnhurt(traveller, source, points)
  })

  testOnce('a table that is rewritten during a backup voids it', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    const points = await begin(traveller, source)
    await configure(traveller, source, SLOWLY)
    const running = traveller.start('backup')
    await untilReading(source)
    await source.query('alter table last alter id type bigint; truncate customer')
    const run = await running.done
    expectFailure(run, 1, 'connector.scan-failed')
    await expectUnhurt(traveller, source, points)
  })

  testOnce('a connection that is lost during a backup voids it', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    const points = await begin(traveller, source)
    await configure(traveller, source, SLOWLY)
    const running = traveller.start('backup')
    await untilReading(source)
    await source.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'holdfast' and datname = current_database()`)
    const run = await running.done
    expect([1, 20], run.stderr).toContain(run.exit)
    expect(run.stderr).toMatch(/\(connector\.(unreachable|scan-failed)\)/)
    await expectUnhurt(traveller, source, points)
  })

  testOnce('a server that refuses', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    await using target = await freshDatabase(major)
    await begin(traveller, source)
    const wrong = new URL(source.url)
    wrong.username = 'nobody_of_that_name'
    wrong.password = 'not+the%20word'
    await configure(traveller, { ...source, url: wrong.href }, '')
    const run = await traveller.holdfast('backup')
    expect([1, 20], run.stderr).toContain(run.exit)
    expect(run.stderr).toMatch(/nobody_of_that_name.*\(connector\.(denied|unreachable)\)/)
    expect(run.stderr).not.toContain('not+the')
    wrong.href = source.url
    wrong.pathname = '/no_such_database'
    await configure(traveller, { ...source, url: wrong.href }, '')
    expectFailure(await traveller.holdfast('backup'), 20, 'connector.unreachable')

    await target.query(`alter database ${target.name} set default_transaction_read_only = on`)
    await configure(traveller, source, '', target.url)
    expectFailure(
      await traveller.holdfast('restore', 'erp@1', '--to', 'copy', '--yes'),
      1,
      'connector.read-only',
    )
    await target.query(`alter database ${target.name} set default_transaction_read_only = off`)
    await target.query(`create table customer (id int primary key, name text not null
      check (name <> 'C7'), more text not null default 'x')`)
    const refused = ['restore', 'erp@1', '--to', 'copy', '--yes']
    expectFailure(await traveller.holdfast(...refused), 1, 'connector.constraint-violated')
    expect(await target.query('select * from customer')).toEqual([])
    expect(await target.query(`select 1 from pg_class where relname = 'big'`)).toEqual([])
    await target.query(
      `drop table customer; create table customer (id int primary key, name varchar(2))`,
    )
    expectFailure(await traveller.holdfast(...refused), 1, 'connector.value-refused')
    expect(await target.query('select * from customer')).toEqual([])
  })
})

async function begin(traveller: Traveller, source: FreshDatabase): Promise<unknown> {
  await source.query(TABLES)
  await configure(traveller, source, '')
  await traveller.holdfast('init')
  await traveller.summary('backup')
  return await traveller.answer('points')
}

async function configure(
  traveller: Traveller,
  { url }: Pick<FreshDatabase, 'url'>,
  more: string,
  target?: string,
): Promise<void> {
  const targets = target ? `targets:\n  copy: { connector: postgres, url: '${target}' }\n` : ''
  await traveller.configure(
    `sources:\n  erp: { connector: postgres, url: '${url}'${more} }\n${targets}`,
  )
}

const READING = `select pid from pg_stat_activity where application_name = 'holdfast'
  and datname = current_database() and query ilike '%copy%big%'`
const WAITING = `select pid from pg_stat_activity where application_name = 'holdfast'
  and datname = current_database() and wait_event_type = 'Lock'`

/** The table in the middle is being read. */
const untilReading = (database: FreshDatabase) => until(database, READING)
const untilWaiting = (database: FreshDatabase) => until(database, WAITING)

async function until({ query }: FreshDatabase, sql: string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    // Inside a transaction the server repeats what it said first.
    await query('select pg_stat_clear_snapshot()')
    if ((await query(sql)).length > 0) return
    await sleep(20)
  }
  throw new Error(`It never came to: ${sql}`)
}

async function expectInterrupted({ done }: Running): Promise<void> {
  const run = await done
  expect(run, run.stderr).toMatchObject({ exit: 130, stdout: '' })
  expect(run.stderr).toContain('(cli.interrupted)')
}

async function expectUnhurt(
  traveller: Traveller,
  source: FreshDatabase,
  points: unknown,
): Promise<void> {
  const { answer, summary } = traveller
  expect(await answer('points')).toEqual(points)
  expect(await answer('check')).toMatchObject({ verdict: 'whole' })
  await configure(traveller, source, '')
  await summary('backup')
  expect(await answer('verify', 'erp@latest', '--against', 'erp')).toMatchObject({
    verdict: 'same',
  })
}
