import { expect, test } from 'vitest'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { aMigration, inFile, inPostgres } from './testing/a-migration.ts'

const OLD = `CREATE TABLE org (code TEXT PRIMARY KEY, parent TEXT, state TEXT, at TIMESTAMPTZ_TEXT(6), budget DECIMAL_TEXT(12,2), about JSON_TEXT);
  INSERT INTO org VALUES ('A', 'B', 'x', '2026-01-31 10:00:00.5Z', '10.50', '{"b": 1,  "a": 2}'), ('B', NULL, 'y', NULL, NULL, NULL)`
const NEW = `create type mood as enum ('open', 'shut');
  create schema hr; create table hr."Unit" (id bigint generated always as identity primary key, parent bigint references hr."Unit" deferrable,
    mood mood not null, at timestamptz, budget numeric(14,1), about json, tag text not null default 'none', unique (tag, id));
  insert into hr."Unit" (mood) values ('open'), ('shut'); delete from hr."Unit" where id = 2`
const MAPPING = `version: 1
entities:
  hr.Unit:
    from: main.org
    key: mint
    fields:
      parent: { from: parent, key-of: main.org }
      mood: { from: state, values: { x: open, y: shut } }
      at: at
      budget: budget
      about: about
    unmapped: [code]
`

describePostgres('migrate', (major) => {
  test.runIf(major === newestMajor())(
    'an identity numbers what comes from SQLite, and goes on behind it',
    async () => {
      await using there = await freshDatabase(major)
      const systems = { old: inFile('old.db', OLD), new: inPostgres(there, NEW) }
      const { answer, summary } = await aMigration({ ...systems, mapping: MAPPING })
      const migrate = ['restore', 'old@1', '--to', 'new', '--mapping', 'm.yaml', '--confirm', 'new']
      expect(await summary(...migrate)).toMatchObject({ inserted: 2, verified: { different: 0 } })
      await there.query(`insert into hr."Unit" (mood) values ('open')`)
      const rows = await there.query(
        `select concat_ws('|', id, coalesce(parent::text, '-'), mood, at at time zone 'UTC', budget, about, tag) as row from hr."Unit" order by id`,
      )
      expect(rows.map(({ row }) => row)).toEqual([
        '1|-|open|none',
        '3|4|open|2026-01-31 10:00:00.5|10.5|{"b": 1,  "a": 2}|none',
        '4|-|shut|none',
        '5|-|open|none',
      ])
      expect(await summary(...migrate)).toMatchObject({ inserted: 0, skipped: 2 })
      const proved = ['verify', 'old@1', '--against', 'new', '--mapping', 'm.yaml', '--allow-extra']
      expect(await answer(...proved)).toMatchObject({ verdict: 'same' })
    },
  )
})
