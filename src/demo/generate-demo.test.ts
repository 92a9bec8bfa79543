import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { breakThings } from './break-things.ts'
import { demoFiles } from './demo-files.ts'
import { type DemoContents, generateDemo } from './generate-demo.ts'
import {
  findBrokenReferences,
  hashFiles,
  ledgerReceivables,
  ledgerTotal,
  openReceivables,
  query,
  unpaidInvoices,
} from './testing/demo-checks.ts'
import { isIban } from './world/bank.ts'
import { COMPANIES } from './world/group.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))
let demo: DemoContents

beforeAll(async () => {
  demo = await generateDemo(join(folder, 'whole'))
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('generateDemo() gives the same bytes for the same seed, and others for another', async () => {
  const small = { seed: 's', customerCount: 300 }
  const a = await generateDemo(join(folder, 'a'), small)
  const b = await generateDemo(join(folder, 'b'), small)
  const c = await generateDemo(join(folder, 'c'), { ...small, seed: 't' })
  expect(hashFiles(b.files)).toEqual(hashFiles(a.files))
  for (const [i, hash] of hashFiles(c.files).entries()) expect(hash).not.toBe(hashFiles(a.files)[i])
})

test('generateDemo() leaves no reference without its row', () => {
  expect(findBrokenReferences(demo.files)).toEqual([])
})

test('generateDemo() ties the general ledger out to open invoices, to the cent', () => {
  const receivables = ledgerReceivables(demo.files)
  expect(Object.keys(receivables).length).toBeGreaterThan(COMPANIES.length)
  expect(openReceivables(demo.files)).toEqual(receivables)
  expect(unpaidInvoices(demo.files)).toEqual(receivables)
  expect(new Set(Object.values(ledgerTotal(demo.files)))).toEqual(new Set([0]))
})

test('generateDemo() gives every customer to all three systems', () => {
  const ids = (file: string, sql: string) => query(file, sql).map((row) => Object.values(row))
  const crm = ids(
    demo.files.crm,
    `SELECT tax_id, e.external_id AS erp, b.external_id AS billing FROM account
       JOIN account_external_id e ON e.account_id = account.account_id AND e.system = 'erp'
       JOIN account_external_id b ON b.account_id = account.account_id AND b.system = 'billing'
     ORDER BY 1`,
  )
  expect(crm).toHaveLength(10_000)
  const billing = 'SELECT tax_id, customer_number, debtor_id FROM debtor ORDER BY 1'
  expect(ids(demo.files.billing, billing)).toEqual(crm)
  const erp = 'SELECT tax_id, customer_number FROM customer ORDER BY 1'
  expect(ids(demo.files.erp, erp)).toEqual(crm.map((row) => row.slice(0, 2)))
})

test('generateDemo() holds what makes master data hard', () => {
  const one = (file: string, sql: string) => Object.values(query(file, sql)[0] ?? {})[0]
  const { crm, erp, billing } = demo.files
  expect(
    one(crm, 'SELECT count(*) FROM kyc_document WHERE length(content) > 65536'),
  ).toBeGreaterThan(20)
  expect(
    one(
      crm,
      `SELECT count(*) FROM (SELECT 1 FROM acquisition_cost
    GROUP BY account_id, month, channel, amount, currency HAVING count(*) > 1)`,
    ),
  ).toBeGreaterThan(50)
  expect(one(erp, "SELECT count(*) FROM customer WHERE customer_number NOT LIKE '0000%'")).toBe(0)
  expect(
    one(erp, 'SELECT count(*) FROM supplier WHERE customer_number IS NOT NULL'),
  ).toBeGreaterThan(100)
  expect(one(erp, "SELECT count(*) FROM customer WHERE name GLOB '*株式会社*'")).toBeGreaterThan(50)
  expect(
    one(billing, "SELECT count(*) FROM invoice_approval WHERE state = 'pending'"),
  ).toBeGreaterThan(200)
  expect(one(billing, 'SELECT count(*) FROM promise_to_pay')).toBeGreaterThan(100)
})

test('generateDemo() invents only bank accounts that no bank can hold', () => {
  const rows = query(
    demo.files.erp,
    `SELECT country, iban, bic FROM customer_bank_account WHERE iban IS NOT NULL
     UNION ALL SELECT substr(iban, 1, 2), iban, bic FROM supplier_bank_account WHERE iban IS NOT NULL`,
  )
  expect(rows.length).toBeGreaterThan(5000)
  for (const { iban, bic } of rows) {
    expect(isIban(String(iban))).toBe(true)
    expect(String(iban)).toMatch(/^[A-Z]{2}[0-9]{2}(?:0000|ZZZZ)/)
    expect(String(bic)).toMatch(/^ZZ[A-Z]{4}20$/)
  }
})

test('generateDemo() holds the numbers of rows that the README of the room lists', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  for (const rows of Object.values(demo.rowsBySystem)) {
    for (const [table, count] of Object.entries(rows)) {
      expect(readme).toContain(`${table} ${count.toLocaleString('en').replaceAll(',', ' ')}`)
    }
  }
})

test('breakThings() changes 1 800 payment terms of the default demo', () => {
  cpSync(join(folder, 'whole'), join(folder, 'broken'), { recursive: true })
  const damage = breakThings(demoFiles(join(folder, 'broken')), 'holdfast')
  expect(damage.paymentTermsChanged).toBe(1_800)
  expect(damage.sentences.join(' ')).toContain('1 800 customers of company 0100')
})

test('generateDemo() refuses a folder that holds one of its files, and leaves it alone', async () => {
  const before = hashFiles(demo.files)
  await expect(generateDemo(join(folder, 'whole'))).rejects.toMatchObject({
    code: 'demo.folder-in-use',
  })
  expect(hashFiles(demo.files)).toEqual(before)
  expect(existsSync(`${demo.files.crm}-journal`)).toBe(false)
})
