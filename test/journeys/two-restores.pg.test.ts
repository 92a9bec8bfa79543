import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  describePostgres,
  type FreshDatabase,
  freshDatabase,
  newestMajor,
} from '#test/servers/fresh-database'
import { change } from './testing/example-database.ts'
import { aTraveller, lastLine } from './testing/traveller.ts'

/** Nothing tells two rows of `log` apart, and the target numbers its accounts. */
const OLD = `CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL); CREATE TABLE log (line TEXT);
  INSERT INTO account VALUES (1, 'Arndt'), (2, 'Behn'); INSERT INTO log VALUES ('one')`
const NEW = `create table account (id serial primary key, name text not null); create table log (line text);
  insert into account (name) values ('Xaver')`

type Summary = {
  readonly restore: string
  readonly inserted: number
  readonly skipped: number
  readonly earlier?: string
  readonly settles?: readonly string[]
}

describePostgres('two restores', (major) => {
  test.runIf(major === newestMajor())(
    'of two equal ones at once one writes; killed, it lets go of the target',
    async () => {
      const { at, configure, holdfast, start, summary } = await aTraveller()
      await using target = await freshDatabase(major)
      await target.query(NEW)
      change(at('old.db'), OLD)
      await configure(`sources:
  old: { connector: sqlite, file: ./old.db }
targets:
  new: { connector: postgres, url: '${target.url}' }
`)
      expect(await holdfast('init')).toMatchObject({ exit: 0 })
      await summary('backup')
      const given = [
        'restore',
        'old@1',
        '--to',
        'new',
        '--keys',
        'mint',
        '--keys',
        'main.log=keep',
        '--confirm',
        'new',
      ]
      const begin = async (type: 'advisory' | 'relation') => {
        const running = start(...given, '--json')
        const ended = running.done.then(({ stderr }) => Promise.reject(new Error(stderr)))
        await Promise.race([untilWaiting(target, type), ended])
        return running
      }
      const names = async () => {
        const rows = await target.query('select name from account union all select line from log')
        return rows.map(({ name }) => name).sort()
      }

      // The first stands before its first row, the second before it looks.
      await target.query('begin; lock table account in share mode')
      const first = await begin('relation')
      const second = await begin('advisory')
      await target.query('commit')
      const written = lastLine<Summary>(await first.done)
      expect(written).toMatchObject({ inserted: 3 })
      const found = lastLine<Summary>(await second.done)
      expect(found).toMatchObject({ inserted: 0, skipped: 3 })
      // The first may be committed, and its end not be said yet.
      expect([found.earlier, ...(found.settles ?? [])]).toContain(written.restore)
      expect(await names()).toEqual(['Arndt', 'Behn', 'Xaver', 'one'])

      await summary('undo', written.restore, '--confirm', 'new')
      expect(await names()).toEqual(['Xaver'])
      await target.query('begin; lock table account in share mode')
      const killed = await begin('relation')
      killed.child.kill('SIGKILL')
      await killed.done
      const next = await begin('advisory')
      await target.query('commit')
      expect(lastLine(await next.done)).toMatchObject({
        inserted: 3,
        settles: [expect.any(String)],
      })
      expect(await names()).toEqual(['Arndt', 'Behn', 'Xaver', 'one'])
    },
  )
})

/** Until somebody waits for a lock of a kind. */
async function untilWaiting({ query }: FreshDatabase, type: string): Promise<void> {
  const sql = `select from pg_locks where locktype = '${type}' and not granted
    and database = (select oid from pg_database where datname = current_database())`
  for (let i = 0; i < 600; i++) {
    if ((await query(sql)).length > 0) return
    await sleep(50)
  }
  throw new Error(`Nobody waits for a lock of the kind "${type}" after 30 s`)
}
