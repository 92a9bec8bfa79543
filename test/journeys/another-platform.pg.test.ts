import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { aTraveller } from './testing/traveller.ts'

const SHOP = `
  create table customer (id int primary key, name varchar(40) not null, credit numeric(12,2),
    since timestamptz default now(), tags text[], born date);
  create index on customer (lower(name));
  insert into customer values (1, 'Ada', 10.50, '2026-01-31 12:00:00+02', '{a,b}', '1815-12-10'),
    (2, 'Bob', null, '2026-02-01 00:00:00Z', null, null)`

describePostgres('another platform', (major) => {
  test.runIf(major === newestMajor())(
    'a point of PostgreSQL is put into SQLite, verified, repaired and taken back',
    async () => {
      const traveller = await aTraveller()
      const { answer, answerWith, holdfast, summary } = traveller
      await using shop = await freshDatabase(major)
      await shop.query(SHOP)
      await traveller.configure(`sources:
  shop: { connector: postgres, url: '${shop.url}' }
targets:
  laptop: { connector: sqlite, file: ./laptop.db }
`)
      expect(await holdfast('init')).toMatchObject({ exit: 0 })
      await summary('backup')

      const planned = await holdfast('restore', 'shop@latest', '--to', 'laptop', '--plan-only')
      expect(planned.stdout).toMatch(
        /public\.customer +credit +numeric\(12,2\) +DECIMAL_TEXT\(12,2\)/,
      )
      expect(planned.stdout).toMatch(/CREATE INDEX customer_lower_idx .* left out/)
      expect(planned.stdout).toContain('1 field is the same on the other platform')

      const plan = await answer<{ mappings: readonly { field: string | null }[] }>(
        ...['restore', 'shop@latest', '--to', 'laptop', '--plan-only'],
      )
      expect(plan.mappings.find(({ field }) => field === 'tags')).toEqual({
        entity: 'public.customer',
        field: 'tags',
        from: 'text[]',
        to: 'TEXT',
        exact: false,
        why: 'only PostgreSQL has arrays; kept as the text its platform prints',
      })

      expect(await summary('restore', 'shop@latest', '--to', 'laptop', '--yes')).toMatchObject({
        inserted: 2,
        verified: { records: 2, different: 0 },
      })
      const laptop = () => new DatabaseSync(traveller.at('laptop.db'))
      using before = laptop()
      expect(before.prepare('SELECT * FROM customer ORDER BY id').all()).toMatchObject([
        { id: 1, name: 'Ada', credit: '10.50', since: '2026-01-31 10:00:00Z', tags: '{a,b}' },
        { id: 2, name: 'Bob', credit: null, since: '2026-02-01 00:00:00Z', born: null },
      ])
      before.exec("UPDATE customer SET credit = '9.99' WHERE id = 1")
      before.close()
      expect(await answerWith(4, 'verify', 'shop@latest', '--against', 'laptop')).toMatchObject({
        verdict: 'differs',
      })
      const again = ['restore', 'shop@latest', '--to', 'laptop', '--confirm', 'laptop']
      const repaired = await summary<{ restore: string }>(...again)
      expect(repaired).toMatchObject({ updated: 1, inserted: 0 })
      expect(await answer('verify', 'shop@latest', '--against', 'laptop')).toMatchObject({
        verdict: 'same',
      })
      await summary('undo', repaired.restore, '--confirm', 'laptop')
      using after = laptop()
      expect(after.prepare('SELECT credit FROM customer WHERE id = 1').get()).toEqual({
        credit: '9.99',
      })
    },
  )
})
