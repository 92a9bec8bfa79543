import { expect, test } from 'vitest'
import type { DescribedEntity } from '#record/schema'
import { Secret } from '#stdx/secret'
import { describePostgres, type FreshDatabase, freshDatabase } from '#test/servers/fresh-database'
import type { Source, SourceCut } from '../connector.ts'
import { findEntity, optionsFor, readRows } from '../testing/contract-system.ts'
import { postgresConnector } from './postgres-connector.ts'

const never = new AbortController().signal

function open(url: string): Promise<Source> {
  return postgresConnector.openSource(optionsFor(new Secret(url)))
}

async function openEntity(
  source: Source,
  name: string,
): Promise<AsyncDisposable & { cut: SourceCut; entity: DescribedEntity }> {
  const cut = await source.openCut(never)
  const entity = findEntity(await cut.readCatalogue(() => true), name)
  return { cut, entity, [Symbol.asyncDispose]: () => cut[Symbol.asyncDispose]() }
}

/** Connects as a new role without rights. */
async function withRole(database: FreshDatabase): Promise<{ url: string; role: string }> {
  const role = `role_${database.name}`
  await database.query(`create role ${role} login password 'r'`)
  const url = new URL(database.url)
  url.username = role
  url.password = 'r'
  return { url: url.href, role }
}

const CONNECTIONS = `select count(*)::int as count from pg_stat_activity
  where application_name = 'holdfast' and datname = current_database()`

const scanFailed = expect.objectContaining({ code: 'connector.scan-failed' })

describePostgres('source', (major) => {
  test.each([
    ['truncated', 'truncate t'],
    ['rewritten', 'alter table t alter v type text using v::text'],
    ['dropped', 'drop table t'],
    ['dropped and made again', 'drop table t; create table t (id int primary key, v int)'],
    ['bereft of a field', 'alter table t drop column v'],
  ])(
    'a table that was %s after the cut fails the scan instead of looking empty',
    async (_, sql) => {
      await using database = await freshDatabase(major)
      await database.query(
        'create table t (id int primary key, v int); insert into t values (1, 1)',
      )
      await using source = await open(database.url)
      await using opened = await openEntity(source, 'public.t')
      await database.query(sql)
      await expect(readRows(opened.cut, opened.entity)).rejects.toEqual(scanFailed)
    },
  )

  test('estimateRows() counts what was analysed, partitions under their root', async () => {
    await using database = await freshDatabase(major)
    await using source = await open(database.url)
    const estimate = async (isCounted: (entity: string) => boolean = () => true) => {
      await using cut = await source.openCut(never)
      return await cut.estimateRows?.(isCounted)
    }
    await database.query(`create table t (id int); insert into t select generate_series(1, 500);
      create table p (id int) partition by range (id);
      create table p1 partition of p for values from (0) to (100);
      create table p2 partition of p for values from (100) to (200) partition by range (id);
      create table p21 partition of p2 for values from (100) to (200);
      insert into p select generate_series(1, 150); create table fresh (id int)`)
    expect(await estimate(), 'nobody has looked yet').toBeNull()
    await database.query('analyze t; analyze p')
    expect(await estimate()).toBe(650)
    expect(await estimate((entity) => entity === 'public.p')).toBe(150)
  })

  test('a partition that was detached after the cut fails the scan', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key) partition by range (id);
      create table t1 partition of t for values from (0) to (10);
      create table t2 partition of t for values from (10) to (20);
      insert into t select generate_series(0, 19)`)
    await using source = await open(database.url)
    await using opened = await openEntity(source, 'public.t')
    expect(await readRows(opened.cut, opened.entity)).toHaveLength(20)
    await using later = await openEntity(source, 'public.t')
    await opened.cut[Symbol.asyncDispose]()
    await database.query('alter table t detach partition t2')
    await expect(readRows(later.cut, later.entity)).rejects.toEqual(scanFailed)
  })

  test('a scan whose connection is killed fails, and says so', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t as select i, repeat('x', 1000) v
      from generate_series(1, 40000) i`)
    await using source = await open(database.url)
    await using opened = await openEntity(source, 'public.t')
    const scan = async () => {
      for await (const _ of opened.cut.scan(opened.entity, ['i', 'v'], never)) {
        await database.query(`select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'holdfast' and datname = current_database()`)
      }
    }
    await expect(scan()).rejects.toMatchObject({
      code: 'connector.scan-failed',
      message: 'Cannot scan "public.t": the connection was lost',
    })
  })

  test('a value that fails to print names the entity and no value', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key, v int);
      create function fails(int) returns int language plpgsql immutable
        as $$ begin raise exception 'secret %', $1 using errcode = '22P05'; end $$;
      insert into t values (1, 1); create view v as select id, fails(v) as v from t`)
    await using source = await open(database.url)
    await using opened = await openEntity(source, 'public.t')
    const view = { ...opened.entity, key: null, fields: opened.entity.fields }
    await database.query('alter table t rename to t_old; alter view v rename to t')
    const outcome = readRows(opened.cut, view)
    await expect(outcome).rejects.toMatchObject({ code: expect.stringMatching(/^connector\./) })
    await expect(outcome).rejects.not.toThrow('secret')
  })

  test('the grants that are missing are printed as statements that help', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create schema "In ner"; create table "In ner"."Ta ble" (id int primary key);
      create table open (id int, hidden int); create table part (id int, hidden int);
      create table filtered (id int); alter table filtered enable row level security`)
    const { url, role } = await withRole(database)
    await database.query(`grant select on open, filtered to ${role};
      grant select (id) on part to ${role}`)
    await using source = await open(url)
    const read = async () => {
      await using cut = await source.openCut(never)
      const { entities } = await cut.readCatalogue(() => true)
      return Object.fromEntries(entities.map(({ entity, missingGrant }) => [entity, missingGrant]))
    }
    const missing = await read()
    expect(missing).toEqual({
      '"In ner"."Ta ble"': `GRANT USAGE ON SCHEMA "In ner" TO "${role}"; GRANT SELECT ON TABLE "In ner"."Ta ble" TO "${role}";`,
      'public.filtered': `ALTER ROLE "${role}" BYPASSRLS;`,
      'public.open': null,
      'public.part': `GRANT SELECT ON TABLE "public"."part" TO "${role}";`,
    })
    for (const grant of Object.values(missing)) if (grant !== null) await database.query(grant)
    expect(Object.values(await read())).toEqual([null, null, null, null])
    await database.query(`drop owned by ${role}`)
  })

  test('a right that is taken away fails the scan and is never a deletion', async () => {
    await using database = await freshDatabase(major)
    await database.query('create table t (id int); insert into t values (1)')
    const { url, role } = await withRole(database)
    await database.query(`grant select on t to ${role}`)
    await using source = await open(url)
    await using opened = await openEntity(source, 'public.t')
    await database.query(`revoke select on t from ${role}`)
    await expect(readRows(opened.cut, opened.entity)).rejects.toEqual(scanFailed)
  })

  test.each([
    ['a wrong password', { password: 'wrong' }, 'connector.denied'],
    ['a database that is not there', { pathname: '/nowhere' }, 'connector.unreachable'],
    ['another port', { port: '1' }, 'connector.unreachable'],
  ])('%s is refused and never printed', async (_, change, code) => {
    await using database = await freshDatabase(major)
    const url = Object.assign(new URL(database.url), change)
    const attempt = open(url.href)
    await expect(attempt).rejects.toMatchObject({ code })
    await expect(attempt).rejects.not.toThrow(/wrong/)
  })

  test('never holds more connections than allowed', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t as select i, repeat('x', 1000) v
      from generate_series(1, 5000) i`)
    await using source = await postgresConnector.openSource(
      optionsFor(new Secret(database.url), { connectionsMax: 3 }),
    )
    await using opened = await openEntity(source, 'public.t')
    const scan = () => opened.cut.scan(opened.entity, ['i', 'v'], never)[Symbol.asyncIterator]()
    const [first, ...others] = [scan(), scan(), scan()]
    for (const running of [first, ...others]) await running?.next()
    const fourth = scan()
    const waiting = fourth.next()
    const [count] = await database.query(CONNECTIONS)
    expect(count).toEqual({ count: 3 })
    for (let batch = await first?.next(); batch?.done === false; batch = await first?.next());
    expect((await waiting).done).toBe(false)
    expect(await database.query(CONNECTIONS)).toEqual([{ count: 3 }])
    for (const running of [fourth, ...others]) await running.return?.()
  })

  test('a cut sees now and later what was there, on every connection', async () => {
    await using database = await freshDatabase(major)
    await database.query('create table t (id int primary key); insert into t values (1)')
    await using source = await open(database.url)
    await using opened = await openEntity(source, 'public.t')
    await database.query('insert into t values (2)')
    const both = await Promise.all([1, 2].map(() => readRows(opened.cut, opened.entity)))
    expect(both).toEqual([[['1']], [['1']]])
  })

  test('a column that came late says what older rows hold', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key); insert into t values (1);
      alter table t add a text default E'x\\ty', add b int, add c timestamptz not null
        default '2020-01-01 00:00:00+00', add d int[] default '{1,2}'`)
    await using source = await open(database.url)
    await using opened = await openEntity(source, 'public.t')
    expect(opened.entity.fields.map(({ name, missing }) => [name, missing])).toEqual([
      ['id', null],
      ['a', 'x\\ty'],
      ['b', '\\N'],
      ['c', '2020-01-01 00:00:00+00'],
      ['d', '{1,2}'],
    ])
  })

  test('what is not restored is named', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key);
      create function f(int) returns int language sql as 'select 1';
      create procedure p() language sql as '';
      create view v as select 1; create materialized view m as select 1;
      create function tf() returns trigger language plpgsql as 'begin return new; end';
      create trigger tr before insert on t for each row execute function tf();
      create policy po on t; create rule ru as on delete to t do instead nothing;
      comment on table t is 'x'`)
    await using source = await open(database.url)
    await using cut = await source.openCut(never)
    const { notRestored } = await cut.readCatalogue(() => true)
    expect(notRestored).toEqual([
      { kind: 'comment', name: 'public.t' },
      { kind: 'function', name: 'public.f(integer)' },
      { kind: 'function', name: 'public.tf()' },
      { kind: 'materialized view', name: 'public.m' },
      { kind: 'policy', name: 'po on public.t' },
      { kind: 'procedure', name: 'public.p()' },
      { kind: 'rule', name: 'ru on public.t' },
      { kind: 'trigger', name: 'tr on public.t' },
      { kind: 'view', name: 'public.v' },
    ])
  })

  test('a field of another type now prints as it did, where that is exact', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key, a numeric(15,4), b timestamptz, c char(4),
        d date, e bigint);
      insert into t values (1, 1.5000, '2020-01-01 00:00:00+00', 'ab', '2020-01-01', 7),
        (2, 1.5001, '2020-01-01 00:00:01+00', 'abcd', 'infinity', -7), (3, null, null, null, null, null)`)
    await using source = await open(database.url)
    await using opened = await openEntity(source, 'public.t')
    const wanted = [
      'integer',
      'numeric(15,2)',
      'date',
      'text',
      'timestamp without time zone',
      'numeric(9,1)',
    ]
    const fields = opened.entity.fields.map((field, i) => ({ ...field, type: wanted[i] ?? '' }))
    expect(await readRows(opened.cut, { ...opened.entity, fields })).toEqual([
      ['1', '1.50', '2020-01-01', 'ab', '2020-01-01 00:00:00', '7.0'],
      ['2', '1.5001', '2020-01-01 00:00:01+00', 'abcd', 'infinity', '-7.0'],
      ['3', null, null, null, null, null],
    ])
  })

  test('a database in another encoding is read as UTF-8, one without encoding only if it is', async () => {
    await using latin = await freshDatabase(
      major,
      "template template0 encoding 'LATIN1' locale 'C'",
    )
    await using none = await freshDatabase(
      major,
      "template template0 encoding 'SQL_ASCII' locale 'C'",
    )
    for (const database of [latin, none]) {
      await database.query(
        `create table t (id int primary key, v text); insert into t values (1, 'é')`,
      )
      await using source = await open(database.url)
      await using opened = await openEntity(source, 'public.t')
      expect(await readRows(opened.cut, opened.entity)).toEqual([['1', 'é']])
    }
    await none.query(`insert into t values (2, convert_from('\\xe9', 'SQL_ASCII'))`)
    await using source = await open(none.url)
    await using opened = await openEntity(source, 'public.t')
    await expect(readRows(opened.cut, opened.entity)).rejects.toMatchObject({
      code: 'connector.value-refused',
    })
  })
})
