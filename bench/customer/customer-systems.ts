import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Three systems in files, filled from formulas, and the configuration and map of a vault of them. */

export const KEY_ACCOUNT = 4711
/** What is attached to it: contacts, orders, invoices with three lines each; about a thousand records. */
const CONTACTS = 10
const ORDERS = 186
const INVOICES = 200

export const SOURCES = ['crm', 'erp', 'billing'] as const

const MAP = `
version: 1
match: [taxId]
sources:
  crm:
    entities:
      main.account:
        role: customer
        identity: { number: account_id, name: name, taxId: tax_id }
      main.contact:
        role: contact
        identity: { email: email }
        links: [{ fields: [account_id], to: main.account }]
  erp:
    entities:
      main.customer:
        role: customer
        identity: { number: customer_number, name: name, taxId: tax_id }
        links: [{ fields: [account_id], source: crm, to: main.account, kind: same }]
      main.sales_order:
        role: contract
        links: [{ fields: [customer_number], to: main.customer }]
  billing:
    entities:
      main.invoice:
        role: invoice
        links: [{ fields: [customer_number], source: erp, to: main.customer }]
      main.invoice_line:
        role: invoice-line
        links: [{ fields: [invoice], to: main.invoice }]
`

export type Systems = {
  readonly env: Readonly<Record<string, string>>
  readonly stateDir: string
  readonly records: number
}

/** @param records in all; some more where there are too few for the customers */
export function makeSystems(
  folder: string,
  { customers, records }: { readonly customers: number; readonly records: number },
): Systems {
  mkdirSync(folder, { recursive: true })
  const rest = Math.max(records - 3 * customers, 5 * customers)
  const orders = Math.floor(rest / 7)
  const invoices = Math.floor((rest - orders) / 4)
  fill(join(folder, 'crm.db'), [
    'CREATE TABLE account (account_id INTEGER PRIMARY KEY, name TEXT, tax_id TEXT, city TEXT, since TEXT)',
    'CREATE TABLE contact (contact_id INTEGER PRIMARY KEY, account_id INTEGER, name TEXT, email TEXT, phone TEXT)',
    `INSERT INTO account SELECT i, ${nameOf('i')}, 'DE' || (100000000 + i), 'City ' || i % 5000, '2019-01-01' FROM (${count(customers)})`,
    `INSERT INTO contact SELECT i, ${ownerOf(customers, customers, CONTACTS)}, 'Person ' || (i * 31 % 99991) || ' Surname', 'p' || i || '@mail.example', '+49 30 ' || i FROM (${count(customers)})`,
  ])
  fill(join(folder, 'erp.db'), [
    'CREATE TABLE customer (customer_number TEXT PRIMARY KEY, account_id INTEGER, name TEXT, tax_id TEXT, terms TEXT) WITHOUT ROWID',
    'CREATE TABLE sales_order (order_id INTEGER PRIMARY KEY, customer_number TEXT, ordered TEXT, amount TEXT)',
    `INSERT INTO customer SELECT ${numberOf('i')}, i, upper(${nameOf('i')}), 'DE' || (100000000 + i), 'NT' || i % 4 FROM (${count(customers)})`,
    `INSERT INTO sales_order SELECT i, ${numberOf(ownerOf(customers, orders, ORDERS))}, '2026-01-' || (10 + i % 20), i % 9973 || '.50' FROM (${count(orders)})`,
  ])
  fill(join(folder, 'billing.db'), [
    'CREATE TABLE invoice (invoice INTEGER PRIMARY KEY, customer_number TEXT, due TEXT, total TEXT, state TEXT)',
    'CREATE TABLE invoice_line (invoice INTEGER, line INTEGER, article TEXT, amount TEXT, PRIMARY KEY (invoice, line)) WITHOUT ROWID',
    `INSERT INTO invoice SELECT i, ${numberOf(ownerOf(customers, invoices, INVOICES))}, '2026-02-' || (10 + i % 18), i % 7919 || '.00', 'open' FROM (${count(invoices)})`,
    `INSERT INTO invoice_line SELECT 1 + (i - 1) / 3, 1 + i % 3, 'A-' || i % 20000, i % 997 || '.10' FROM (${count(3 * invoices)})`,
  ])
  const config = join(folder, 'holdfast.yaml')
  const sources = Object.fromEntries(
    SOURCES.map((name) => [name, { connector: 'sqlite', file: `./${name}.db` }]),
  )
  const stateDir = join(folder, 'state')
  writeFileSync(config, JSON.stringify({ vault: './vault', stateDir, sources, targets: {} }))
  writeFileSync(join(folder, 'customers.yaml'), MAP)
  const env = {
    HOLDFAST_CONFIG: config,
    HOLDFAST_PASSPHRASE: 'a long passphrase that only the bench knows',
    HOLDFAST_NO_INPUT: '1',
    NO_COLOR: '1',
  }
  return { env, stateDir, records: 3 * customers + orders + 4 * invoices }
}

/** A day on which some customers of the CRM change. */
export function changeNames(folder: string, customers: number): void {
  fill(join(folder, 'crm.db'), [
    `UPDATE account SET name = name || ' & Co' WHERE account_id % ${Math.max(2, Math.floor(customers / 5000))} = 1`,
  ])
}

function fill(path: string, statements: readonly string[]): void {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN')
  for (const sql of statements) db.exec(sql)
  db.exec('COMMIT')
  db.close()
}

function count(rows: number): string {
  return `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT i FROM n`
}

function nameOf(i: string): string {
  const first = ['Farnbeck', 'Osterloh', 'Brinkmann', 'Hagedorn', 'Weidner', 'Kessler', 'Lindau']
  const trade = ['Werkzeugbau', 'Logistik', 'Elektro', 'Maschinen', 'Papier']
  const pick = (words: readonly string[], step: number) => {
    const cases = words.map((word, at) => `WHEN ${at} THEN '${word}'`).join(' ')
    return `CASE (${i}) / ${step} % ${words.length} ${cases} END`
  }
  return `${pick(first, 1)} || ' ' || ${pick(trade, 7)} || ' ' || (${i}) || ' GmbH'`
}

function numberOf(customer: string): string {
  return `printf('K%09d', ${customer})`
}

/** Every so often the key account, else another customer, none of them by neighbours. */
function ownerOf(customers: number, rows: number, owned: number): string {
  const every = Math.max(1, Math.floor(rows / owned))
  return `CASE WHEN i % ${every} = 0 AND i / ${every} <= ${owned} THEN ${Math.min(KEY_ACCOUNT, customers)} ELSE 1 + i * 7919 % ${customers} END`
}
