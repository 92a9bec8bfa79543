import type { DatabaseSync } from 'node:sqlite'
import { assert } from '#stdx/assert'
import { PAYMENT_TERMS } from './world/group.ts'
import { currencyByCode, formatMinor, parseMinor } from './world/money.ts'
import { numberOf, type ResultRow, readRows, textOf } from './world/table-writer.ts'

const RECEIPTS_DELETED = 12

/**
 * Billing takes over terms that the ERP has now: open invoices of these customers are due by them.
 * @returns how many invoices have another due date
 */
export function takeOverTerms(
  billing: DatabaseSync,
  customerNumbers: readonly string[],
  { companyCode, terms }: { readonly companyCode: string; readonly terms: string },
): number {
  const netDays = PAYMENT_TERMS.find(({ code }) => code === terms)?.netDays
  assert(netDays !== undefined, 'The damage gives terms that the demo has.')
  const move = billing.prepare(
    `UPDATE invoice SET due_on = date(issued_on, $days), payment_terms = $terms
     WHERE company_code = $company AND status IN ('open', 'part-paid') AND payment_terms <> $terms
       AND debtor_id = (SELECT debtor_id FROM debtor WHERE customer_number = $customer)`,
  )
  let moved = 0
  for (const customer of customerNumbers) {
    const values = { days: `+${netDays} days`, terms, company: companyCode, customer }
    moved += Number(move.run(values).changes)
  }
  return moved
}

/** The invoices of a debtor go to somebody else from now on. */
export function redirectInvoices(billing: DatabaseSync, debtorId: string): void {
  const { changes } = billing
    .prepare(`UPDATE debtor SET delivery = 'e-mail', email = $email WHERE debtor_id = $debtor`)
    .run({ email: FRAUD_EMAIL, debtor: debtorId })
  assert(Number(changes) === 1, 'The debtor whose invoices are to be redirected is there.')
}

const FRAUD_EMAIL = 'invoices@fast-pay.example'

/**
 * A bank statement that was read in once is taken back as if it had been twice: its receipts go, and
 * their invoices are open again. The general ledger still has them.
 *
 * @param spared the debtor whose receipts stay
 * @returns how many receipts are gone
 */
export function takeBackReceipts(
  billing: DatabaseSync,
  { companyCode, spared }: { readonly companyCode: string; readonly spared: string },
): number {
  const receipts = readRows(
    billing,
    `SELECT payment_id FROM payment WHERE company_code = ? AND debtor_id <> ?
     ORDER BY received_on DESC, payment_id DESC LIMIT ?`,
    companyCode,
    spared,
    RECEIPTS_DELETED,
  )
  for (const receipt of receipts) {
    const id = numberOf(receipt, 'payment_id')
    const paid = readRows(
      billing,
      `SELECT invoice_number, a.amount, currency, gross, open_amount FROM payment_allocation a
         JOIN invoice USING (invoice_number) WHERE payment_id = ?`,
      id,
    )
    for (const row of paid) openAgain(billing, row)
    billing.prepare('DELETE FROM payment_allocation WHERE payment_id = ?').run(id)
    billing.prepare('DELETE FROM payment WHERE payment_id = ?').run(id)
  }
  return receipts.length
}

function openAgain(billing: DatabaseSync, row: ResultRow): void {
  const currency = currencyByCode(textOf(row, 'currency'))
  const minor = (field: string) => parseMinor(textOf(row, field), currency)
  const open = minor('open_amount') + minor('amount')
  billing
    .prepare(
      'UPDATE invoice SET open_amount = $open, status = $status WHERE invoice_number = $number',
    )
    .run({
      open: formatMinor(open, currency),
      status: open === minor('gross') ? 'open' : 'part-paid',
      number: textOf(row, 'invoice_number'),
    })
}
