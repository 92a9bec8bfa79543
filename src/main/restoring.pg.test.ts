import pg from 'pg'
import { expect, test } from 'vitest'
import { diffPoints } from '#app/diff-points'
import { listHistory } from '#app/list-history'
import { silentProgress } from '#app/progress'
import type { ContractSystem } from '#connector/testing/contract-system'
import { Secret } from '#stdx/secret'
import { collect } from '#stdx/streams'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { signal } from '#vault/testing/a-vault'
import { aRestoring, noSystems, type RestoreChange } from './testing/a-restore.ts'
import { postgresHarness } from './testing/postgres-harness.ts'
import { testRestoring } from './testing/restoring-contract.ts'
import { testRestoringSince } from './testing/restoring-since.ts'

describePostgres('restoring', (major) => {
  const harness = postgresHarness(major)
  // What differs between majors is the connector's, and tested there.
  if (major === newestMajor()) {
    testRestoring(`postgres ${major}`, harness)
    testRestoringSince(`postgres ${major}`, harness)
  }

  async function read({ address }: ContractSystem, sql: string): Promise<string[]> {
    await using client = await connect(address)
    return (await client.query(sql)).map((row) => Object.values(row).join('|'))
  }

  test('a value that others refer to is put back with them, and under nobody else', async () => {
    await using restoring = await aRestoring(
      harness,
      `create table customer (id int primary key, code text unique);
      create table invoice (id int primary key, code text references customer (code) on update cascade);
      insert into customer values (1, 'A'); insert into invoice values (1, 'A'), (2, 'A')`,
    )
    await restoring.backUp()
    await restoring.copy.exec(
      `update customer set code = 'B' where id = 1; insert into invoice values (3, 'B')`,
    )
    const refused = { code: 'connector.constraint-violated' }
    await expect(restoring.restore()).rejects.toMatchObject(refused)
    await restoring.copy.exec('update invoice set code = null where id = 3')
    expect((await restoring.restore()).summary).toMatchObject({ updated: 3, extra: 1 })
    expect(await read(restoring.copy, 'select * from invoice order by id')).toEqual([
      '1|A',
      '2|A',
      '3|',
    ])
  })

  test('generated and identity fields come back, triggers of the target stay quiet', async () => {
    await using restoring = await aRestoring(
      harness,
      `create table parent (id int primary key);
      create table t (id bigint generated always as identity primary key, name text,
        shout text generated always as (upper(name)) stored);
      create table numbered (code text primary key, n int generated always as identity,
        parent int references parent, value numeric);
      create function spoil() returns trigger language plpgsql
        as 'begin new.name := ''spoiled''; return new; end';
      create trigger spoil before insert or update on t for each row execute function spoil();
      alter table t disable trigger spoil;
      insert into t (name) values ('a'), ('b'), ('c'); insert into parent values (1), (2);
      insert into numbered (code, parent, value) values ('x', 1, 1.10), ('y', 2, 2.20);
      alter table t enable trigger spoil`,
    )
    await restoring.backUp()
    await restoring.copy.exec(`update t set name = 'z' where id = 1; delete from t where id = 2;
      update numbered set parent = null, value = 0 where code = 'x'; delete from parent where id = 1;
      update numbered set n = default where code = 'y'`)
    expect((await restoring.restore()).summary).toMatchObject({ inserted: 2, updated: 3 })
    expect(await read(restoring.copy, 'select * from t order by id')).toEqual([
      '1|a|A',
      '2|b|B',
      '3|c|C',
    ])
    expect(await read(restoring.copy, 'select * from numbered order by code')).toEqual([
      'x|1|1|1.10',
      'y|2|2|2.20',
    ])
    expect(await restoring.verify()).toMatchObject({ verdict: 'same' })
    const identity = `select attidentity from pg_attribute where attname in ('id', 'n')
      and attrelid in ('t'::regclass, 'numbered'::regclass)`
    expect(await read(restoring.copy, identity)).toEqual(['a', 'a'])
    await expect(restoring.copy.exec(`insert into t (name) values ('d')`)).resolves.toBeUndefined()
    expect(await read(restoring.copy, 'select name from t where id > 3')).toEqual(['spoiled'])
  })

  test('numbers, times and domains that are narrower in the target keep every digit or nothing', async () => {
    await using restoring = await aRestoring(
      harness,
      `create domain amount as numeric(15,4);
      create table price (id int primary key, net numeric(15,4), gross amount);
      create table visit (id int primary key, at timestamp(6), note varchar(20));
      insert into price values (1, 1.5000, 2.2500), (2, 1.2345, 2.2500);
      insert into visit values (1, '2026-01-01 12:00:00.5', 'a'), (2, '2026-01-01 12:00:00', 'b')`,
    )
    await restoring.backUp()
    const { copy } = restoring
    const refuses = async (change: RestoreChange, message: string) => {
      const before = await read(copy, 'select * from price')
      await expect(restoring.restore(change)).rejects.toMatchObject({
        code: 'restore.value-lost',
        message: expect.stringContaining(message),
      })
      expect(await read(copy, 'select * from price')).toEqual(before)
    }
    await copy.exec(`delete from price; alter table price alter net type numeric(15,2);
      delete from visit; alter table visit alter at type timestamp(0), alter note type text`)
    expect((await restoring.plan()).steps.map(({ otherTypes }) => otherTypes)).toEqual([
      [{ field: 'net', point: 'numeric(15,4)', target: 'numeric(15,2)' }],
      [
        {
          field: 'at',
          point: 'timestamp(6) without time zone',
          target: 'timestamp(0) without time zone',
        },
        { field: 'note', point: 'character varying(20)', target: 'text' },
      ],
    ])
    await refuses({}, 'values of net (numeric(15,4) at the point, numeric(15,2) there)')
    await refuses({ entities: ['public.visit'] }, 'values of at (')
    const kept = { records: ['public.price:1', 'public.visit:2'] }
    expect((await restoring.restore(kept)).summary).toMatchObject({
      inserted: 2,
      verified: { records: 2, different: 0 },
    })
    // A domain of the same name that means something else.
    await copy.exec(`drop table price; drop domain amount; create domain amount as numeric(15,1);
      create table price (id int primary key, net numeric(15,4), gross amount)`)
    expect((await restoring.plan()).steps).toMatchObject([{ otherTypes: [] }, {}])
    await refuses({ entities: ['public.price'] }, 'values of gross')
  })

  test('a first backup knows about how many rows there are, and a later one better', async () => {
    await using restoring = await aRestoring(
      harness,
      `create table t (id int primary key);
      insert into t select generate_series(1, 300); analyze t`,
    )
    await restoring.erp.exec('insert into t values (301)')
    const totals: (number | undefined)[] = []
    const progress = {
      ...silentProgress,
      begin: ({ rows }: { rows?: number }) => totals.push(rows),
    }
    await restoring.backUp(progress)
    expect(totals.splice(0)).toEqual([undefined, 300])
    await restoring.backUp(progress)
    expect(totals).toEqual([301])
  })

  test('a field that is renamed while its values change is the same field, looking back too', async () => {
    await using restoring = await aRestoring(
      harness,
      `create table t (id int primary key, terms text, note text);
      insert into t values (1, '30d', 'a'), (2, '60d', 'b'), (3, '90d', 'c')`,
    )
    const { erp, vault } = restoring
    await restoring.backUp()
    await erp.exec(`alter table t rename terms to payment_terms;
      alter table t add rating int default 7; update t set payment_terms = '10d' where id = 1`)
    await restoring.backUp()
    const diff = async (left: string, right: string) => {
      const request = { left, right, entities: [] }
      const items = (await collect(diffPoints(noSystems, vault, request, signal))).flat()
      return items.flatMap((item) => (item.type === 'change' ? [[item.key, item.op]] : []))
    }
    expect(await diff('erp@1', 'erp@2')).toEqual([['1', 'update']])
    expect(await diff('erp@2', 'erp@1')).toEqual([['1', 'update']])
    const historyOf = async (key: string) => {
      const { versions } = await listHistory(
        vault,
        { source: 'erp', entity: 'public.t', key },
        signal,
      )
      return versions.map(({ changed, fields, point }) => ({
        point,
        changed,
        fields: { ...fields },
      }))
    }
    expect(await historyOf('1')).toEqual([
      {
        point: 'erp@2',
        changed: ['payment_terms', 'rating'],
        fields: { id: '1', payment_terms: '10d', note: 'a', rating: '7' },
      },
      { point: 'erp@1', changed: [], fields: { id: '1', terms: '30d', note: 'a' } },
    ])
    // Dropped and added again, with other values: told by its name.
    await erp.exec(
      `alter table t drop note; alter table t add note text; update t set note = 'b' where id = 2`,
    )
    await restoring.backUp()
    expect(await diff('erp@2', 'erp@3')).toEqual([
      ['1', 'update'],
      ['3', 'update'],
    ])
    // A field that every record holds at once, and the same text again, change no record.
    expect((await historyOf('2')).map(({ changed }) => changed)).toEqual([[]])
    // Putting the oldest point back into the system as it is now.
    await expect(restoring.restore({ point: 'erp@1', as: erp.address })).rejects.toMatchObject({
      code: 'restore.schema-differs',
      message: expect.stringContaining('terms'),
    })
  })

  test('values of a unique constraint that may wait are swapped back', async () => {
    await using restoring = await aRestoring(
      harness,
      `create table t (id int primary key, place int unique deferrable);
      insert into t values (1, 10), (2, 20)`,
    )
    await restoring.backUp()
    await restoring.copy.exec('update t set place = 30 - place')
    expect((await restoring.restore()).summary).toMatchObject({ updated: 2 })
    expect(await restoring.verify()).toMatchObject({ verdict: 'same' })
  })

  test('a user who does not own the tables restores in an order that needs no waiting', async () => {
    await using restoring = await aRestoring(
      harness,
      `create table parent (id int primary key, code text);
      create table child (id int primary key, parent int not null references parent, note text);
      insert into parent values (1, 'a'), (2, 'b'), (3, 'c');
      insert into child values (10, 1, 'x'), (20, 2, 'y'), (30, 3, 'z')`,
    )
    await restoring.backUp()
    const { copy } = restoring
    const as = await aWriter(copy)
    await copy.exec(`insert into parent values (4, 'added'); insert into child values (40, 4, 'added');
      update child set parent = 4 where id = 10; delete from parent where id = 1;
      update child set note = 'bad' where id = 20; delete from child where id = 30;
      delete from parent where id = 3`)
    const { summary } = await restoring.restore({ as, isDeleteAllowed: true })
    expect(summary).toMatchObject({ inserted: 3, updated: 2, deleted: 2, extra: 0 })
    expect(await restoring.verify()).toMatchObject({ verdict: 'same' })
  })

  // That the rows go on every major is tested with the connector.
  const testOnce = test.runIf(major === newestMajor())
  testOnce('rows go whose foreign keys take each other along in a cycle', async () => {
    const cycle = (action: string) => `create table a (id int primary key, b int);
      create table b (id int primary key, a int references a on delete ${action}, v text);
      create table c (id int primary key, b int references b on delete ${action});
      alter table a add foreign key (b) references c on delete ${action}; insert into a values (1, null);
      insert into b values (1, 1, 'x'); insert into c values (1, 1); update a set b = 1`
    for (const action of ['cascade', 'set null', 'restrict']) {
      await using restoring = await aRestoring(harness, cycle(action))
      await restoring.backUp()
      const { copy } = restoring
      await copy.exec(`insert into a values (2, null); insert into b values (2, 2, 'y');
        insert into c values (2, 2); update a set b = 2 where id = 2; update b set v = 'z' where id = 1`)
      // Without the tables that the rows would be deleted from, too, it would be others' rows.
      const some = restoring.restore({ entities: ['public.a', 'public.b'], isDeleteAllowed: true })
      await expect(some).rejects.toMatchObject({ code: 'restore.still-referred' })
      const { summary } = await restoring.restore({ isDeleteAllowed: true })
      expect(summary).toMatchObject({ deleted: 3, updated: 1, extra: 0 })
      expect(await restoring.verify()).toMatchObject({ verdict: 'same' })
    }
  })

  test('a user who does not own the tables is told which foreign key cannot wait', async () => {
    await using restoring = await aRestoring(harness, harness.cycleSql)
    for (const { exec } of [restoring.erp, restoring.copy]) {
      await exec('insert into first values (1, null); insert into second values (1, 1)')
      await exec('update first set other = 1')
    }
    await restoring.backUp()
    const { copy } = restoring
    const as = await aWriter(copy)
    await copy.exec('update first set other = null; delete from second; delete from first')
    await expect(restoring.restore({ as })).rejects.toMatchObject({
      code: 'connector.constraint-violated',
      message: expect.stringContaining('_fkey'),
    })
    expect(await read(copy, 'select * from first')).toEqual([])
    expect((await restoring.restore()).summary).toMatchObject({ inserted: 2 })
  })
})

/** Somebody who may read and write every row and owns nothing. */
async function aWriter(system: ContractSystem): Promise<Secret> {
  const url = new URL(system.address.reveal())
  const role = `writer_of_${url.pathname.slice(1)}`
  await system.exec(`create role ${role} login password 'writes';
    grant select, insert, update, delete on all tables in schema public to ${role}`)
  url.username = role
  url.password = 'writes'
  return new Secret(url.href)
}

async function connect(address: Secret) {
  const client = new pg.Client({ connectionString: address.reveal() })
  await client.connect()
  return {
    query: async (sql: string): Promise<Record<string, unknown>[]> =>
      (await client.query(sql)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  }
}
