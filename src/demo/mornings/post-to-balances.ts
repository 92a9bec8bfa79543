import type { DatabaseSync } from 'node:sqlite'
import { formatPeriod, type Posting } from '../billing/ledger.ts'
import { currencyByCode, formatMinor, parseMinor } from '../world/money.ts'
import { readRows, textOf } from '../world/table-writer.ts'

/**
 * Adds postings to the balances of an existing general ledger. A period that an account has not seen
 * carries its last balance forward. Postings lie in the account's last period or later.
 */
export function postToBalances(erp: DatabaseSync, postings: readonly Posting[]): void {
  for (const posting of postings) if (posting.minor !== 0) addPosting(erp, posting)
}

function addPosting(erp: DatabaseSync, posting: Posting): void {
  const { companyCode, account, currency: code, day, minor } = posting
  const currency = currencyByCode(code)
  const [last] = readRows(
    erp,
    `SELECT period, debit, credit, balance FROM gl_balance
     WHERE company_code = ? AND account = ? AND currency = ? ORDER BY period DESC LIMIT 1`,
    ...[companyCode, account, code],
  )
  const period = formatPeriod(day)
  const isSamePeriod = last?.['period'] === period
  const before = (field: string) =>
    last === undefined ? 0 : parseMinor(textOf(last, field), currency)
  const debit = (isSamePeriod ? before('debit') : 0) + Math.max(minor, 0)
  const credit = (isSamePeriod ? before('credit') : 0) + Math.max(-minor, 0)
  erp
    .prepare(
      `INSERT INTO gl_balance (company_code, account, currency, period, debit, credit, balance)
       VALUES ($company, $account, $currency, $period, $debit, $credit, $balance)
       ON CONFLICT DO UPDATE SET debit = $debit, credit = $credit, balance = $balance`,
    )
    .run({
      company: companyCode,
      account,
      currency: code,
      period,
      debit: formatMinor(debit, currency),
      credit: formatMinor(credit, currency),
      balance: formatMinor(before('balance') + minor, currency),
    })
}
