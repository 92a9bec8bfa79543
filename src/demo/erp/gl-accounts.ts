/** The few accounts of the general ledger that the example posts to. */
export type GlAccount = {
  /** Ten digits. */
  readonly number: string
  readonly name: string
  readonly isReconciliation: boolean
}

export const RECEIVABLES_DOMESTIC = '0000140000'
export const RECEIVABLES_FOREIGN = '0000141000'
export const BANK_CLEARING = '0000113100'
export const OUTPUT_TAX = '0000175000'
export const REVENUE = '0000800000'

export const GL_ACCOUNTS: readonly GlAccount[] = [
  { number: BANK_CLEARING, name: 'Bank, incoming payments', isReconciliation: false },
  { number: RECEIVABLES_DOMESTIC, name: 'Trade receivables, domestic', isReconciliation: true },
  { number: RECEIVABLES_FOREIGN, name: 'Trade receivables, foreign', isReconciliation: true },
  { number: OUTPUT_TAX, name: 'Output tax', isReconciliation: false },
  { number: REVENUE, name: 'Revenue', isReconciliation: false },
]

/** The account that receivables of a customer are summed on, by where it lives. */
export function reconciliationAccount(customerCountry: string, companyCountry: string): string {
  return customerCountry === companyCountry ? RECEIVABLES_DOMESTIC : RECEIVABLES_FOREIGN
}
