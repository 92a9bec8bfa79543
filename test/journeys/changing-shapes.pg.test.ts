import { expect, test } from 'vitest'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { readDatabase } from './testing/example-postgres.ts'
import { aTraveller, linesOf } from './testing/traveller.ts'

/** One migration a night; after each a backup. */
const NIGHTS = [
  `create table customer (id int primary key, name text, terms text, note text);
   create table orders (id int primary key, customer_id int references customer, total numeric);
   create table log (at timestamptz, said text);
   create table tag (said text);
   create table rate (code char(3), step numeric(6,2), terms text, note text,
     primary key (code, step));
   insert into customer select i, 'C' || i, '30d', case when i % 2 = 0 then 'x' end
     from generate_series(1, 40) i;
   insert into orders select i, i, i from generate_series(1, 30) i;
   insert into log select '2026-01-01', 'hello' from generate_series(1, 3) i;
   insert into tag values ('new'), ('new'), (null);
   insert into rate values ('DE', 1.5, '30d', '1'), ('FR', 2, null, null)`,
  // A field with a default: every row has it at once, and no row was written.
  `alter table customer add vat text default 'none'; update customer set vat = 'DE1' where id = 1;
   alter table tag add weight int default 7`,
  `alter table rate rename terms to payment_terms; alter table customer rename terms to payment_terms;
   update customer set payment_terms = '60d' where id = 2`,
  `alter table orders drop constraint orders_customer_id_fkey;
   alter table customer alter id type bigint, alter note type varchar(20);
   alter table orders alter total type text using total::text || ' EUR';
   alter table rate alter payment_terms type varchar(20) using payment_terms || ' net',
     alter note type int using note::int`,
  `alter table customer drop note; drop table orders; create table invoice (nr text, year int,
     primary key (nr, year)); insert into invoice values ('a', 1), ('a', 2)`,
  // The old name, another table; and the same tables once more.
  `drop table tag; create table tag (said text, weight int default 7);
   insert into tag values ('new', 7), ('more', 1), (null, 7), ('new', 7);
   drop table rate; create table rate (code char(3), step numeric(6,2),
     payment_terms varchar(20), note int, primary key (code, step));
   insert into rate values ('FR', 2, null, null), ('DE', 1.5, '30d net', 1);
   create table orders (id int primary key, city text); insert into orders values (1, 'Berlin');
   alter table log add column id bigint generated always as identity primary key`,
  `alter table customer rename to client; create table customer (id int primary key, name text);
   insert into customer values (1, 'C1'); truncate orders`,
  `alter table invoice drop constraint invoice_pkey; alter table invoice add primary key (year, nr);
   alter table customer add column note text; update customer set note = 'back'`,
  `drop table log, client; alter table customer rename column name to label`,
]

type Version = { point: string; op: string; changed: string[]; fields: Record<string, unknown> }
type History = { readonly versions: readonly Version[] }

describePostgres('shapes that change', (major) => {
  test.runIf(major === newestMajor())(
    'every point restores as it was',
    { timeout: 300_000 },
    async () => {
      const { answer, configure, holdfast, summary } = await aTraveller()
      await using source = await freshDatabase(major)
      await using target = await freshDatabase(major)
      await configure(`sources:
  erp: { connector: postgres, url: '${source.url}' }
targets:
  copy: { connector: postgres, url: '${target.url}' }
`)
      await holdfast('init')
      const wanted: unknown[] = []
      for (const night of NIGHTS) {
        await source.query(night)
        wanted.push(await readDatabase(source))
        await summary('backup')
      }
      for (const [index, database] of wanted.entries()) {
        const point = `erp@${index + 1}`
        await target.query('drop schema public cascade; create schema public')
        await summary('restore', point, '--to', 'copy', '--yes')
        expect(await readDatabase(target), point).toEqual(database)
      }

      // Each version under the names and values of its time.
      const { versions } = await answer<History>('history', 'erp', 'public.customer', '1')
      expect(versions.at(-1)).toMatchObject({
        point: 'erp@1',
        op: 'insert',
        fields: { terms: '30d' },
      })
      expect(versions.slice(0, -1).map(({ op }) => op)).not.toContain('delete')
      expect(versions.find(({ point }) => point === 'erp@2')).toMatchObject({ changed: ['vat'] })
      expect(versions.find(({ point }) => point === 'erp@5')).toMatchObject({ changed: ['note'] })
      expect(versions[0]).toMatchObject({ point: 'erp@8', fields: { name: 'C1', note: 'back' } })
      const show = async (point: string, entity: string, key: string) => {
        const shown = await answer<{ fields: unknown }>('show', point, entity, key)
        return shown.fields
      }
      expect(await show('erp@1', 'public.customer', '3')).toEqual({
        id: '3',
        name: 'C3',
        terms: '30d',
        note: null,
      })
      expect(await show('erp@2', 'public.customer', '3')).toMatchObject({ vat: 'none' })
      expect(await show('erp@3', 'public.customer', '2')).toEqual({
        id: '2',
        name: 'C2',
        payment_terms: '60d',
        note: 'x',
        vat: 'none',
      })
      expect(await show('erp@4', 'public.orders', '3')).toMatchObject({ total: '3 EUR' })
      expect(await show('erp@6', 'public.orders', '1')).toEqual({ id: '1', city: 'Berlin' })
      expect(await show('erp@5', 'public.invoice', 'a,2')).toEqual({ nr: 'a', year: '2' })
      expect(await show('erp@9', 'public.invoice', '2,a')).toEqual({ nr: 'a', year: '2' })
      expect(await show('erp@9', 'public.customer', '1')).toEqual({
        id: '1',
        label: 'C1',
        note: 'back',
      })
      expect(await holdfast('show', 'erp@5', 'public.orders', '1')).toMatchObject({ exit: 2 })

      // What was only renamed, retyped or copied again is the version it was; keys as people type them.
      for (const [address, told] of [
        ['DE,1.5', { 'erp@4': ['payment_terms'], 'erp@1': [] }],
        ['FR,2', { 'erp@1': [] }],
      ] as const) {
        const history = await answer<History>('history', 'erp', 'public.rate', address)
        const changed = history.versions.map((version) => [version.point, version.changed])
        expect(Object.fromEntries(changed), address).toEqual(told)
        const [version] = Object.keys(told)
        expect(await answer('show', 'erp@9', 'public.rate', address)).toMatchObject({ version })
      }
      const rate = await answer('show', 'erp@3', 'public.rate', 'DE,1.5')
      expect(rate).toEqual({
        entity: 'public.rate',
        key: '"DE ","1.50"',
        point: 'erp@3',
        version: 'erp@1',
        fields: { code: 'DE ', step: '1.50', payment_terms: '30d', note: '1' },
      })
      const text = await holdfast('history', 'erp', 'public.rate', 'DE,1.5')
      expect(text.stdout).toMatch(/erp@4 .* update\n {4}payment_terms: 30d -> 30d net\n {2}erp@1/)
      await target.query(`update rate set note = 9`)
      const record = ['--record', 'public.rate:DE,1.5']
      expect(
        await summary('restore', 'erp@9', '--to', 'copy', ...record, '--confirm', 'copy'),
      ).toMatchObject({
        updated: 1,
      })
      expect(await target.query(`select code, note::text from rate order by 1`)).toEqual([
        { code: 'DE ', note: '1' },
        { code: 'FR ', note: '9' },
      ])

      // Records without key are known again in the table that takes the place of theirs.
      const tags = await holdfast('diff', 'erp@1', 'erp@9', '--entity', 'public.tag', '--json')
      expect(linesOf(tags)).toMatchObject([
        { type: 'schema', fieldsAdded: ['weight'] },
        { op: 'insert', before: {}, after: { said: 'more', weight: '1' } },
        { type: 'summary', inserted: 1, updated: 0, deleted: 0 },
      ])

      // A table that went and came back is not compared with what it was.
      const diff = linesOf(
        await holdfast('diff', 'erp@4', 'erp@6', '--entity', 'public.orders', '--json'),
      )
      expect(diff.at(-1)).toMatchObject({ type: 'summary' })
      const changes = diff.filter(({ type }) => type === undefined)
      expect(changes).toContainEqual({
        entity: 'public.orders',
        key: '30',
        op: 'delete',
        before: { id: '30', customer_id: '30', total: '30 EUR' },
        after: {},
      })
      for (const [left, right] of [
        ['erp@1', 'erp@9'],
        ['erp@9', 'erp@1'],
        ['erp@3', 'erp@4'],
        ['erp@6', 'erp@7'],
      ] as const) {
        const run = await holdfast('diff', left, right, '--json')
        expect(run.exit, `${left} ${right} ${run.stderr}`).toBe(4)
      }
      expect(await holdfast('diff', 'erp@9', 'erp@live')).toMatchObject({ exit: 0 })
      expect(await answer('verify', 'erp@9', '--against', 'erp')).toMatchObject({ verdict: 'same' })
      expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
    },
  )
})
