import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { breakThings } from './break-things.ts'
import { type DemoFiles, demoFiles } from './demo-files.ts'
import { generateDemo } from './generate-demo.ts'
import { liveADay } from './live-a-day.ts'
import {
  findBrokenReferences,
  hashFiles,
  ledgerReceivables,
  ledgerTotal,
  openReceivables,
  query,
  unpaidInvoices,
} from './testing/demo-checks.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-mornings-'))
const seed = 'mornings'

beforeAll(async () => {
  await generateDemo(join(folder, 'whole'), { seed, customerCount: 600 })
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function aCopy(name: string): DemoFiles {
  cpSync(join(folder, 'whole'), join(folder, name), { recursive: true })
  return demoFiles(join(folder, name))
}

test('liveADay() keeps references whole and the ledger tied out, day after day', () => {
  const files = aCopy('days')
  const before = hashFiles(files)
  for (const day of [1, 2, 3]) expect(liveADay(files, { seed, day }).length).toBeGreaterThan(2)
  expect(findBrokenReferences(files)).toEqual([])
  expect(openReceivables(files)).toEqual(ledgerReceivables(files))
  expect(unpaidInvoices(files)).toEqual(ledgerReceivables(files))
  expect(new Set(Object.values(ledgerTotal(files)))).toEqual(new Set([0]))
  for (const [i, hash] of hashFiles(files).entries()) expect(hash).not.toBe(before[i])
})

test('liveADay() leaves a day that is over as it was, in billing and in the ledger', () => {
  const files = aCopy('looking-back')
  const before = unpaidInvoices(files, '2026-06-30')
  expect(before).toEqual(ledgerReceivables(files, '2026-06-30'))
  for (const day of [1, 2, 3]) liveADay(files, { seed, day })
  expect(unpaidInvoices(files, '2026-06-30')).toEqual(before)
  expect(ledgerReceivables(files, '2026-06-30')).toEqual(before)
})

test('liveADay() does the same for the same seed', () => {
  const [a, b] = [aCopy('day-a'), aCopy('day-b')]
  liveADay(a, { seed, day: 1 })
  liveADay(b, { seed, day: 1 })
  expect(hashFiles(b)).toEqual(hashFiles(a))
})

test('liveADay() touches the customer of the story in CRM and billing', () => {
  const files = aCopy('story')
  const paid =
    "SELECT count(*) AS n FROM payment WHERE debtor_id = 'D-DE-000042' AND received_on = '2026-07-01'"
  const touched =
    "SELECT count(*) AS n FROM contact WHERE account_id = 500042 AND updated_at >= '2026-07-01'"
  liveADay(files, { seed, day: 1 })
  expect(query(files.billing, paid)).toEqual([{ n: 1 }])
  expect(query(files.crm, touched)).toEqual([{ n: 1 }])
})

test('breakThings() does exactly the damage that it describes', () => {
  const files = aCopy('broken')
  const whole = demoFiles(join(folder, 'whole'))
  const damage = breakThings(files, seed)
  const sql = 'SELECT * FROM customer_company ORDER BY 1, 2'
  const before = query(whole.erp, sql)
  const changed = query(files.erp, sql).filter(
    (row, i) => row['payment_terms'] !== before[i]?.['payment_terms'],
  )
  expect(changed).toHaveLength(damage.paymentTermsChanged)
  expect(damage.paymentTermsChanged).toBeGreaterThan(150)
  expect(new Set(changed.map((row) => `${row['company_code']} ${row['payment_terms']}`))).toEqual(
    new Set(['0100 NT90']),
  )
  const lost = (table: string) => countOf(whole.crm, table) - countOf(files.crm, table)
  expect(lost('contact')).toBe(damage.contactsDeleted)
  expect(lost('consent')).toBe(damage.consentsDeleted)
  const superiors = 'contact WHERE reports_to_id IS NULL'
  expect(damage.contactsOrphaned).toBeGreaterThan(5)
  expect(countOf(files.crm, superiors)).toBeGreaterThan(countOf(whole.crm, superiors) - 14)
  expect(damage.sentences.join(' ')).toContain(
    `${damage.paymentTermsChanged} customers of company 0100`,
  )
  const due = 'SELECT due_on, status FROM invoice ORDER BY invoice_number'
  const dueBefore = query(whole.billing, due)
  const later = query(files.billing, due).filter(
    (row, i) => row['due_on'] !== dueBefore[i]?.['due_on'],
  )
  expect(later).toHaveLength(damage.dueDatesMoved)
  expect(damage.dueDatesMoved).toBeGreaterThan(10)
  expect(lostRows(whole, files, 'payment')).toBe(damage.receiptsDeleted)
  expect(unpaidInvoices(files)).toEqual(openReceivables(files))
  expect(ledgerReceivables(files)).toEqual(ledgerReceivables(whole))
  expect(openReceivables(files)).not.toEqual(ledgerReceivables(files))
})

test('breakThings() hits the customer of the story in every system, and no reference breaks', () => {
  const files = aCopy('story-broken')
  const { customer } = breakThings(files, seed)
  const sql = `SELECT b.iban, c.payment_terms FROM customer_bank_account b
    JOIN customer_company c USING (customer_number) WHERE customer_number = '${customer.customerNumber}'`
  expect(query(files.erp, sql)).toEqual([
    { iban: expect.stringMatching(/^MT\d\dZZZZ0/), payment_terms: 'NT90' },
  ])
  const contact = `SELECT 1 FROM contact WHERE contact_id = ${customer.lostContactId}`
  expect(query(demoFiles(join(folder, 'whole')).crm, contact)).toHaveLength(1)
  expect(query(files.crm, contact)).toEqual([])
  const debtor = `SELECT delivery, email FROM debtor WHERE debtor_id = '${customer.debtorId}'`
  expect(query(files.billing, debtor)).toEqual([
    { delivery: 'e-mail', email: 'invoices@fast-pay.example' },
  ])
  expect(findBrokenReferences(files)).toEqual([])
})

test('breakThings() follows the invoice that the ordinary day paid', () => {
  const files = aCopy('paid')
  liveADay(files, { seed, day: 1 })
  const { customer } = breakThings(files, seed)
  const number = `'${customer.invoiceNumber}'`
  const sql = `SELECT status FROM invoice WHERE invoice_number = ${number}`
  expect(query(demoFiles(join(folder, 'whole')).billing, sql)).toEqual([{ status: 'open' }])
  expect(query(files.billing, sql)).toEqual([{ status: 'paid' }])
})

test('breakThings() refuses a second time and changes nothing', () => {
  const files = aCopy('twice')
  breakThings(files, seed)
  const before = hashFiles(files)
  expect(() => breakThings(files, seed)).toThrowError(
    expect.objectContaining({ code: 'demo.damaged-already' }),
  )
  expect(hashFiles(files)).toEqual(before)
})

function lostRows(whole: DemoFiles, files: DemoFiles, table: string): number {
  return countOf(whole.billing, table) - countOf(files.billing, table)
}

function countOf(file: string, table: string): number {
  return Number(query(file, `SELECT count(*) AS n FROM ${table}`)[0]?.['n'])
}
