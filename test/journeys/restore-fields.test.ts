import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { change, createExample } from './testing/example-database.ts'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  live: { connector: sqlite, file: ./erp.db }
`

test('records come back into a table whose fields were renamed, dropped and added since', async () => {
  const { answer, at, configure, holdfast, summary } = await aTraveller()
  const customers = () => {
    using database = new DatabaseSync(at('erp.db'))
    const sql = `SELECT id, iban, payment_terms, segment FROM customer WHERE id IN (3, 50) ORDER BY id`
    return database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row).join(' '))
  }
  createExample(at('erp.db'))
  await configure(CONFIG)
  await holdfast('init')
  await summary('backup')
  change(
    at('erp.db'),
    `ALTER TABLE customer RENAME COLUMN terms TO payment_terms; ALTER TABLE customer DROP COLUMN photo;
     ALTER TABLE customer ADD COLUMN segment TEXT DEFAULT 'none'; UPDATE customer SET segment = 'A';
     UPDATE customer SET payment_terms = '90d', iban = 'XX3' WHERE id = 3;
     DELETE FROM address WHERE customer_id = 50; DELETE FROM customer WHERE id = 50`,
  )
  const records = ['--record', 'main.customer:3', '--record', 'main.customer:50']
  const ask = ['restore', 'erp@1', '--to', 'live', ...records]
  const refused = await holdfast(...ask, '--confirm', 'live')
  expectFailure(refused, 1, 'restore.schema-differs')
  expect(refused.stderr).toContain('it has no field terms, photo')
  const renamed = ['--renamed', 'main.customer:terms=payment_terms']
  const half = await holdfast(...ask, ...renamed, '--confirm', 'live')
  expectFailure(half, 1, 'restore.schema-differs')
  const fits = [...renamed, '--leave-out', 'main.customer:photo']
  for (const [field, code] of [
    ['main.customer:id', 'restore.fit-invalid'],
    ['main.customer:nobody', 'restore.field-unknown'],
    ['main."Call Log":said', 'restore.fit-invalid'],
  ] as const) {
    expectFailure(await holdfast(...ask, '--leave-out', field, '--confirm', 'live'), 2, code)
  }

  expect(await answer(...ask, ...fits, '--plan-only')).toMatchObject({
    steps: [{ insert: 1, update: 1, same: 0 }],
    fits: [
      { entity: 'main.customer', field: 'photo', becomes: null },
      { entity: 'main.customer', field: 'terms', becomes: 'payment_terms' },
    ],
  })
  const told = await holdfast(...ask, ...fits, '--plan-only', '--out', 'fix.plan')
  expect(told.stdout).toContain('left out main.customer:photo: its values are not put back\n')
  const done = await summary<{ restore: string }>(
    'restore',
    '--plan',
    'fix.plan',
    '--confirm',
    'live',
  )
  expect(done).toMatchObject({ inserted: 1, updated: 1, verified: { records: 2, different: 0 } })
  expect(customers()).toEqual(['3 DE3  A', '50 DE50 30d none'])
  expect(await summary(...ask, ...fits, '--confirm', 'live')).toMatchObject({ skipped: 2 })
  // Taken back, it is what it was, in the shape of now.
  expect(await summary('undo', done.restore, '--confirm', 'live')).toMatchObject({
    updated: 1,
    deleted: 1,
  })
  expect(customers()).toEqual(['3 XX3 90d A'])
})

test('what is said of fields counts for the system that has them, and for one at least', async () => {
  const { at, configure, holdfast, summary } = await aTraveller()
  createExample(at('erp.db'))
  change(
    at('crm.db'),
    `CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, fax TEXT);
    INSERT INTO account VALUES (1, 'Ada', '030')`,
  )
  await configure(`sources:
  erp: { connector: sqlite, file: ./erp.db }
  crm: { connector: sqlite, file: ./crm.db }
targets:
  live: { connector: sqlite, file: ./erp.db }
  crm-live: { connector: sqlite, file: ./crm.db }
`)
  await holdfast('init')
  await holdfast('backup')
  const point = `@${new Date().toISOString()}`
  change(
    at('erp.db'),
    `ALTER TABLE customer DROP COLUMN photo; UPDATE customer SET iban = NULL WHERE id = 3`,
  )
  change(at('crm.db'), `ALTER TABLE account DROP COLUMN fax; UPDATE account SET name = 'bad'`)
  const both = ['restore', point, '--to', 'erp=live', '--to', 'crm=crm-live']
  const fits = ['--leave-out', 'main.customer:photo', '--leave-out', 'main.account:fax']
  const slip = await holdfast(...both, ...fits, '--leave-out', 'main.account:fux', '--plan-only')
  expectFailure(slip, 2, 'restore.field-unknown')
  const confirm = ['--confirm', 'live', '--confirm', 'crm-live']
  expect(await summary(...both, ...fits, ...confirm)).toMatchObject({ updated: 1 })
  using crm = new DatabaseSync(at('crm.db'))
  expect(crm.prepare('SELECT * FROM account').all()).toEqual([{ id: 1, name: 'Ada' }])
  using erp = new DatabaseSync(at('erp.db'))
  expect(erp.prepare('SELECT iban FROM customer WHERE id = 3').get()).toEqual({ iban: 'DE3' })
})
