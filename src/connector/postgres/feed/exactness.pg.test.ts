import { expect, test } from 'vitest'
import { describePostgres } from '#test/servers/fresh-database'
import { tellSteps } from '../testing/tell-steps.ts'

describePostgres('feed: replica identities', (major) => {
  const big = "repeat('0123456789', 1000)"
  const stored = (identity: string) =>
    `create table t (id int primary key, other int not null unique, v int, big text);
    alter table t alter big set storage external;
    alter table t replica identity ${identity};
    insert into t values (1, 11, 1, ${big})`
  const steps = [
    'update t set v = 2',
    'update t set id = 2',
    'update t set v = null',
    'delete from t',
  ]

  test('DEFAULT marks large values that did not change, and the old key with them', async () => {
    expect(await tellSteps(major, stored('default'), { before: steps })).toEqual([
      'update public.t 1 11 2 ~',
      'delete public.t 1',
      'insert public.t 2 11 2 ~ from 1',
      'update public.t 2 11 \\N ~',
      'delete public.t 2',
    ])
  })

  test('FULL brings them, and never a null for what was not sent', async () => {
    const value = '0123456789'.repeat(1000)
    expect(await tellSteps(major, stored('full'), { before: steps })).toEqual([
      `update public.t 1 11 2 ${value}`,
      'delete public.t 1',
      `insert public.t 2 11 2 ${value}`,
      `update public.t 2 11 \\N ${value}`,
      'delete public.t 2',
    ])
  })

  test('FULL brings values of a row that is large itself', async () => {
    const setup = `create table t (id int primary key, v int, big text);
      alter table t alter big set storage external; alter table t replica identity full;
      insert into t values (1, 1, repeat('0123456789', 300000))`
    const value = '0123456789'.repeat(300_000)
    const before = ['update t set v = 2', 'update t set id = 2', 'update t set big = null']
    expect(await tellSteps(major, setup, { before })).toEqual([
      `update public.t 1 2 ${value}`,
      'delete public.t 1',
      `insert public.t 2 2 ${value}`,
      'update public.t 2 2 \\N',
    ])
  })

  test('upserts are told as what they became', async () => {
    const setup = 'create table t (id int primary key, v int); insert into t values (1, 1)'
    const upsert = (id: number) =>
      `insert into t values (${id}, 5) on conflict (id) do update set v = t.v + 1`
    const before = [upsert(1), upsert(2), `begin; ${upsert(3)}; ${upsert(3)}; commit`]
    expect(await tellSteps(major, setup, { before })).toEqual([
      'update public.t 1 2',
      'insert public.t 2 5',
      'insert public.t 3 5',
      'update public.t 3 6',
    ])
  })

  test('rows are told one by one, whatever statement wrote them', async () => {
    const setup = `create table t (id int primary key, v int);
      create table c (id int primary key, t int references t on delete cascade on update cascade,
        u int references t on delete set null);
      insert into t select n, 0 from generate_series(1, 4) n;
      insert into c values (1, 1, 3), (2, 2, 3)`
    const merge = `merge into t using (values (2), (9)) s(id) on t.id = s.id
      when matched then delete when not matched then insert values (s.id, 1)`
    const before = [
      'update t set id = 5 where id = 1',
      'delete from t where id = 3',
      'with gone as (delete from t where id = 4 returning *) insert into t select id, 4 from gone where false',
      'insert into t values (5, 0), (6, 0) on conflict do nothing',
      'begin; savepoint a; insert into t values (7, 0); rollback to a; insert into t values (7, 1); commit',
      'begin; insert into t values (8, 0); update t set v = 1 where id = 8; delete from t where id = 8; commit',
      major >= 15 ? merge : 'delete from t where id = 2; insert into t values (9, 1)',
    ]
    expect(await tellSteps(major, setup, { before })).toEqual([
      'delete public.t 1',
      'insert public.t 5 0',
      'update public.c 1 5 3',
      'delete public.t 3',
      'update public.c 2 2 \\N',
      'update public.c 1 5 \\N',
      'delete public.t 4',
      'insert public.t 6 0',
      'insert public.t 7 1',
      'insert public.t 8 0',
      'update public.t 8 1',
      'delete public.t 8',
      'delete public.t 2',
      'insert public.t 9 1',
      'delete public.c 2',
    ])
  })

  test('a key that is checked at the end of a transaction only is left to scans', async () => {
    const setup = `create table t (id int primary key deferrable, v int);
      alter table t replica identity full; insert into t values (1, 1), (2, 2)`
    expect(await tellSteps(major, setup, { before: ['update t set id = id + 1'] })).toEqual([])
    const usual = setup.replace('deferrable', '')
    const key = 'alter table t drop constraint t_pkey, add primary key (id)'
    const live = [`${key} deferrable`, 'update t set id = id + 1', key, 'update t set v = 3']
    expect(await tellSteps(major, usual, { live })).toEqual([
      'unfollowed public.t: the key of "public"."t" is deferrable: the log does not tell which record keeps it',
      'described public.t (id integer, v integer=\\N)',
      'update public.t 2 3',
      'update public.t 3 3',
    ])
  })

  test('an index that is the key is followed, another is left to scans', async () => {
    const setup = `create table k (code text not null, v int);
      create unique index k_code on k (code);
      alter table k replica identity using index k_code;
      ${stored('using index t_other_key')}`
    const before = ["insert into k values ('a', 1)", "update k set code = 'b'", ...steps]
    expect(await tellSteps(major, setup, { before })).toEqual([
      'insert public.k a 1',
      'delete public.k a',
      'insert public.k b 1',
    ])
  })

  test('a key that is large itself is told with every change', async () => {
    const setup = `create table t (k text primary key, v int);
      alter table t alter k set storage external;
      insert into t values (repeat('abcdefghij', 250), 1)`
    const key = 'abcdefghij'.repeat(250)
    expect(
      await tellSteps(major, setup, { before: ['update t set v = 2', 'delete from t'] }),
    ).toEqual([`update public.t ${key} 2`, `delete public.t ${key}`])
  })

  test('tables without key are not published: the application goes on writing to them', async () => {
    const setup =
      'create table t (v int); create table n (id int primary key); alter table n replica identity nothing'
    const before = [
      'insert into t values (1)',
      'update t set v = 2',
      'delete from t',
      'insert into n values (1)',
      'update n set id = 2',
      'delete from n',
    ]
    expect(await tellSteps(major, setup, { before })).toEqual([])
  })

  test('an identity that is taken away is told once, and one that is given back', async () => {
    const setup = 'create table t (id int primary key, v int); insert into t values (1, 1)'
    const live = [
      'alter table t replica identity nothing',
      'insert into t values (2, 2)',
      'insert into t values (3, 3)',
      'alter table t replica identity default',
      'update t set v = 9 where id = 1',
    ]
    expect(await tellSteps(major, setup, { live })).toEqual([
      'unfollowed public.t: the replica identity of "public"."t" does not tell the key of its records',
      'described public.t (id integer, v integer=\\N)',
      'update public.t 1 9',
    ])
  })
})

describePostgres('feed: what changes a table', (major) => {
  const setup =
    'create table t (id int primary key, v int, w text); insert into t values (1, 1, null)'

  test('fields that come, go and are renamed are described before the rows that have them', async () => {
    const live = [
      "alter table t add d text default 'x'",
      'update t set v = 2',
      'alter table t rename w to z',
      'update t set v = 3',
      'alter table t drop column v',
      "update t set z = 'z'",
      'alter table t alter d type varchar(9)',
      "update t set z = 'y'",
    ]
    expect(await tellSteps(major, setup, { live })).toEqual([
      'described public.t (id integer, v integer=\\N, w text=\\N, d text=x)',
      'update public.t 1 2 \\N x',
      'described public.t (id integer, v integer=\\N, z text=\\N, d text=x)',
      'update public.t 1 3 \\N x',
      'described public.t (id integer, z text=\\N, d text=x)',
      'update public.t 1 z x',
      expect.stringMatching(
        /^described public\.t \(id integer, z text=\\N, d character varying\(9\)(=x)?\)$/,
      ),
      'update public.t 1 y x',
    ])
  })

  test('a field that was dropped and made again is another field', async () => {
    const live = ['alter table t drop column w, add w text', "update t set w = 'new'"]
    expect(await tellSteps(major, setup, { live })).toEqual([
      'described public.t (id integer, v integer=\\N, w text=\\N)',
      'update public.t 1 1 new',
    ])
  })

  test('rows from before fields traded their names in a transaction are left to a scan', async () => {
    const setup = `create table t (id int primary key, v text); insert into t values (1, 'v')`
    const trade = `begin; alter table t add w text; update t set w = 'w';
      alter table t rename v to x; alter table t rename w to v; alter table t rename x to w;
      update t set v = 'z'; commit`
    expect(await tellSteps(major, setup, { before: [trade] })).toEqual([
      'unfollowed public.t: its fields were changed more than once since it was last looked at',
      'described public.t (id integer, w text=\\N, v text=\\N)',
      'update public.t 1 v z',
    ])
  })

  test('rows from before a change that was made meanwhile are read as they were', async () => {
    const before = ['update t set v = 2', 'alter table t add d int default 7', 'update t set v = 3']
    expect(await tellSteps(major, setup, { before })).toEqual([
      'update public.t 1 2 \\N',
      'described public.t (id integer, v integer=\\N, w text=\\N, d integer=7)',
      'update public.t 1 3 \\N 7',
    ])
  })

  test('rows between two changes that were made meanwhile are left to a scan, by name', async () => {
    const before = [
      'update t set v = 2',
      'alter table t add d int default 7',
      'update t set v = 3',
      'alter table t add e int',
      'update t set v = 4',
    ]
    expect(await tellSteps(major, setup, { before })).toEqual([
      'update public.t 1 2 \\N',
      'unfollowed public.t: its fields were changed more than once since it was last looked at',
      'described public.t (id integer, v integer=\\N, w text=\\N, d integer=7, e integer=\\N)',
      'update public.t 1 4 \\N 7 \\N',
    ])
  })

  test('rows of a table that is gone by now are told as long as it was known', async () => {
    const before = ['update t set v = 2', 'drop table t']
    expect(await tellSteps(major, setup, { before })).toEqual(['update public.t 1 2 \\N'])
  })

  test('TRUNCATE names every table it empties', async () => {
    const tables = `${setup}; create table c (id int primary key, t int references t)`
    const before = ['insert into c values (1, 1)', 'truncate t cascade', 'insert into t values (5)']
    expect(await tellSteps(major, tables, { before })).toEqual([
      'insert public.c 1 1',
      'truncate public.t',
      'truncate public.c',
      'insert public.t 5 \\N \\N',
    ])
  })

  test('generated columns, domains, enums and arrays are told as a scan prints them', async () => {
    const types = `create type mood as enum ('sad', 'o k'); create domain positive as numeric(9,2) check (value > 0);
      create type pair as (a int, b text);
      create table t (id int primary key, g int generated always as (id * 2) stored,
        m mood, d positive, a text[], p pair, b bytea, f float8, s timestamptz)`
    const before = [
      `insert into t values (1, default, 'o k', 1.5, array['x y', null, '\\'], row(1, 'q"'), '\\x00ff',
        0.1::float8 + 0.2::float8, '2026-06-30 12:00:00.123456+02')`,
      "alter type mood add value 'glad'",
      "update t set m = 'glad'",
    ]
    const rest =
      '1.50 {"x y",NULL,"\\\\\\\\"} (1,"q""") \\\\x00ff 0.30000000000000004 2026-06-30 10:00:00.123456+00'
    expect(await tellSteps(major, types, { before })).toEqual([
      `insert public.t 1 o k ${rest}`,
      `update public.t 1 glad ${rest}`,
    ])
  })

  test('settings of role and database change no text', async () => {
    const bent = `${setup.replace('w text', 'w float8')};
      do $$ begin execute format('alter database %I set extra_float_digits = -5', current_database());
        execute format('alter database %I set datestyle = German', current_database()); end $$`
    const before = ['update t set w = 0.1::float8 + 0.2::float8']
    expect(await tellSteps(major, bent, { before })).toEqual([
      'update public.t 1 1 0.30000000000000004',
    ])
  })
})

describePostgres('feed: partitions', (major) => {
  const setup = `create table p (id int, k int, v text, primary key (id, k)) partition by list (k);
    create table p1 partition of p for values in (1);
    create table p2 (v text, k int not null, id int not null, primary key (id, k));
    alter table p attach partition p2 for values in (2);
    insert into p values (1, 1, 'a'), (2, 2, 'b')`

  test('changes of partitions are those of the table, whatever the order of their columns', async () => {
    const live = [
      "update p set v = 'c' where id = 2",
      'update p set k = 2 where id = 1',
      'truncate p1',
      'truncate p',
      'create table p3 partition of p for values in (3)',
      "insert into p values (3, 3, 'new')",
    ]
    const lines = await tellSteps(major, setup, { live })
    expect(lines.filter((line) => !line.startsWith('described'))).toEqual([
      'update public.p 2 2 c',
      'delete public.p 1 1',
      'insert public.p 1 2 a',
      'truncate public.p in part',
      'truncate public.p',
      // What it held when it came would be told to nobody.
      'unfollowed public.p: a partition of it was added, attached, detached or dropped',
      'insert public.p 3 3 new',
    ])
  })

  test('a TRUNCATE from before a partition was made is taken for one of a part', async () => {
    const before = ['truncate p', 'create table p3 partition of p for values in (3)']
    const lines = await tellSteps(major, setup, { before })
    expect(lines.at(-1)).toBe('truncate public.p in part')
  })

  test('a record that leaves its partition and comes back in one transaction is where it was', async () => {
    const before = [
      'begin; update p set k = 2 where id = 1; update p set k = 1 where id = 1; commit',
    ]
    const lines = await tellSteps(major, setup, { before })
    expect(lines.filter((line) => !line.startsWith('described'))).toEqual([
      'delete public.p 1 1',
      'insert public.p 1 2 a',
      'delete public.p 1 2',
      'insert public.p 1 1 a',
    ])
  })
})
