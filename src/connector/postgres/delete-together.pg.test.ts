import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { describePostgres, type FreshDatabase, freshDatabase } from '#test/servers/fresh-database'
import { rowsOf } from '../testing/contract-system.ts'
import { write } from './testing/copy-tables.ts'

const t = 'public.t' as EntityName
const u = 'public.u' as EntityName

async function readTable(database: FreshDatabase, sql: string): Promise<unknown[]> {
  return (await database.query(sql)).map((row) => Object.values(row).join('|'))
}

describePostgres('deletes', (major) => {
  test('rows that would take each other along go together, and no row of anybody else', async () => {
    await using database = await freshDatabase(major)
    await database.query(`create table t (id int primary key, u int);
      create table u (id int primary key, t int references t on delete cascade);
      alter table t add foreign key (u) references u on delete set null;
      insert into t values (1, null), (2, null); insert into u values (1, 1), (2, 1), (3, 2);
      update t set u = 1 where id = 1; update t set u = 3 where id = 2`)
    const remove = (...ids: string[][]) =>
      write(database.url, async (opened) => {
        const parts = ids.map((some, i) => {
          const rows = rowsOf(...some.map((id) => [id]))
          return { entity: i === 0 ? t : u, rows: { key: ['id'], fields: ['id'], rows } }
        })
        return await opened.deleteTogether?.(parts)
      })
    const all = 'select * from t natural full join (select id, t from u) u order by id'
    const before = await readTable(database, all)
    await expect(remove(['1'], ['1'])).rejects.toMatchObject({
      code: 'connector.constraint-violated',
      message: expect.stringContaining('u_t_fkey'),
    })
    await expect(remove(['1'], ['1', '2', '3'])).rejects.toMatchObject({
      message: expect.stringContaining('t_u_fkey'),
    })
    expect(await readTable(database, all)).toEqual(before)
    expect(await remove(['1'], ['1', '2'])).toBe(3)
    expect(await readTable(database, all)).toEqual(['2|3|', '3||2'])
  })
})
