import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import {
  describePostgres,
  type FreshDatabase,
  freshDatabase,
  newestMajor,
} from '#test/servers/fresh-database'
import { change } from './testing/example-database.ts'
import { aTraveller } from './testing/traveller.ts'

/** Numbers from a serial, an identity of which nobody may choose them, and two sequences of nobody. */
const TABLES = `create sequence bill_seq; create sequence down_seq increment -1;
  create table account (id serial primary key, name text);
  create table contact (id bigint generated always as identity primary key, name text);
  create table bill (no int primary key default nextval('bill_seq'), entry int not null default nextval('down_seq'), name text);`
const ADD = ['account', 'contact', 'bill'].map(
  (table) => `insert into ${table} (name) values ('new')`,
)

type Move = { counter: string; entity: string; to: string; refused?: string; sql?: string }
type Told = { counters?: Move[]; inserted: number; leftOut: unknown[] }

describePostgres('counters', (major) => {
  if (major !== newestMajor()) return

  test('what is laid over moves the counters of the target, up and never down', async () => {
    const { answer, configure, holdfast, summary } = await aTraveller()
    await using shop = await freshDatabase(major)
    await using other = await freshDatabase(major)
    await shop.query(`${TABLES} ${ADD.join(';')};
      insert into account select n, 'A' from generate_series(2, 40) n; select setval('account_id_seq', 40);
      insert into contact (name) select 'C' from generate_series(2, 30) n;
      insert into bill (name) select 'B' from generate_series(2, 20) n`)
    await other.query(`${TABLES} select setval('account_id_seq', 1000)`)
    await configure(`sources: { shop: { connector: postgres, url: '${shop.url}' } }
targets: { other: { connector: postgres, url: '${other.url}' } }
`)
    await holdfast('init')
    await summary('backup')
    const argv = ['restore', 'shop@1', '--to', 'other']
    const plan = await answer<Told>(...argv, '--plan-only')
    expect(plan.counters?.map(({ counter, to }) => [counter, to])).toEqual([
      ['public.bill_seq', '20'],
      ['public.down_seq', '-20'],
      ['public.contact_id_seq', '30'],
    ])
    const told = await summary<Told>(...argv, '--confirm', 'other')
    expect(told.counters).toEqual(plan.counters)
    for (const sql of ADD) await other.query(sql)
    expect(await other.query('select max(id) from account')).toEqual([{ max: 1001 }])
    expect(await other.query('select max(id) from contact')).toEqual([{ max: '31' }])
    expect(await other.query('select max(no), min(entry) from bill')).toEqual([
      { max: 21, min: -21 },
    ])
    expect(await answer<Told>(...argv, '--plan-only')).not.toHaveProperty('counters')
  })

  test('a role that may not move a counter is told what to run, before and after', async () => {
    const { answer, at, configure, holdfast, summary } = await aTraveller()
    await using other = await freshDatabase(major)
    await other.query(TABLES)
    await using writer = await aWriter(other)
    change(
      at('old.db'),
      `CREATE TABLE konto (nr INTEGER PRIMARY KEY, wer TEXT); INSERT INTO konto VALUES (7, 'A'), (9, 'B')`,
    )
    await writeFile(
      at('m.yaml'),
      `version: 1
entities:
  public.account: { from: main.konto, fields: { id: nr, name: wer } }
`,
    )
    await configure(`sources: { old: { connector: sqlite, file: ./old.db } }
targets: { other: { connector: postgres, url: '${writer.url}' } }
`)
    await holdfast('init')
    await summary('backup')
    const argv = ['restore', 'old@1', '--to', 'other', '--mapping', 'm.yaml']
    const sql = `SELECT setval('public.account_id_seq', greatest(last_value, 9)) FROM public.account_id_seq;`
    const move = {
      entity: 'public.account',
      field: 'id',
      counter: 'public.account_id_seq',
      to: '9',
      sql,
    }
    const { counters: planned } = await answer<Told>(...argv, '--plan-only')
    const refused = 'need GRANT SELECT, USAGE, UPDATE ON SEQUENCE public.account_id_seq'
    expect(planned).toEqual([{ ...move, refused }])
    const run = await holdfast(...argv, '--confirm', 'other')
    expect(run, run.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining(sql) })
    await other.query(sql)
    await other.query(ADD[0] ?? '')
    expect(await other.query('select max(id) from account')).toEqual([{ max: 10 }])
  })
})

/** Somebody who may write rows and look at sequences, but not take their numbers. */
async function aWriter({ name, query, url }: FreshDatabase) {
  const role = `writer_${name}`
  await query(`create role ${role} login password 'writing';
    grant all on all tables in schema public to ${role};
    grant select on all sequences in schema public to ${role}`)
  const address = new URL(url)
  address.username = role
  address.password = 'writing'
  return {
    url: address.href,
    async [Symbol.asyncDispose]() {
      await query(`drop owned by ${role}; drop role ${role}`)
    },
  }
}
