import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import { aTraveller, linesOf, type Traveller } from './testing/traveller.ts'

const CONFIG = `sources:
  crm:
    connector: sqlite
    file: ./crm.db
    retention: { keepAll: 0h, daily: 0, weekly: 0, monthly: 0, yearly: 0, keepMin: 1 }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`
const DAYS = 9

async function aFewDays(): Promise<Traveller> {
  const traveller = await aTraveller()
  const { at, configure, holdfast } = traveller
  createExample(at('crm.db'))
  change(
    at('crm.db'),
    `CREATE TABLE ledger (id INTEGER PRIMARY KEY, amount INTEGER, said TEXT);
     INSERT INTO ledger WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
       SELECT i, i * 7, hex(randomblob(20)) FROM n;
     CREATE TABLE doc (id INTEGER PRIMARY KEY, body BLOB);
     INSERT INTO doc VALUES (1, randomblob(300000))`,
  )
  await configure(CONFIG)
  await holdfast('init')
  for (let day = 1; day <= DAYS; day++) {
    change(
      at('crm.db'),
      `UPDATE ledger SET amount = amount + ${day} WHERE id % 20 = ${day};
       INSERT INTO ledger VALUES (${1000 + day}, ${day}, 'new');
       DELETE FROM ledger WHERE id = ${1000 + day - 3};
       UPDATE doc SET id = ${day}`,
    )
    expect((await holdfast('backup')).exit).toBe(0)
  }
  return traveller
}

async function countObjects({ at }: Traveller): Promise<number> {
  const names = await readdir(at('vault/segments'), { recursive: true })
  return names.filter((name) => /\.(keys|rows|blobs)$/.test(name)).length
}

/** All that can be asked of these points. */
async function lookBack({ answer, holdfast }: Traveller, points: readonly number[]) {
  const answers = []
  for (const [i, seq] of points.entries()) {
    const before = points[i - 1]
    answers.push(await answer('entities', `crm@${seq}`))
    if (before === undefined) continue
    const { exit, stdout } = await holdfast('diff', `crm@${before}`, `crm@${seq}`, '--json')
    expect(exit).toBe(4)
    answers.push(stdout)
  }
  for (const key of ['1', '2', '1003']) {
    answers.push(await answer('history', 'crm', 'main.ledger', key))
  }
  return answers
}

test('many backups become few segments, and every one of them reads as before', async () => {
  const traveller = await aFewDays()
  const { answer, at, holdfast, summary } = traveller
  const points = [1, 2, 8, DAYS]
  const before = await lookBack(traveller, points)
  const planned = linesOf(await holdfast('compact', '--dry-run', '--json'))
  expect(planned.at(-1)).toMatchObject({ type: 'summary', source: 'crm' })
  const entities = planned.flatMap(({ entity, type }) => (type === 'merge' ? [entity] : []))
  expect(entities).toContain('main.ledger')
  const said = await summary<{ replaced: number; written: number }>('compact')
  expect(said).toMatchObject({ type: 'summary', source: 'crm', droppedVersions: 0 })
  expect(said.replaced).toBeGreaterThanOrEqual(2 * DAYS)
  expect(said.written).toBeLessThan(5)
  expect(await lookBack(traveller, points)).toEqual(before)
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole', incidents: [] })
  expect(await answer('verify', 'crm@latest', '--against', 'crm')).toMatchObject({
    verdict: 'same',
  })
  expect(await summary('compact')).toMatchObject({ replaced: 0, entries: [] })
  expect((await holdfast('compact', '--dry-run')).stdout).toBe('crm: nothing to merge\n')
  await summary('restore', 'crm@latest', '--to', 'copy', '--yes')
  expect(readAll(at('copy.db'))).toEqual(readAll(at('crm.db')))
  // And life goes on.
  change(at('crm.db'), 'UPDATE ledger SET amount = 0 WHERE id = 2')
  const next = await summary<{ entities: { entity: string; updated: number }[] }>('backup')
  expect(next.entities.find(({ entity }) => entity === 'main.ledger')?.updated).toBe(1)
})

test('after expiry, compaction and collection little more is left than the points need', async () => {
  const traveller = await aFewDays()
  const { answer, at, holdfast, summary } = traveller
  const objects = await countObjects(traveller)
  expect((await holdfast('expire', 'crm', '--confirm', 'crm')).exit).toBe(0)
  const said = await summary<{ droppedVersions: number }>('compact')
  expect(said.droppedVersions).toBeGreaterThan(150)
  expect((await holdfast('collect', '--grace', '0s')).exit).toBe(0)
  // Two a table, and the large value.
  expect(objects).toBeGreaterThan(40)
  expect(await countObjects(traveller)).toBe(5 * 2 + 1)
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole', incidents: [] })
  await summary('restore', 'crm@latest', '--to', 'copy', '--yes')
  expect(readAll(at('copy.db'))).toEqual(readAll(at('crm.db')))
})
