import { readFile, stat, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { change, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure, linesOf } from './testing/traveller.ts'

const CRM = `CREATE TABLE account (id INTEGER PRIMARY KEY, tax TEXT, name TEXT);
  CREATE TABLE contact (id INTEGER PRIMARY KEY, account INTEGER REFERENCES account, name TEXT);
  INSERT INTO account VALUES (1, 'DE1', 'Arndt'), (2, 'DE2', 'Behn');
  INSERT INTO contact VALUES (10, 1, 'Ada'), (11, 1, 'Bo'), (20, 2, 'Cy')`
const ERP = `CREATE TABLE customer (no TEXT PRIMARY KEY, tax TEXT, terms TEXT);
  INSERT INTO customer VALUES ('A', 'DE1', 'N30'), ('B', 'DE2', 'N30')`
const CONFIG = `sources:
  crm: { connector: sqlite, file: ./crm.db }
  erp: { connector: sqlite, file: ./erp.db }
targets:
  crm-live: { connector: sqlite, file: ./crm.db }
  erp-live: { connector: sqlite, file: ./erp.db }
`
const MAP = `version: 1
match: [taxId]
sources:
  crm:
    entities:
      main.account: { role: customer, identity: { taxId: tax, name: name } }
      main.contact: { role: contact, links: [{ fields: [account], to: main.account }] }
  erp:
    entities:
      main.customer: { role: customer, identity: { taxId: tax } }
`

test('one customer is put back in all systems by one plan, which can be a file', async () => {
  const { at, configure, holdfast } = await aTraveller()
  change(at('crm.db'), CRM)
  change(at('erp.db'), ERP)
  await configure(CONFIG)
  await writeFile(at('customers.yaml'), MAP)
  await holdfast('init')
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })
  const good = { crm: readAll(at('crm.db')), erp: readAll(at('erp.db')) }
  change(
    at('crm.db'),
    `DELETE FROM contact WHERE id = 11; UPDATE account SET name = 'bad' WHERE id = 1`,
  )
  change(at('erp.db'), `UPDATE customer SET terms = 'N90' WHERE no = 'A'`)
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })

  const argv = ['restore', 'crm@1', '--customer', 'A', '--to', 'crm-live']
  expectFailure(await holdfast(...argv, '--record', 'main.account:1'), 2, 'cli.usage')
  expectFailure(await holdfast(...argv, '--out', 'x'), 2, 'cli.usage')
  await holdfast('label', 'crm@1', 'good')
  await holdfast('label', 'erp@1', 'good')
  const both = [
    'restore',
    '@good',
    '--customer',
    'A',
    '--to',
    'crm=crm-live',
    '--to',
    'erp=erp-live',
  ]
  expectFailure(await holdfast(...both.slice(0, 6)), 2, 'app.targets-unclear')

  const planned = await holdfast(...both, '--plan-only', '--out', 'fix.plan', '--json')
  expect(planned.exit, planned.stderr).toBe(0)
  const plans = linesOf<{ plan: string }>(planned)
  expect(plans).toMatchObject([
    { point: 'crm@1', target: 'crm-live' },
    { point: 'erp@1', target: 'erp-live' },
  ])
  expect((await stat(at('fix.plan'))).mode & 0o777).toBe(0o600)
  const text = await readFile(at('fix.plan'), 'utf8')
  const file = linesOf({ ...planned, stdout: text })
  expect(file).toMatchObject([
    { type: 'plan', plan: plans[0]?.plan, points: ['crm@1', 'erp@1'] },
    { entity: 'main.account', key: '1', fields: { name: { before: 'bad', after: 'Arndt' } } },
    { entity: 'main.contact', key: '11', op: 'insert' },
    { entity: 'main.customer', key: 'A', fields: { terms: { before: 'N90', after: 'N30' } } },
    { type: 'summary', insert: 1, update: 2 },
  ])
  expect((await holdfast(...both, '--plan-only', '--out', '-')).stdout).toBe(text)
  expectFailure(
    await holdfast(...both, '--plan-only', '--out', 'fix.plan'),
    2,
    'cli.file-not-writable',
  )

  await writeFile(at('edited.plan'), text.replace('N30', 'N14'))
  const confirm = ['--confirm', 'crm-live', '--confirm', 'erp-live']
  expectFailure(
    await holdfast('restore', '--plan', 'edited.plan', ...confirm),
    2,
    'restore.plan-invalid',
  )
  expectFailure(await holdfast('restore', 'crm@1', '--plan', 'fix.plan'), 2, 'cli.usage')
  // Others may go on working meanwhile; whoever touches a record of the plan voids it.
  change(at('crm.db'), `INSERT INTO account VALUES (3, 'DE3', 'new')`)
  change(at('erp.db'), `UPDATE customer SET terms = 'N60' WHERE no = 'A'`)
  const void_ = await holdfast('restore', '--plan', 'fix.plan', ...confirm)
  expectFailure(void_, 5, 'restore.plan-void')
  expect(void_.stderr).toContain('erp-live main.customer:A')
  change(at('erp.db'), `UPDATE customer SET terms = 'N90' WHERE no = 'A'`)
  const run = await holdfast('restore', '--plan', 'fix.plan', ...confirm, '--json')
  expect(run.exit, run.stderr).toBe(0)
  expect(linesOf(run).filter(({ type }) => type === 'summary')).toMatchObject([
    { target: 'crm-live', inserted: 1, updated: 1, plan: plans[0]?.plan },
    { target: 'erp-live', updated: 1, plan: plans[0]?.plan },
  ])
  change(at('crm.db'), 'DELETE FROM account WHERE id = 3')
  expect({ crm: readAll(at('crm.db')), erp: readAll(at('erp.db')) }).toEqual(good)
})
