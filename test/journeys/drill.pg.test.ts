import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { aTraveller } from './testing/traveller.ts'

const SHOP = `
  create table term (code text primary key, days int);
  create table customer (id int primary key, name text not null, term text references term, contact int);
  create table contact (id int primary key, customer int references customer, name text);
  alter table customer add foreign key (contact) references contact deferrable;
  create table invoice (no text primary key, customer int references customer, day date, amount numeric(12,2));
  insert into term values ('N30', 30), ('N60', 60);
  insert into customer select i, 'Customer ' || i, 'N30' from generate_series(1, 20) i;
  insert into contact select i * 10, i, 'Contact ' || i from generate_series(1, 20) i;
  update customer set contact = id * 10;
  insert into invoice select 'R' || i, i, '2026-05-01', i + 0.10 from generate_series(1, 20) i`
const MAP = `version: 1
sources:
  shop:
    entities:
      public.term: { role: payment-term }
      public.customer:
        role: customer
        identity: { name: name }
        links: [{ fields: [term], to: public.term, kind: reference }]
      public.contact: { role: contact, links: [{ fields: [customer], to: public.customer }] }
      public.invoice: { role: invoice, links: [{ fields: [customer], to: public.customer }] }
finance:
  receivables:
    items:
      - { source: shop, entity: public.invoice, number: [no], companyCode: { is: '1' }, currency: { is: EUR }, date: day, amount: amount }
`

describePostgres('drill', (major) => {
  test.runIf(major === newestMajor())(
    'customers of PostgreSQL come back in a file, and in an empty database',
    async () => {
      const { answer, at, configure, holdfast } = await aTraveller()
      await using shop = await freshDatabase(major)
      await using spare = await freshDatabase(major)
      await shop.query(SHOP)
      await configure(`sources:
  shop: { connector: postgres, url: '${shop.url}' }
targets:
  spare: { connector: postgres, url: '${spare.url}' }
`)
      await writeFile(at('customers.yaml'), MAP)
      await holdfast('init')
      expect(await holdfast('backup')).toMatchObject({ exit: 0 })
      const drill = ['drill', '--customers', '5', '--seed', 'one']
      const good = {
        verdict: 'passed',
        records: 15,
        inserted: 16,
        verified: { records: 16, different: 0 },
        balances: { withBalance: 5, different: [] },
      }
      expect(await answer(...drill)).toMatchObject({ ...good, targets: [{ target: null }] })
      const into = [...drill, '--target', 'shop=spare']
      expect(await answer(...into)).toMatchObject({ ...good, targets: [{ target: 'spare' }] })
      const [row] = await spare.query('select count(*)::int as count from invoice')
      expect(row).toMatchObject({ count: 5 })
    },
  )
})
