import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { aTraveller } from './testing/traveller.ts'

/** A cycle over two tables, a self-reference, a composite key, and rows that belong to two parties. */
const TABLES = `
  create table country (code text primary key, name text);
  create table customer (id int primary key, country text references country, main_contact int);
  create table contact (id int primary key, customer int not null references customer,
    boss int references contact);
  alter table customer add foreign key (main_contact) references contact;
  create table invoice (company text, no text, customer int references customer, gross numeric(12,2),
    primary key (company, no));
  create table line (company text, no text, pos int, amount numeric(12,2), primary key (company, no, pos),
    foreign key (company, no) references invoice);
  create table tag (id int primary key, name text);
  create table customer_tag (customer int references customer, tag int references tag,
    primary key (customer, tag));
  insert into country values ('DE', 'Germany');
  insert into customer values (1, 'DE', null), (2, 'DE', null);
  insert into contact values (10, 1, null), (11, 1, 10), (20, 2, null);
  update customer set main_contact = 11 where id = 1;
  insert into invoice values ('0100', 'A1', 1, 11.90), ('0100', 'A2', 1, 5), ('0100', 'B1', 2, 7);
  insert into line select company, no, 1, gross from invoice;
  insert into tag values (1, 'vip');
  insert into customer_tag values (1, 1), (2, 1)`

const MAP = `version: 1
sources:
  erp:
    entities:
      public.country: { role: country }
      public.customer:
        role: customer
        links: [{ fields: [country], to: public.country, kind: reference }]
      public.contact:
        role: contact
        links:
          - { fields: [customer], to: public.customer }
          - { fields: [boss], to: public.contact, kind: reference }
      public.invoice: { role: invoice, links: [{ fields: [customer], to: public.customer }] }
      public.line: { role: invoice-line, links: [{ fields: [company, no], to: public.invoice }] }
      public.tag: { role: other-reference }
      public.customer_tag:
        role: join
        links:
          - { fields: [customer], to: public.customer }
          - { fields: [tag], to: public.tag, kind: reference }
`

describePostgres('restoring a customer', (major) => {
  test.runIf(major === newestMajor())(
    'one that is gone comes back with everything, over cycles, and another stays as it is',
    async () => {
      const { answer, answerWith, configure, at, holdfast, summary } = await aTraveller()
      await using erp = await freshDatabase(major)
      await erp.query(TABLES)
      await configure(`sources:
  erp: { connector: postgres, url: '${erp.url}' }
targets:
  erp-live: { connector: postgres, url: '${erp.url}' }
`)
      await writeFile(at('customers.yaml'), MAP)
      await holdfast('init')
      const tables = ['country', 'customer', 'contact', 'invoice', 'line', 'tag', 'customer_tag']
      const read = async () => {
        const all: unknown[][] = []
        for (const table of tables) {
          all.push(await erp.query(`select t::text as row from ${table} t order by 1`))
        }
        return all
      }
      await summary('backup')
      const good = await read()
      await erp.query(`
        update customer set main_contact = null;
        delete from line where no in ('A1', 'A2'); delete from invoice where customer = 1;
        delete from contact where customer = 1; delete from customer_tag where customer = 1;
        delete from customer where id = 1;
        update invoice set gross = 99 where customer = 2`)
      // Before anybody has backed up what happened.
      const diff = ['customer', 'diff', '1', '--from', 'erp@1', '--to', '@live']
      const { changes } = await answerWith<{ changes: { op: string }[] }>(4, ...diff)
      expect(changes.map(({ op }) => op)).toEqual(Array.from({ length: 8 }, () => 'delete'))
      await summary('backup')
      const restored = await summary(
        ...['restore', 'erp@1', '--customer', '1', '--to', 'erp-live', '--confirm', 'erp-live'],
      )
      expect(restored).toMatchObject({ inserted: 8, updated: 0, verified: { different: 0 } })
      expect(await answer(...diff)).toMatchObject({ changes: [], live: [{ newest: 'erp@2' }] })
      await erp.query('update invoice set gross = 7 where customer = 2')
      expect(await read()).toEqual(good)
    },
  )
})
