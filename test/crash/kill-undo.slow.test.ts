import { copyFile, rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { aTraveller } from '#test/journeys/testing/traveller'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { readDatabase } from '../journeys/testing/example-postgres.ts'
import { aChance } from './testing/chance.ts'
import { changeSome, createFewMegabytes, readRows } from './testing/few-megabytes.ts'
import { listTemporaries } from './testing/kill.ts'
import { killAndUndo } from './testing/kill-and-undo.ts'
import { KILLED_TABLES } from './testing/killed-tables.ts'
import { untilAlone } from './testing/until-alone.ts'

const ARGV = ['restore', 'erp@1', '--to', 'copy', '--delete-added', '--confirm', 'copy']

test('a restore into SQLite that is killed is gone on with and undone', async () => {
  const traveller = await aTraveller()
  const { at, configure, holdfast, summary } = traveller
  createFewMegabytes(at('erp.db'))
  await configure(`tempDir: ./temporary
sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  await summary('backup')
  await copyFile(at('erp.db'), at('living.db'))
  for (let day = 1; day <= 20; day++) changeSome(at('living.db'), day)
  await killAndUndo({
    traveller,
    chance: aChance('kills of a restore and its undoing'),
    argv: ARGV,
    rounds: 10,
    async damage() {
      for (const end of ['', '-journal', '-wal', '-shm']) {
        await rm(`${at('copy.db')}${end}`, { force: true })
      }
      await copyFile(at('living.db'), at('copy.db'))
    },
    read: async () => readRows(at('copy.db')),
  })
  expect(await listTemporaries(traveller)).toEqual([])
})

const changes = (day: number) => `
  update customer set name = 'day ${day}' where id % 40 = ${day};
  delete from address where customer_id % 200 = ${day};
  insert into log select '2026-06-30', md5((i % 30)::text) from generate_series(1, 300) i`

describePostgres('kills of restores and undoings', (major) => {
  const testOnce = test.runIf(major === newestMajor())

  testOnce('a restore into PostgreSQL that is killed is gone on with and undone', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    await using target = await freshDatabase(major)
    await source.query(KILLED_TABLES)
    await traveller.configure(`sources:
  erp: { connector: postgres, url: '${source.url}' }
targets:
  copy: { connector: postgres, url: '${target.url}' }
`)
    await traveller.holdfast('init')
    await traveller.summary('backup')
    await killAndUndo({
      traveller,
      chance: aChance('kills of a restore into PostgreSQL and its undoing'),
      argv: ARGV,
      rounds: 8,
      async damage(round) {
        await target.query('drop schema public cascade; create schema public')
        await target.query(`${KILLED_TABLES};${changes(round)}`)
      },
      async read() {
        await untilAlone(target)
        return await readDatabase(target)
      },
    })
  })
})
