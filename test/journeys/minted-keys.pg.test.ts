import { expect, test } from 'vitest'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { change } from './testing/example-database.ts'
import { aTraveller } from './testing/traveller.ts'

const OLD = `CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL, parent INTEGER REFERENCES account);
  CREATE TABLE contact (id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, name TEXT);
  INSERT INTO account VALUES (1, 'Arndt', NULL), (2, 'Behn', 1);
  INSERT INTO contact VALUES (10, 1, 'Ada'), (11, 2, 'Bo');`
/** A counter that is behind its table, and one that is ahead. */
const NEW = `
  create table account (id serial primary key, name text not null, parent integer references account);
  create table contact (id bigint generated always as identity primary key,
    account integer not null references account, name text);
  insert into account values (1, 'Xaver', null), (50, 'Yps', 1);
  insert into contact (account, name) values (1, 'Xenia'), (1, 'gone');
  delete from contact where name = 'gone'`

type Summary = { readonly restore: string; readonly inserted: number; readonly skipped: number }

describePostgres('minted keys', (major) => {
  test.runIf(major === newestMajor())(
    'records of SQLite get the next numbers of PostgreSQL, and are taken back',
    async () => {
      const { at, configure, holdfast, summary } = await aTraveller()
      await using target = await freshDatabase(major)
      await target.query(NEW)
      change(at('old.db'), OLD)
      await configure(`sources:
  old: { connector: sqlite, file: ./old.db }
targets:
  new: { connector: postgres, url: '${target.url}' }
`)
      const accounts = () => target.query('select id, name, parent from account order by id')
      const contacts = () => target.query('select id, account, name from contact order by id')
      expect(await holdfast('init')).toMatchObject({ exit: 0 })
      await summary('backup')
      const before = [await accounts(), await contacts()]
      const argv = ['restore', 'old@1', '--to', 'new', '--keys', 'mint', '--confirm', 'new']
      const first = await summary<Summary>(...argv)
      expect(first).toMatchObject({ inserted: 4, verified: { different: 0 } })
      expect((await accounts()).slice(2)).toMatchObject([
        { id: 51, name: 'Arndt', parent: null },
        { id: 52, name: 'Behn', parent: 51 },
      ])
      expect((await contacts()).slice(1)).toMatchObject([
        { id: '3', account: 51, name: 'Ada' },
        { id: '4', account: 52, name: 'Bo' },
      ])
      // What the application adds does not collide.
      await target.query("insert into account (name) values ('Zoe')")
      expect((await accounts()).at(-1)).toMatchObject({ id: 53, name: 'Zoe' })
      await target.query("delete from account where name = 'Zoe'")
      expect(await summary<Summary>(...argv)).toMatchObject({ inserted: 0, skipped: 4 })
      await summary('undo', first.restore, '--confirm', 'new')
      expect([await accounts(), await contacts()]).toEqual(before)
    },
  )
})
