import { expect, test } from 'vitest'
import { aLife } from './testing/a-life.ts'

const CUSTOMERS = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);
  INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bea'), (3, 'Cid');
  CREATE TABLE note (said TEXT); INSERT INTO note VALUES ('twice'), ('twice'), (NULL)`

const customer = 'main.customer'

test('a history tells of the points that are kept, each under the names of its time', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  await life.exec(`ALTER TABLE customer ADD COLUMN terms TEXT DEFAULT '30d'`)
  await life.capture()
  await life.exec(`UPDATE customer SET name = 'Bo' WHERE id = 2`)
  await life.capture()
  await life.exec(`UPDATE customer SET name = 'Bob', terms = NULL WHERE id = 2`)
  await life.capture({ request: { isFull: true } })
  const tell = async (...kept: readonly number[]) => {
    const versions = await life.historyOf(customer, '2', (seq) => kept.includes(seq))
    return versions.map(({ before, changed, fields, seq }) => [
      seq,
      changed,
      before && Object.values(before),
      Object.values(fields),
    ])
  }
  expect(await tell(1, 2, 3, 4)).toEqual([
    [4, ['name', 'terms'], ['2', 'Bo', '30d'], ['2', 'Bob', null]],
    // The field was there at point 2, where no row was touched.
    [3, ['name'], ['2', 'Bea', '30d'], ['2', 'Bo', '30d']],
    [1, [], null, ['2', 'Bea']],
  ])
  expect(await tell(2, 4)).toEqual([
    [4, ['name', 'terms'], ['2', 'Bea', '30d'], ['2', 'Bob', null]],
    [2, [], null, ['2', 'Bea', '30d']],
  ])
  expect(await tell(1, 4)).toEqual([
    [4, ['name', 'terms'], ['2', 'Bea'], ['2', 'Bob', null]],
    [1, [], null, ['2', 'Bea']],
  ])
})

test('a record is what it is since the point that its history says, whichever are kept', async () => {
  await using life = await aLife(CUSTOMERS)
  const name = (text: string) => life.exec(`UPDATE customer SET name = '${text}' WHERE id = 2`)
  await life.capture()
  await name('Bo')
  await life.capture()
  await name('Bea')
  await life.capture()
  await life.capture({ request: { isFull: true } })
  await name('Bo')
  await life.capture()
  await name('Bea')
  await life.capture()
  const sinces: (readonly [readonly number[], number])[] = [
    [[1, 2, 3, 4, 5, 6], 6],
    [[1, 2, 3, 4], 3],
    // It changed and changed back between.
    [[1, 3], 1],
    [[4, 6], 4],
    [[1, 4, 6], 1],
    [[1, 2, 6], 6],
    [[2, 6], 6],
  ]
  for (const [kept, since] of sinces) {
    const isKept = (seq: number) => kept.includes(seq)
    const [newest] = await life.historyOf(customer, '2', isKept)
    expect([newest?.seq, await life.lastChangeOf(customer, '2', isKept)]).toEqual([since, since])
  }
})
