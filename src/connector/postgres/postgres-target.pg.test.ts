import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { Secret } from '#stdx/secret'
import { describePostgres, type FreshDatabase, freshDatabase } from '#test/servers/fresh-database'
import type { CreatePlan } from '../connector.ts'
import { optionsFor, readRows, rowsOf } from '../testing/contract-system.ts'
import { postgresConnector } from './postgres-connector.ts'
import { copyTables, write } from './testing/copy-tables.ts'

const never = new AbortController().signal
const t = 'public.t' as EntityName

async function readSequences(from: FreshDatabase): Promise<CreatePlan['sequences']> {
  await using source = await postgresConnector.openSource(optionsFor(new Secret(from.url)))
  await using cut = await source.openCut(never)
  return (await cut.readCatalogue(() => true)).sequences
}

async function readTable(database: FreshDatabase, sql: string): Promise<unknown[]> {
  return (await database.query(sql)).map((row) => Object.values(row).join('|'))
}

describePostgres('target', (major) => {
  test('a default, a check and a generated field that need a missing function are left out and named', async () => {
    await using from = await freshDatabase(major)
    await using to = await freshDatabase(major)
    await from.query(`create function f(int) returns int language sql immutable as 'select $1 + 1';
      create domain d as int check (f(value) > 0);
      create table t (id int primary key, a int default f(1), b int generated always as (f(id)) stored,
        c int default 7, e d, check (f(id) > 0), check (id < 100));
      create index by_f on t (f(id)); insert into t (id) values (1), (2)`)
    const leftOut = await copyTables(from, to)
    expect(leftOut.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'check "d_check" on public.d',
      'generated column "public"."t"."b"',
      'default "public"."t"."a"',
      'check "t_id_check" on "public"."t"',
      'index "by_f" on "public"."t"',
    ])
    expect(leftOut.every(({ reason }) => reason.length > 10)).toBe(true)
    expect(await readTable(to, 'select * from t order by id')).toEqual(['1|2|7|', '2|2|7|'])
    await expect(to.query('insert into t values (100)')).rejects.toThrow('t_id_check1')
  })

  test('a single table brings its types and sequences, and names the foreign key it cannot keep', async () => {
    await using from = await freshDatabase(major)
    await using to = await freshDatabase(major)
    await from.query(`create type mood as enum ('ok'); create type unused as enum ('x');
      create domain code as text; create table parent (id serial primary key);
      create table t (id serial primary key, m mood[], c code, p int references parent);
      create sequence free; insert into parent values (default);
      insert into t values (default, '{ok}', 'c', 1)`)
    const leftOut = await copyTables(from, to, ['public.t'])
    expect(leftOut).toMatchObject([{ kind: 'foreign key', name: '"t_p_fkey" on "public"."t"' }])
    expect(
      await readTable(
        to,
        "select typname from pg_type where typname in ('mood', 'unused', 'code') order by 1",
      ),
    ).toEqual(['code', 'mood'])
    expect(await readTable(to, "select relname from pg_class where relkind = 'S'")).toEqual([
      't_id_seq',
    ])
    expect(await readTable(to, 'insert into t (m) values (null) returning id')).toEqual(['2'])
  })

  test('a sequence that was read before the rows goes behind them, and never back', async () => {
    await using from = await freshDatabase(major)
    await using to = await freshDatabase(major)
    await from.query(`create table t (id serial primary key);
      create table u (id int primary key default 0); create sequence down increment -1 owned by u.id;
      alter table u alter id set default nextval('down');
      create table v (id serial primary key); insert into v select from generate_series(1, 9);
      insert into t values (default); insert into u values (default); delete from v where id > 2`)
    const early = await readSequences(from)
    await from.query(`insert into t select from generate_series(1, 5);
      insert into u select from generate_series(1, 5)`)
    await copyTables(from, to, undefined, { sequences: early, mayTrail: true })
    for (const [table, next] of [
      ['t', '7'],
      ['u', '-7'],
      ['v', '10'],
    ]) {
      expect(await readTable(to, `insert into ${table} values (default) returning id`)).toEqual([
        next,
      ])
    }
  })

  test('a sequence that was there, and a field takes numbers from, goes behind its rows', async () => {
    await using from = await freshDatabase(major)
    await using to = await freshDatabase(major)
    const sequences = 'create sequence free; create sequence short maxvalue 3'
    await from.query(`${sequences}; create table t (id int default nextval('free'), v int default nextval('short'));
      insert into t select from generate_series(1, 3)`)
    await to.query(sequences)
    expect(await copyTables(from, to)).toEqual([
      {
        kind: 'position of sequence',
        name: 'public.short',
        reason: expect.stringContaining('it ends at 3, and public.t holds 3'),
      },
    ])
    expect(await readTable(to, "select nextval('free')")).toEqual(['4'])
  })

  test('a sequence without numbers left is named, with none of them taken', async () => {
    await using database = await freshDatabase(major)
    await database.query('create table t (id serial primary key, v text)')
    await database.query('alter sequence t_id_seq maxvalue 2 cycle')
    const taking = write(database.url, async (opened) => opened.takeKeys?.(t, 3n))
    await expect(taking).rejects.toMatchObject({
      code: 'connector.numbers-exhausted',
      message: expect.stringContaining('t_id_seq" ends at 2'),
    })
    await database.query('alter sequence t_id_seq no cycle')
    const adding = write(database.url, (opened) =>
      opened.insertRows(t, ['v'], rowsOf(['a'], ['b'], ['c'])),
    )
    await expect(adding).rejects.toMatchObject({
      code: 'connector.numbers-exhausted',
      message: expect.stringContaining('SQLSTATE 2200H'),
    })
    expect(await readTable(database, 'select * from t')).toEqual([])
  })

  test('a type of the same name that differs is refused, an equal one is used', async () => {
    await using from = await freshDatabase(major)
    await using to = await freshDatabase(major)
    await from.query(`create type mood as enum ('ok', 'sad'); create table t (m mood)`)
    await to.query(`create type mood as enum ('ok', 'bad')`)
    await expect(copyTables(from, to)).rejects.toMatchObject({ code: 'connector.create-refused' })
    await to.query(`alter type mood add value 'sad'`)
    expect(await copyTables(from, to)).toEqual([])
  })

  test('an identity continues where it stood, or behind the largest value when that was hidden', async () => {
    await using from = await freshDatabase(major)
    await using to = await freshDatabase(major)
    await from.query(`create table t (id int generated always as identity primary key);
      create table u (id serial primary key);
      insert into t select from generate_series(1, 5); delete from t where id > 2;
      insert into u select from generate_series(1, 5); delete from u where id > 2`)
    const role = `reader_${from.name}`
    await from.query(`create role ${role} login password 'r'; grant select on t, u to ${role};
      grant select on sequence t_id_seq to ${role}`)
    const url = new URL(from.url)
    url.username = role
    url.password = 'r'
    await copyTables({ ...from, url: url.href }, to)
    expect(await readTable(to, 'insert into t default values returning id')).toEqual(['6'])
    expect(await readTable(to, 'insert into u default values returning id')).toEqual(['3'])
    await from.query(`drop owned by ${role}`)
  })

  test('triggers and rules stay quiet and are there afterwards as before', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table log (what text); create table t (id int primary key, v int);
      create function note() returns trigger language plpgsql
        as 'begin insert into log values (tg_op); return new; end';
      create trigger each after insert or update or delete on t for each row execute function note();
      create trigger off after insert on t execute function note();
      create trigger forced after insert on t execute function note();
      alter table t disable trigger off, enable always trigger forced;
      create rule kept as on delete to t do instead nothing; insert into t values (1, 1), (2, 2);
      delete from log`)
    await write(database.url, async (opened) => {
      await opened.insertRows(t, ['id', 'v'], rowsOf(['3', '3']))
      await opened.updateRows(t, { key: ['id'], fields: ['id', 'v'], rows: rowsOf(['1', '9']) })
      await opened.deleteRows(t, { key: ['id'], fields: ['id'], rows: rowsOf(['2']) })
    })
    expect(await readTable(database, 'select * from t order by id')).toEqual(['1|9', '3|3'])
    expect(await readTable(database, 'select * from log')).toEqual([])
    expect(
      await readTable(
        database,
        'select tgname, tgenabled from pg_trigger where not tgisinternal order by 1',
      ),
    ).toEqual(['each|O', 'forced|A', 'off|D'])
    expect(
      await readTable(database, `select ev_enabled from pg_rewrite where rulename = 'kept'`),
    ).toEqual(['O'])
  })

  test('deleting does not cascade to rows that no plan names', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key);
      create table child (id int primary key, t int references t on delete cascade);
      insert into t values (1), (2); insert into child values (1, 1)`)
    const remove = (id: string) =>
      write(database.url, (opened) =>
        opened.deleteRows(t, { key: ['id'], fields: ['id'], rows: rowsOf([id]) }),
      )
    await expect(remove('1')).rejects.toMatchObject({ code: 'connector.constraint-violated' })
    expect(await remove('2')).toBe(1)
    expect(await readTable(database, 'select id from child')).toEqual(['1'])
  })

  test('a foreign key that was made after the plan takes nothing along either', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key); create table child (id int primary key, t int);
      insert into t values (1); insert into child values (1, 1)`)
    await using target = await postgresConnector.openTarget(optionsFor(new Secret(database.url)))
    await using cut = await target.openCut(never)
    await cut.readCatalogue(() => true)
    await database.query('alter table child add foreign key (t) references t on delete cascade')
    await using opened = await target.openWrite(never, cut)
    const keyed = { key: ['id'], fields: ['id'], rows: rowsOf(['1']) }
    const refused = { code: 'connector.constraint-violated' }
    await expect(opened.deleteRows(t, keyed)).rejects.toMatchObject(refused)
  })

  test('a row without a key is not deleted under others, and no value changed', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key, code int unique, up int, v int,
        foreign key (up) references t (code) on update cascade);
      create table loose (code int unique, v int);
      create table child (id int primary key, t int references t (code) on update cascade,
        loose int references loose (code) on delete set null);
      insert into t values (1, 10, null, 0), (2, 20, 10, 0), (3, 30, null, 0);
      insert into loose values (1, 1), (2, 2), (null, 3); insert into child values (1, 10, 1)`)
    const rename = (fields: readonly string[], ...rows: (string | null)[][]) =>
      write(database.url, (opened) =>
        opened.updateRows(t, { key: ['id'], fields, rows: rowsOf(...rows) }),
      )
    const refused = { code: 'connector.constraint-violated' }
    const renamed = ['id', 'code', 'v']
    await expect(rename(renamed, ['1', '11', '5'])).rejects.toMatchObject(refused)
    expect(await rename(renamed, ['1', '10', '5'], ['3', '31', '5'])).toBe(2)
    await database.query('delete from child where id = 1; insert into child values (2, null, 1)')
    // What refers to it is a row of its own, which is given another value, or is not.
    await expect(rename(renamed, ['1', '11', '5'])).rejects.toMatchObject(refused)
    const all = ['id', 'code', 'up', 'v']
    expect(await rename(all, ['1', '11', null, '5'], ['2', '20', '11', '6'])).toBe(2)
    const remove = (...row: (string | null)[]) =>
      write(database.url, (opened) => {
        const keyed = { key: [], fields: ['code', 'v'], rows: rowsOf(row) }
        return opened.deleteRows('public.loose' as EntityName, keyed)
      })
    await expect(remove('1', '1')).rejects.toMatchObject(refused)
    expect(await remove('2', '2')).toBe(1)
    expect(await remove(null, '3')).toBe(1)
    expect(await readTable(database, 'select t, loose from child')).toEqual(['|1'])
    expect(await readTable(database, 'select * from t order by id')).toEqual([
      '1|11||5',
      '2|20|11|6',
      '3|31||5',
    ])
  })

  test('foreign keys of a cycle wait for the commit and are afterwards as before', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table a (id int primary key, b int);
      create table b (id int primary key, a int references a, self int references b);
      alter table a add constraint a_b foreign key (b) references b deferrable;
      create table p (id int primary key, a int references a) partition by list (id);
      create table p1 partition of p for values in (1)`)
    const state = `select conname, condeferrable, condeferred, convalidated from pg_constraint
      where contype = 'f' order by conname`
    const before = await readTable(database, state)
    const [a, b, p] = ['public.a', 'public.b', 'public.p'] as EntityName[]
    if (!a || !b || !p) throw new Error('Three names.')
    await write(database.url, async (opened) => {
      await opened.deferForeignKeys([a, b, p])
      await opened.insertRows(p, ['id', 'a'], rowsOf(['1', '1']))
      await opened.insertRows(b, ['id', 'a', 'self'], rowsOf(['1', '1', '2'], ['2', '1', '1']))
      await opened.insertRows(a, ['id', 'b'], rowsOf(['1', '2']))
    })
    expect(await readTable(database, state)).toEqual(before)
    const wrong = write(database.url, async (opened) => {
      await opened.deferForeignKeys([a, b])
      await opened.insertRows(a, ['id', 'b'], rowsOf(['7', '8']))
    })
    await expect(wrong).rejects.toMatchObject({ code: 'connector.constraint-violated' })
    expect(await readTable(database, state)).toEqual(before)
  })

  test('updateRows() reaches identity fields, partitions and keys that ignore case', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create collation loose (provider = icu, locale = 'und-u-ks-level2',
        deterministic = false);
      create table t (k text collate loose primary key, n int generated always as identity, v text);
      insert into t (k, v) values ('a', 'x'), ('b', 'y');
      create table p (id int primary key, v text) partition by range (id);
      create table p1 partition of p for values from (0) to (10);
      create table p2 partition of p for values from (10) to (20);
      insert into p values (5, 'x'), (15, 'y')`)
    await write(database.url, async (opened) => {
      const fields = ['k', 'n', 'v']
      await opened.updateRows(t, { key: ['k'], fields, rows: rowsOf(['a', '77', 'new']) })
      const p = 'public.p' as EntityName
      const rows = rowsOf(['5', 'five'], ['15', null])
      await opened.updateRows(p, { key: ['id'], fields: ['id', 'v'], rows })
      await opened.deleteRows(p, { key: ['id'], fields: ['id'], rows: rowsOf(['15']) })
    })
    expect(await readTable(database, 'select k, n, v from t order by k')).toEqual([
      'a|77|new',
      'b|2|y',
    ])
    expect(await readTable(database, 'select * from p')).toEqual(['5|five'])
    expect(
      await readTable(
        database,
        `select attidentity from pg_attribute where attname = 'n' and attrelid = 't'::regclass`,
      ),
    ).toEqual(['a'])
    const other = write(database.url, (opened) =>
      opened.updateRows(t, { key: ['k'], fields: ['k', 'v'], rows: rowsOf(['A', 'z']) }),
    )
    await expect(other).rejects.toMatchObject({ code: 'connector.target-changed' })
  })

  test('rows swap unique values, whether or not the constraint can wait', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key, v int constraint once unique);
      insert into t values (1, 1), (2, 2)`)
    const swap = () =>
      write(database.url, (opened) =>
        opened.updateRows(t, {
          key: ['id'],
          fields: ['id', 'v'],
          rows: rowsOf(['1', '2'], ['2', '1']),
        }),
      )
    expect(await swap()).toBe(2)
    expect(await database.query('select v from t order by id')).toEqual([{ v: 2 }, { v: 1 }])
    await database.query(`alter table t drop constraint once, add unique (v) deferrable;
      update t set v = 3 - v`)
    expect(await swap()).toBe(2)
  })

  test.each([
    ['a value of the wrong form', ['x', '1'], 'connector.value-refused'],
    ['a value that is too long', ['1', 'secret value'], 'connector.value-refused'],
    ['a row with too few fields', ['1'], 'connector.value-refused'],
  ])('%s is refused without being printed', async (_, row, code) => {
    await using database = await freshDatabase(major)
    await database.query('create table t (id int, v varchar(3))')
    const attempt = write(database.url, (opened) =>
      opened.insertRows(t, ['id', 'v'], rowsOf(['1', 'abc'], row)),
    )
    await expect(attempt).rejects.toMatchObject({ code })
    await expect(attempt).rejects.not.toThrow(/secret/)
    const error = await attempt.catch((caught: unknown) => caught)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(Object(error)))).not.toContain('secret')
  })

  test('a failing source of rows rolls back and is what the caller learns', async () => {
    await using database = await freshDatabase(major)
    await database.query('create table t (id int)')
    async function* rows() {
      yield* rowsOf(['1'])
      throw new Error('the vault is damaged')
    }
    const attempt = write(database.url, (opened) => opened.insertRows(t, ['id'], rows()))
    await expect(attempt).rejects.toThrow('the vault is damaged')
    expect(await readTable(database, 'select * from t')).toEqual([])
  })

  test('a connection that is cut while writing leaves nothing', async () => {
    await using database = await freshDatabase(major)
    await database.query('create table t (id int)')
    async function* rows() {
      yield* rowsOf(['1'])
      await database.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'holdfast' and datname = current_database()`)
      for (let i = 0; i < 100; i++) yield* rowsOf(['2'])
    }
    const attempt = write(database.url, (opened) => opened.insertRows(t, ['id'], rows()))
    await expect(attempt).rejects.toMatchObject({ code: 'connector.unreachable' })
    expect(await readTable(database, 'select * from t')).toEqual([])
  })

  test('a database set to read only is refused', async () => {
    await using database = await freshDatabase(major)
    await database.query(`alter database ${database.name} set default_transaction_read_only = on`)
    const attempt = postgresConnector.openTarget(optionsFor(new Secret(database.url)))
    await expect(attempt).rejects.toMatchObject({ code: 'connector.read-only' })
  })

  test('a user without the right to write is told so', async () => {
    await using database = await freshDatabase(major)
    const role = `writer_${database.name}`
    await database.query(`create table t (id int); create role ${role} login password 'r'`)
    const url = new URL(database.url)
    url.username = role
    url.password = 'r'
    const attempt = write(url.href, (opened) => opened.insertRows(t, ['id'], rowsOf(['1'])))
    await expect(attempt).rejects.toMatchObject({ code: 'connector.denied' })
    await database.query(`drop owned by ${role}`)
  })

  test('rows written through a partitioned root are read through it', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key) partition by hash (id);
      create table t0 partition of t for values with (modulus 2, remainder 0);
      create table t1 partition of t for values with (modulus 2, remainder 1)`)
    await write(database.url, (opened) => opened.insertRows(t, ['id'], rowsOf(['3'], ['1'], ['2'])))
    await using source = await postgresConnector.openSource(optionsFor(new Secret(database.url)))
    await using cut = await source.openCut(never)
    const { entities } = await cut.readCatalogue(() => true)
    expect(entities.map(({ entity }) => entity)).toEqual(['public.t'])
    const [entity] = entities
    if (!entity) throw new Error('There is one table.')
    expect(await readRows(cut, entity)).toEqual([['1'], ['2'], ['3']])
  })
})
