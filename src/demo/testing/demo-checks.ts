import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { DEMO_SYSTEMS, type DemoFiles } from '../demo-files.ts'
import { currencyByCode, parseMinor } from '../world/money.ts'
import { type ResultRow, readRows, textOf } from '../world/table-writer.ts'

/** Questions that every state of the demo must answer the same way. */
export function query(file: string, sql: string): ResultRow[] {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    return readRows(db, sql)
  } finally {
    db.close()
  }
}

export function hashFiles(files: DemoFiles): string[] {
  return DEMO_SYSTEMS.map((system) =>
    createHash('sha256').update(readFileSync(files[system])).digest('hex'),
  )
}

/** Every row that points at a row that is not there, and whatever SQLite finds broken. */
export function findBrokenReferences(files: DemoFiles): unknown[] {
  return DEMO_SYSTEMS.flatMap((system) => [
    ...query(files[system], 'PRAGMA foreign_key_check'),
    ...query(files[system], 'PRAGMA integrity_check').filter(
      (row) => row['integrity_check'] !== 'ok',
    ),
  ])
}

/** Open amounts of posted invoices, in minor units by `company currency`. */
export function openReceivables(files: DemoFiles): Record<string, number> {
  return sumMinor(
    query(
      files.billing,
      "SELECT company_code, currency, open_amount AS amount FROM invoice WHERE status <> 'in-approval'",
    ),
  )
}

/**
 * The same from the invoices and what was allocated to them, without `open_amount`.
 * @param until the last day that counts
 */
export function unpaidInvoices(files: DemoFiles, until = '9999'): Record<string, number> {
  return sumMinor(
    query(
      files.billing,
      `SELECT company_code, currency, gross AS amount FROM invoice
         WHERE status <> 'in-approval' AND issued_on <= '${until}'
       UNION ALL
       SELECT invoice.company_code, invoice.currency, '-' || a.amount FROM payment_allocation a
         JOIN invoice USING (invoice_number) JOIN payment USING (payment_id)
         WHERE received_on <= '${until}'`,
    ),
  )
}

/** What the general ledger says of receivables: the last balance of each reconciliation account up to a day. */
export function ledgerReceivables(files: DemoFiles, until = '9999'): Record<string, number> {
  const where = `WHERE is_reconciliation = 1 AND period <= '${until.slice(0, 7)}'`
  return sumMinor(query(files.erp, latestBalances(where)))
}

/** All accounts together: nothing, when every posting has two sides. */
export function ledgerTotal(files: DemoFiles): Record<string, number> {
  return sumMinor(query(files.erp, latestBalances('')))
}

function latestBalances(where: string): string {
  return `SELECT company_code, currency, balance AS amount FROM (
    SELECT *, row_number() OVER (
      PARTITION BY company_code, account, currency ORDER BY period DESC) AS age
    FROM gl_balance JOIN gl_account USING (company_code, account) ${where}) WHERE age = 1`
}

function sumMinor(rows: readonly ResultRow[]): Record<string, number> {
  const sums = new Map<string, number>()
  for (const row of rows) {
    const currency = currencyByCode(textOf(row, 'currency'))
    const name = `${textOf(row, 'company_code')} ${currency.code}`
    const minor = parseMinor(textOf(row, 'amount').replace(/^--/, ''), currency)
    sums.set(name, (sums.get(name) ?? 0) + minor)
  }
  return Object.fromEntries(Array.from(sums).sort(([a], [b]) => (a < b ? -1 : 1)))
}
