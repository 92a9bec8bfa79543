import { writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const SHOP = `
  create type mood as enum ('glad', 'sad');
  create table person (email varchar(60) primary key, name varchar(12) not null, born date, m mood,
    about jsonb not null, photo bytea not null, tags text[], story text);
  create table visit (id int primary key, email varchar(60) not null references person, at timestamptz);
  insert into person values
    ('ada@lovelace.example', 'Ada Lovelace', '1815-12-10', 'glad', '{"of": "Byron"}', '\\x0102', '{countess}',
      repeat('Nobody knows the analytical engine. ', 3000)),
    ('bo@derekson.example', 'Bo', null, null, 'null', '\\x', null, '');
  insert into visit values (1, 'ada@lovelace.example', '2026-06-30 12:00:00+00'), (2, 'bo@derekson.example', null)`

const MASK = `version: 1
fields: { email: email }
sources:
  shop:
    public.person: { name: name, born: date, m: keep, about: redact, photo: redact, tags: "null", story: freeText }
    public.visit: { at: date }
`

describePostgres('masked restore', (major) => {
  test.runIf(major === newestMajor())(
    'keys, bytes, documents, large texts and days are masked into PostgreSQL and into SQLite',
    async () => {
      const { at, configure, holdfast, summary } = await aTraveller()
      await using shop = await freshDatabase(major)
      await using copy = await freshDatabase(major)
      await shop.query(SHOP)
      await configure(`sources:
  shop: { connector: postgres, url: '${shop.url}' }
targets:
  copy: { connector: postgres, url: '${copy.url}' }
  laptop: { connector: sqlite, file: ./laptop.db }
`)
      await writeFile(at('mask.yaml'), MASK)
      await holdfast('init')
      await summary('backup')
      const masked = ['--mask', 'mask.yaml', '--yes']
      for (const target of ['copy', 'laptop']) {
        expect(await summary('restore', 'shop@1', '--to', target, ...masked)).toMatchObject({
          inserted: 4,
          verified: { records: 4, different: 0 },
        })
      }
      const rows = await copy.query(
        `select p.email, name, born::text, m::text, about::text, photo::text, tags::text, length(story) as length,
           story like '%analytical%' as leaks, v.id from person p join visit v using (email) order by v.id`,
      )
      expect(rows).toMatchObject([
        { m: 'glad', about: '"redacted"', photo: '\\x', tags: null, leaks: false, id: 1 },
        { born: null, about: '"redacted"', length: 0 },
      ])
      expect(JSON.stringify(rows)).not.toMatch(/lovelace|1815-12-10|Byron|derekson/i)
      using laptop = new DatabaseSync(at('laptop.db'))
      const joined = laptop
        .prepare('SELECT count(*) AS n FROM person JOIN visit USING (email)')
        .get()
      expect(joined).toEqual({ n: 2 })

      const one = [
        'restore',
        'shop@1',
        '--to',
        'copy',
        '--record',
        'public.person:bo@derekson.example',
      ]
      expectFailure(await holdfast(...one, ...masked), 2, 'mask.rules-unfit')
    },
  )
})
