import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEMO_CUSTOMER_MAP } from '#demo/customer-map'
import { signal } from '#vault/testing/a-vault'
import { showReceivables } from './report-receivables.ts'
import { receivablesOf } from './testing/receivables-of.ts'
import { type VaultOfFiles, vaultOfDemo, vaultOfSql } from './testing/vault-of-files.ts'

let demo: VaultOfFiles

beforeAll(async () => {
  demo = await vaultOfDemo({ seed: 'finance', customerCount: 300 })
}, 60_000)
afterAll(() => demo[Symbol.dispose]())

test("the demo's receivables tie out to its general ledger, to the cent", async () => {
  const found = await receivablesOf(demo, DEMO_CUSTOMER_MAP, '2026-06-30')
  expect(found).toMatchObject({ verdict: 'clean', breaks: [] })
  expect(found.groups.length).toBeGreaterThan(7)
  for (const { control, total } of found.groups) expect(total).toBe(control)
  expect(found.groups.reduce((sum, { items }) => sum + items, 0)).toBeGreaterThan(50)
})

test('a receipt that is taken away is a break, and the point before still ties out', async () => {
  using hurt = await vaultOfDemo({ seed: 'h', customerCount: 100 })
  hurt.exec(
    'billing',
    `DELETE FROM payment_allocation WHERE payment_id = (SELECT min(payment_id) FROM payment);
     DELETE FROM payment WHERE payment_id = (SELECT min(payment_id) FROM payment)`,
  )
  await hurt.backUp()
  const found = await receivablesOf(hurt, DEMO_CUSTOMER_MAP, '2026-06-30')
  expect(found.breaks.map(({ kind }) => kind)).toEqual(['control-differs', 'open-differs'])
  const [control, open] = found.breaks
  const amounts = open?.shown.map(({ amounts }) => amounts['computed'])
  if (amounts?.length === 1) {
    expect(control?.shown[0]?.amounts['difference']).toBe(`-${amounts[0]}`)
  }
  const before = await receivablesOf(hurt, DEMO_CUSTOMER_MAP, '2026-06-30', 'billing@1', 'erp@1')
  expect(before).toMatchObject({ verdict: 'clean', breaks: [] })
  const again = await receivablesOf(hurt, DEMO_CUSTOMER_MAP, '2026-06-30', 'billing@1', 'erp@1')
  expect(JSON.stringify(again)).toBe(JSON.stringify(before))
})

const SIDES = `version: 1
sources: { erp: { entities: {} } }
finance:
  receivables:
    overdueDays: [10]
    items:
      - source: erp
        entity: main.doc
        number: [year, number]
        companyCode: { is: '1' }
        currency: currency
        date: posted
        due: due
        cleared: cleared
        amount: amount
        side: { field: sign, credit: [H] }
        when: { kind: [invoice, memo] }
      - { source: erp, entity: main.memo, number: [id], companyCode: { is: '1' }, currency: { is: EUR }, amount: amount, side: credit, due: due }
    clearings:
      - { source: erp, entity: main.part, to: main.doc, item: [year, number], amount: { debit: paid, credit: returned }, date: day }
    controls:
      - { source: erp, entity: main.ledger, companyCode: { is: '1' }, currency: currency, account: account, accounts: ['14'], period: [year, month], debit: debit, credit: credit }
`
const DOCS = `
  CREATE TABLE doc (year INTEGER, number TEXT, kind TEXT, sign TEXT, currency TEXT, posted TEXT, due TEXT, cleared TEXT, amount NUMERIC, PRIMARY KEY (year, number));
  CREATE TABLE memo (id INTEGER PRIMARY KEY, amount TEXT, due TEXT);
  CREATE TABLE part (id INTEGER PRIMARY KEY, year INTEGER, number TEXT, paid TEXT, returned TEXT, day TEXT);
  CREATE TABLE ledger (year INTEGER, month INTEGER, account TEXT, currency TEXT, debit TEXT, credit TEXT, PRIMARY KEY (year, month, account, currency));
  INSERT INTO doc VALUES
    (2026, '1', 'invoice', 'S', 'EUR', '20260501', '20260610', '00000000', '100.10'),
    (2026, '2', 'memo', 'H', 'EUR', '20260501', '20260620', '00000000', '10'),
    (2026, '3', 'invoice', 'S', 'EUR', '20260501', '20260601', '20260615', '50'),
    (2025, '1', 'invoice', 'S', 'USD', '20260502', NULL, NULL, '7.5'),
    (2026, '4', 'order', 'S', 'EUR', '20260501', '20260601', NULL, '999');
  INSERT INTO memo VALUES (1, '5.00', '2026-06-29');
  INSERT INTO part VALUES (1, 2026, '1', '40.10', '0.10', '2026-06-11T08:00:00+02:00');
  INSERT INTO ledger VALUES
    (2026, 5, '14', 'EUR', '150.10', '10'), (2026, 6, '14', 'EUR', '0', '95.00'),
    (2026, 5, '14', 'USD', '7.50', '0'), (2026, 7, '14', 'EUR', '1000', '0'), (2026, 6, '99', 'EUR', '1', '0')`

test('signs, two amounts, several fields, dates without dashes and movements are understood', async () => {
  using made = await vaultOfSql({ erp: DOCS })
  const found = await receivablesOf(made, SIDES, '2026-06-20')
  expect(found.columns).toEqual(['not due', '1-10', 'over 10', 'no due date', 'not applied'])
  expect(found.groups).toEqual([
    {
      companyCode: '1',
      currency: 'EUR',
      items: 3,
      amounts: ['-15.00', '60.10', '0.00', '0.00', '0.00'],
      total: '45.10',
      disputed: '0.00',
      later: '0.00',
      control: '45.10',
      accounts: [{ account: '14', period: '2026-06', balance: '45.10' }],
      difference: '0.00',
    },
    expect.objectContaining({ currency: 'USD', amounts: ['0.00', '0.00', '0.00', '7.50', '0.00'] }),
  ])
  expect(found.breaks).toMatchObject([
    { kind: 'due-missing', count: 1, shown: [{ number: ['2025', '1'], currency: 'USD' }] },
  ])
})

const GROUPS = `version: 1
sources: { erp: { entities: {} } }
finance:
  receivables:
    items:
      - { source: erp, entity: main.doc, number: [id], companyCode: company, currency: { field: money, entity: main.money, key: id, value: code }, amount: amount, side: debit, due: due }
    receipts:
      - { source: erp, entity: main.paid, number: [id], companyCode: company, currency: currency, amount: amount, date: day }
`

test('items and receipts without company code or currency are named as breaks', async () => {
  using made = await vaultOfSql({
    erp: `CREATE TABLE money (id INTEGER PRIMARY KEY, code TEXT);
      CREATE TABLE doc (id INTEGER PRIMARY KEY, company TEXT, money INTEGER, amount TEXT, due TEXT);
      CREATE TABLE paid (id INTEGER PRIMARY KEY, company TEXT, currency TEXT, amount TEXT, day TEXT);
      INSERT INTO money VALUES (7, 'EUR');
      INSERT INTO doc VALUES (1, '0100', NULL, '1.00', '2026-06-10'), (2, '', 7, '2.00', '2026-06-10'),
        (3, '0100', 7, '4.00', '2026-06-10'), (4, NULL, NULL, '8.00', '2026-06-10');
      INSERT INTO paid VALUES (9, '0100', NULL, '0.50', '2026-06-12'), (8, '0100', 'EUR', '0.25', '2026-06-12')`,
  })
  const found = await receivablesOf(made, GROUPS, '2026-06-20')
  const told = found.breaks.map(({ count, kind, shown }) => {
    return [kind, count, shown.map(({ entity, number }) => `${entity} ${number[0]}`).sort()]
  })
  expect(told).toEqual([
    ['company-missing', 2, ['main.doc 2', 'main.doc 4']],
    ['currency-missing', 3, ['main.doc 1', 'main.doc 4', 'main.paid 9']],
  ])
  expect(found.verdict).toBe('differs')
})

test('what the points do not hold is told by its lines', async () => {
  using made = await vaultOfSql({ erp: DOCS })
  const wrong = SIDES.replace('cleared: cleared', 'cleared: cleard').replace(
    'main.part',
    'main.parts',
  )
  await expect(receivablesOf(made, wrong, '2026-06-20')).rejects.toMatchObject({
    code: 'report.finance-unfit',
    details: {
      problems: [
        { line: 7, problem: 'erp main.doc has no field cleard; did you mean "cleared"?' },
        { line: 20, problem: expect.stringContaining('nothing is known of entity "main.parts"') },
      ],
    },
  })
})

test('showReceivables() wants one moment of all systems, a day, and a section of the map', async () => {
  await demo.vault.putDocument('customers', DEMO_CUSTOMER_MAP, signal)
  const ask = async (...at: string[]) => {
    const request = { at, asOf: '2026-06-30', file: undefined }
    return await showReceivables(demo.asking, demo.vault, request, signal)
  }
  await expect(ask('billing@1')).rejects.toMatchObject({
    code: 'report.point-missing',
    details: { missing: ['erp'] },
  })
  expect(await ask('billing@1', 'erp@1')).toMatchObject({
    verdict: 'clean',
    asOf: '2026-06-30',
    points: ['billing@1', 'erp@1'],
  })
  const request = { at: ['@2026-06-30'], asOf: '30.06.2026', file: undefined }
  await expect(showReceivables(demo.asking, demo.vault, request, signal)).rejects.toMatchObject({
    code: 'report.day-invalid',
  })
})
