import { formatDay } from '../world/days.ts'
import { currencyByCode, formatMinor } from '../world/money.ts'
import type { Row } from '../world/table-writer.ts'

/** One side of a booking. */
export type Posting = {
  readonly companyCode: string
  readonly account: string
  readonly currency: string
  readonly day: number
  /** Debit above zero, credit below. */
  readonly minor: number
}

type PeriodSums = { debitMinor: number; creditMinor: number }
type AccountSums = {
  readonly companyCode: string
  readonly account: string
  readonly currency: string
  readonly sumsByPeriod: Map<string, PeriodSums>
}

/** What was posted, per company, account, currency and period. */
export type Ledger = Map<string, AccountSums>

export function post(ledger: Ledger, postings: readonly Posting[]): void {
  for (const { companyCode, account, currency, day, minor } of postings) {
    const id = `${companyCode} ${account} ${currency}`
    const sums = ledger.get(id) ?? { companyCode, account, currency, sumsByPeriod: new Map() }
    ledger.set(id, sums)
    const period = formatPeriod(day)
    const periodSums = sums.sumsByPeriod.get(period) ?? { debitMinor: 0, creditMinor: 0 }
    sums.sumsByPeriod.set(period, periodSums)
    if (minor > 0) periodSums.debitMinor += minor
    else periodSums.creditMinor -= minor
  }
}

/** `2026-06` */
export function formatPeriod(day: number): string {
  return formatDay(day).slice(0, 7)
}

/** Rows of `gl_balance` in key order; `balance` runs on from period to period. */
export function listBalances(ledger: Ledger): Row[] {
  const accounts = Array.from(ledger).sort(([a], [b]) => (a < b ? -1 : 1))
  return accounts.flatMap(([, { companyCode, account, currency: code, sumsByPeriod }]) => {
    const currency = currencyByCode(code)
    const periods = Array.from(sumsByPeriod).sort(([a], [b]) => (a < b ? -1 : 1))
    let balanceMinor = 0
    return periods.map(([period, { debitMinor, creditMinor }]) => {
      balanceMinor += debitMinor - creditMinor
      return {
        company_code: companyCode,
        account,
        currency: code,
        period,
        debit: formatMinor(debitMinor, currency),
        credit: formatMinor(creditMinor, currency),
        balance: formatMinor(balanceMinor, currency),
      }
    })
  })
}
