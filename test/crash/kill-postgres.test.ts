import { expect, test } from 'vitest'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import { readDatabase } from '../journeys/testing/example-postgres.ts'
import { aTraveller } from '../journeys/testing/traveller.ts'
import { aChance } from './testing/chance.ts'
import { killAfter } from './testing/kill.ts'
import { KILLED_TABLES } from './testing/killed-tables.ts'
import { untilAlone } from './testing/until-alone.ts'

const CAPTURES = 8
const RESTORES = 8

const changes = (day: number) => `
  update customer set name = 'day ${day}' where id % 40 = ${day};
  delete from address where customer_id % 200 = ${day};
  insert into log values (null, 'day ${day}'), (null, 'day ${day}')`

type Point = { readonly point: string }

describePostgres('kills', (major) => {
  const testOnce = test.runIf(major === newestMajor())

  testOnce('a backup that is killed leaves every point, and the next one finishes', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    await source.query(KILLED_TABLES)
    await traveller.configure(`sources:\n  erp: { connector: postgres, url: '${source.url}' }\n`)
    await traveller.holdfast('init')
    const { answer, summary } = traveller
    await summary('backup')
    const chance = aChance('kills of a backup of PostgreSQL')
    let points = await answer<Point[]>('points')
    let lastMs = 2000
    for (let day = 1; day <= CAPTURES; day++) {
      await source.query(changes(day))
      await killAfter(traveller, chance.next() * lastMs, ['backup'])
      const left = await answer<Point[]>('points')
      expect(left.slice(0, points.length), `day ${day}`).toEqual(points)
      expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
      const startedAtMs = performance.now()
      await summary('backup')
      lastMs = performance.now() - startedAtMs
      expect(await answer('verify', 'erp@latest', '--against', 'erp'), `day ${day}`).toMatchObject({
        verdict: 'same',
      })
      points = await answer('points')
    }
    await untilAlone(source)
  })

  testOnce('a restore that is killed leaves the target as it was, or complete', async () => {
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
    const wanted = await readDatabase(source)
    const argv = ['restore', 'erp@1', '--to', 'copy', '--delete-added', '--confirm', 'copy']
    const chance = aChance('kills of a restore into PostgreSQL')
    let lastMs = 3000
    for (let round = 1; round <= RESTORES; round++) {
      await target.query('drop schema public cascade; create schema public')
      if (round % 2 === 1) await target.query(`${KILLED_TABLES};${changes(round)}`)
      const before = await readDatabase(target)
      await killAfter(traveller, chance.next() * lastMs, argv)
      // The server notices a little later, and then takes back what was not committed.
      await untilAlone(target)
      const left = await readDatabase(target)
      const isComplete = JSON.stringify(left) === JSON.stringify(wanted)
      if (!isComplete) expect(left, `round ${round}`).toEqual(before)
      const startedAtMs = performance.now()
      expect(await traveller.summary(...argv)).toMatchObject({ verified: { different: 0 } })
      lastMs = performance.now() - startedAtMs
      expect(await readDatabase(target), `round ${round}`).toEqual(wanted)
    }
  })
})
