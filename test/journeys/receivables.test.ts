import { readFile, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const BOOKS = `
  CREATE TABLE invoice (number TEXT PRIMARY KEY, company TEXT, currency TEXT, issued TEXT, due TEXT, gross TEXT, open TEXT);
  CREATE TABLE receipt (id INTEGER PRIMARY KEY, company TEXT, currency TEXT, day TEXT, amount TEXT);
  CREATE TABLE cleared (receipt INTEGER, invoice TEXT, amount TEXT, PRIMARY KEY (receipt, invoice));
  CREATE TABLE balance (company TEXT, account TEXT, currency TEXT, period TEXT, balance TEXT, PRIMARY KEY (company, account, currency, period));
  INSERT INTO invoice VALUES
    ('R1', '0100', 'EUR', '2026-05-01', '2026-05-31', '119.00', '69.00'),
    ('R2', '0100', 'EUR', '2026-06-10', '2026-07-10', '50.10', '50.10'),
    ('R3', '0100', 'JPY', '2026-06-10', '2026-06-30', '1200', '1200');
  INSERT INTO receipt VALUES (1, '0100', 'EUR', '2026-06-15', '60.00');
  INSERT INTO cleared VALUES (1, 'R1', '50.00');
  INSERT INTO balance VALUES ('0100', '140000', 'EUR', '2026-06', '109.10'), ('0100', '140000', 'JPY', '2026-06', '1200')`

const MAP = `version: 1
sources: { books: { entities: { main.invoice: { role: invoice } } } }
finance:
  receivables:
    items:
      - { source: books, entity: main.invoice, number: [number], companyCode: company, currency: currency, date: issued, due: due, amount: gross, open: open }
    receipts:
      - { source: books, entity: main.receipt, number: [id], companyCode: company, currency: currency, date: day, amount: amount }
    clearings:
      - { source: books, entity: main.cleared, item: [invoice], receipt: [receipt], amount: amount }
    controls:
      - { source: books, entity: main.balance, companyCode: company, currency: currency, account: account, accounts: ['140000'], period: period, balance: balance }
`

test('receivables of a point: table, CSV, page and breaks, the same bytes every time', async () => {
  const { answer, answerWith, at, configure, holdfast } = await aTraveller()
  const change = (sql: string) => {
    const db = new DatabaseSync(at('books.db'))
    db.exec(sql)
    db.close()
  }
  change(BOOKS)
  await configure('sources:\n  books: { connector: sqlite, file: ./books.db }\n')
  await holdfast('init')
  await holdfast('backup')
  const ask = ['report', 'receivables', 'books@1', '--as-of', '2026-06-30']
  await writeFile(at('customers.yaml'), MAP.split('finance:')[0] ?? '')
  expectFailure(await holdfast(...ask), 2, 'report.finance-missing')
  await writeFile(at('customers.yaml'), MAP)

  const first = await holdfast(
    ...ask,
    '--csv',
    'a.csv',
    '--breaks',
    'a-breaks.csv',
    '--html',
    'a.html',
  )
  expect(first.exit, first.stderr).toBe(0)
  expect(first.stdout).toMatch(
    /^0100 +EUR +2 +50\.10 +69\.00 +0\.00 .* -10\.00 +109\.10 .* 109\.10 +0\.00$/m,
  )
  expect(await readFile(at('a.csv'), 'utf8')).toContain(
    '2026-06-30,0100,JPY,1,1200,0,0,0,0,0,0,1200,0,0,1200,0,books@1,true\r\n',
  )

  // A receipt is lost: the point before says what it said, with the same bytes.
  change(
    "DELETE FROM cleared; DELETE FROM receipt; UPDATE invoice SET open = '119.00' WHERE number = 'R1'",
  )
  await holdfast('backup')
  const again = await holdfast(...ask, '--csv', 'b.csv', '--html', 'b.html')
  expect(again.stdout).toBe(first.stdout)
  for (const [a, b] of [
    ['a.csv', 'b.csv'],
    ['a.html', 'b.html'],
  ] as const) {
    expect(await readFile(at(b))).toEqual(await readFile(at(a)))
  }
  const found = await answerWith<{ breaks: unknown[] }>(
    4,
    'report',
    'receivables',
    'books@2',
    '--as-of',
    '2026-06-30',
  )
  expect(found.breaks).toMatchObject([
    { kind: 'control-differs', shown: [{ amounts: { total: '169.10', difference: '-60.00' } }] },
  ])
  // As of an earlier day neither the receipt nor what was issued later is there.
  expect(await answer('report', 'receivables', 'books@1', '--as-of', '2026-06-12')).toMatchObject({
    groups: [{ total: '169.10', later: '-60.00', difference: '0.00' }, { currency: 'JPY' }],
  })
  expectFailure(await holdfast(...ask, '--csv', 'a.csv'), 2, 'cli.file-not-writable')
})
