import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { Secret } from '#stdx/secret'
import { describePostgres, type FreshDatabase, freshDatabase } from '#test/servers/fresh-database'
import type { TargetWrite } from '../connector.ts'
import type { SideEffect, WriteOp } from '../side-effect.ts'
import { optionsFor, rowsOf } from '../testing/contract-system.ts'
import { postgresConnector } from './postgres-connector.ts'

const never = new AbortController().signal
const t = 'public.t' as EntityName

const NOTE = `create table log (what text);
  create function note() returns trigger language plpgsql security definer as
    'begin insert into public.log values (tg_name || '' '' || lower(tg_op)); return null; end'`

async function list(url: string, ops: readonly WriteOp[], entity = t) {
  await using target = await postgresConnector.openTarget(optionsFor(new Secret(url)))
  return await target.listSideEffects([{ entity, ops }], never)
}

async function write(
  url: string,
  steps: (write: TargetWrite) => Promise<unknown>,
  accepted?: readonly SideEffect[],
): Promise<void> {
  await using target = await postgresConnector.openTarget(optionsFor(new Secret(url)))
  await using opened = await target.openWrite(never, undefined, [], accepted)
  await steps(opened)
  await opened.commit()
}

const insert =
  (...values: string[]) =>
  (opened: TargetWrite) =>
    opened.insertRows(t, ['id', 'v'], rowsOf(values))
const update =
  (...values: string[]) =>
  (opened: TargetWrite) =>
    opened.updateRows(t, { key: ['id'], fields: ['id', 'v'], rows: rowsOf(values) })
const remove = (id: string) => (opened: TargetWrite) =>
  opened.deleteRows(t, { key: ['id'], fields: ['id'], rows: rowsOf([id]) })

async function texts(database: FreshDatabase, sql: string): Promise<string[]> {
  return (await database.query(sql)).map((row) => Object.values(row).join('|'))
}

const logOf = (database: FreshDatabase) => texts(database, 'select what from log order by 1')
const triggersOf = (database: FreshDatabase) =>
  texts(
    database,
    `select oid, tgenabled, pg_get_triggerdef(oid) from pg_trigger union all
      select oid, ev_enabled, rulename from pg_rewrite where ev_class >= 16384 union all
      select oid, evtenabled, evtname from pg_event_trigger order by 1`,
  )

/** A role that is no superuser, and the address under which it comes; gone with its rights. */
async function roleIn(database: FreshDatabase, name: string) {
  const role = `${name}_${database.name}`
  await database.query(`create role ${role} login password 'r';
    grant all on schema public to ${role}; grant temporary on database ${database.name} to ${role}`)
  const url = new URL(database.url)
  url.username = role
  url.password = 'r'
  return {
    role,
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      await database.query(`reset role; drop owned by ${role} cascade; drop role ${role}`)
    },
  }
}

describePostgres('side effects', (major) => {
  test('triggers of partitions stay quiet for an owner, foreign keys on, all afterwards as before', async () => {
    await using database = await freshDatabase(major)
    await using owner = await roleIn(database, 'owner')
    await database.query(`set role ${owner.role}; ${NOTE};
      create table parent (id int primary key); insert into parent values (1), (2), (3), (15);
      create table t (id int primary key references parent, v int) partition by range (id);
      create table low partition of t for values from (0) to (10) partition by range (id);
      create table lowest partition of low for values from (0) to (10);
      create table high partition of t for values from (10) to (20);
      create trigger each after insert or update or delete on t for each row execute function note();
      create trigger of_all after insert on t for each statement execute function note();
      create constraint trigger late after insert on t deferrable initially deferred
        for each row execute function note();
      create trigger own after insert on lowest for each row execute function note();
      create trigger never after insert on lowest for each statement execute function note();
      create trigger copied after insert on t for each row execute function note();
      create trigger off after insert on t for each row execute function note();
      alter table lowest enable always trigger each; alter table high enable replica trigger copied;
      alter table t disable trigger off; alter table only t enable always trigger of_all;
      create rule kept as on delete to t do also insert into log values ('rule');
      insert into t values (1, 1), (2, 2); reset role`)
    await database.query('delete from log')
    const before = await triggersOf(database)
    const found = await list(owner.url, ['insert', 'update', 'delete'])
    expect(new Set(found.map(({ state }) => state))).toEqual(new Set(['quiet']))
    const names = found.map(({ kind, name }) => `${kind} ${name}`)
    expect(names).toContain('trigger each on public.lowest')
    expect(names).toContain('trigger own on public.lowest')
    expect(names).toContain('trigger late')
    expect(names).toContain('rule kept')
    expect(names).not.toContain('trigger off')
    expect(names).not.toContain('trigger never on public.lowest')
    expect(names).not.toContain('trigger copied on public.high')
    // A row that moves to another partition goes there by a delete and an insert.
    const moved = await list(owner.url, ['update'])
    expect(moved.map(({ name }) => name)).toContain('own on public.lowest')
    await write(owner.url, async (opened) => {
      await insert('3', '3')(opened)
      await update('1', '9')(opened)
      await remove('2')(opened)
    })
    expect(await texts(database, 'select * from t order by id')).toEqual(['1|9', '3|3'])
    expect(await logOf(database)).toEqual([])
    const orphan = write(owner.url, insert('7', '7'))
    await expect(orphan).rejects.toMatchObject({ code: 'connector.constraint-violated' })
    expect(await triggersOf(database)).toEqual(before)
    await database.query('insert into t values (2, 2)')
    expect((await logOf(database)).length).toBeGreaterThan(3)
  })

  test('who does not own a table writes what sets nothing off, or what was accepted', async () => {
    await using database = await freshDatabase(major)
    await using guest = await roleIn(database, 'guest')
    await database.query(`${NOTE}; create table t (id int primary key, v int);
      create function plain() returns trigger language plpgsql
        as 'begin insert into log values (tg_name || '' insert''); return null; end';
      create constraint trigger loud after insert on t deferrable initially deferred
        for each row execute function plain();
      create trigger gone after delete on t for each row execute function note();
      create rule kept as on update to t do also insert into log values ('rule');
      insert into t values (1, 1), (2, 2); grant select, insert, update, delete on t to ${guest.role}; grant insert on log to ${guest.role}`)
    await database.query('delete from log')
    const before = await triggersOf(database)
    const runs = (kind: string, name: string) => ({ kind, name, entity: t, state: 'runs' })
    const all = await list(guest.url, ['insert', 'update', 'delete'])
    expect(all).toEqual([runs('rule', 'kept'), runs('trigger', 'gone'), runs('trigger', 'loud')])
    expect(await list(guest.url, ['delete'])).toEqual([runs('trigger', 'gone')])
    const refused = { code: 'connector.denied', message: expect.stringContaining('its owner') }
    await expect(write(guest.url, insert('3', '3'))).rejects.toMatchObject(refused)
    await expect(write(guest.url, update('1', '3'))).rejects.toMatchObject(refused)
    const others = all.filter(({ name }) => name !== 'gone')
    await expect(write(guest.url, remove('2'), others)).rejects.toMatchObject(refused)
    expect(await logOf(database)).toEqual([])
    // What was accepted when it could be kept quiet was accepted.
    const quiet = all.map((effect) => ({ ...effect, state: 'quiet' as const }))
    await write(guest.url, insert('3', '3'), quiet)
    await write(guest.url, update('1', '5'), all)
    expect(await logOf(database)).toEqual(['loud insert', 'rule'])
    await database.query(`drop trigger loud on t; revoke insert, update, delete on t from ${guest.role};
      grant insert (id, v) on t to ${guest.role}`)
    await write(guest.url, insert('4', '4'))
    await database.query(
      `create trigger loud after insert on t for each row execute function note()`,
    )
    expect((await triggersOf(database)).length).toBe(before.length)
  })

  test('event triggers stay quiet for their owner, and run for others only when accepted', async () => {
    await using database = await freshDatabase(major)
    await using owner = await roleIn(database, 'owner')
    await database.query(`create table log (what text); grant all on log to ${owner.role};
      create function told() returns event_trigger language plpgsql as
        'begin insert into public.log values (tg_tag); end';
      set role ${owner.role}; create table t (id int primary key, v int); insert into t values (1, 1);
      reset role;
      create event trigger any_end on ddl_command_end execute function told();
      create event trigger drops on sql_drop execute function told();
      create event trigger "Our Own" on ddl_command_start when tag in ('ALTER TABLE') execute function told();
      create event trigger views on ddl_command_end when tag in ('CREATE VIEW') execute function told();
      alter event trigger drops enable always`)
    await database.query('delete from log')
    const before = await triggersOf(database)
    const names = async (url: string, ops: readonly WriteOp[]) =>
      (await list(url, ops)).map(({ name, state }) => `${name} ${state}`)
    expect(await names(database.url, ['update'])).toEqual([
      'Our Own quiet',
      'any_end quiet',
      'drops quiet',
    ])
    expect(await names(database.url, ['create', 'insert'])).toContain('views quiet')
    expect(await names(owner.url, ['update'])).toEqual([
      'Our Own runs',
      'any_end runs',
      'drops runs',
    ])
    await write(database.url, update('1', '2'))
    expect(await logOf(database)).toEqual([])
    expect(await triggersOf(database)).toEqual(before)
    // Two at once wait for each other.
    await using target = await postgresConnector.openTarget(optionsFor(new Secret(database.url)))
    {
      await using first = await target.openWrite(never)
      const second = write(database.url, update('1', '2'))
      await setTimeout(300)
      await first.commit()
      await second
    }
    expect(await logOf(database)).toEqual([])
    expect(await triggersOf(database)).toEqual(before)
    await expect(write(owner.url, update('1', '3'))).rejects.toMatchObject({
      code: 'connector.denied',
      message: expect.stringContaining('event trigger'),
    })
    await write(owner.url, update('1', '4'), await list(owner.url, ['update']))
    expect(await logOf(database)).toContain('CREATE TABLE AS')
    expect(await texts(database, 'select v from t')).toEqual(['4'])
    await database.query('drop event trigger any_end, drops, "Our Own", views')
  })

  test('jobs of pg_cron are listed, or that there may be some', async () => {
    await using database = await freshDatabase(major)
    await using guest = await roleIn(database, 'guest')
    // The table as the extension makes it, which the servers of the tests do not have.
    await database.query(`create table t (id int primary key, v int); create schema cron;
      grant all on t to ${guest.role}; grant usage on schema cron to ${guest.role};
      create table cron.job (jobid bigint primary key, schedule text, command text, database text,
        username text default current_user, active boolean, jobname text);
      insert into cron.job values (1, '* * * * *', 'x', current_database(), 'a', true, 'nightly'),
        (2, '* * * * *', 'x', current_database(), 'a', true, null),
        (3, '* * * * *', 'x', current_database(), 'a', false, 'off'),
        (4, '* * * * *', 'x', 'elsewhere', 'a', true, 'other')`)
    const event = (name: string) => ({ kind: 'event', name, entity: null, state: 'runs' })
    expect(await list(database.url, ['insert'])).toEqual([event('2'), event('nightly')])
    expect(await list(guest.url, ['insert'])).toEqual([event('*')])
    await database.query(`grant select on cron.job to ${guest.role};
      alter table cron.job enable row level security;
      create policy own on cron.job using (username = current_user)`)
    expect(await list(guest.url, ['insert'])).toEqual([event('*')])
    await database.query(
      'drop schema cron cascade; create schema cron; create table cron.job (a int)',
    )
    expect(await list(database.url, ['insert'])).toEqual([])
    // It runs whether it was accepted or not: a restore is asked for it by the plan.
    await write(guest.url, insert('1', '1'))
  })

  test('a session that takes itself for a replica checks foreign keys all the same, or is refused', async () => {
    await using database = await freshDatabase(major)
    await using replica = await roleIn(database, 'replica')
    await database.query(`alter role ${replica.role} set session_replication_role = replica;
      set role ${replica.role}; ${NOTE}; create table parent (id int primary key);
      create table t (id int primary key references parent, v int);
      create trigger "replica only" after insert on t for each row execute function note();
      alter table t enable replica trigger "replica only"; insert into parent values (1); reset role`)
    await expect(write(replica.url, insert('1', '1'))).rejects.toMatchObject({
      code: 'connector.denied',
      message: expect.stringContaining('session_replication_role'),
    })
    await database.query(`alter role ${replica.role} superuser`)
    await expect(write(replica.url, insert('7', '7'))).rejects.toMatchObject({
      code: 'connector.constraint-violated',
    })
    await write(replica.url, insert('1', '1'))
    expect(await logOf(database)).toEqual([])
  })
})
