/**
 * What customers owe as of a day, by company code and currency, and whether the general ledger says
 * the same: the report as `--json` prints it. Amounts are exact decimal text.
 */
export type Receivables = {
  /** The last day that counts: what is dated later is ignored. */
  readonly asOf: string
  readonly points: readonly string[]
  /** `clean`: no break at all. */
  readonly verdict: 'clean' | 'differs'
  /** Of the amounts of each group, in this order. */
  readonly columns: readonly string[]
  /** In the order of company codes, then currencies. */
  readonly groups: readonly ReceivablesGroup[]
  readonly breaks: readonly BreakKind[]
}

export type ReceivablesGroup = {
  readonly companyCode: string
  readonly currency: string
  /** Items that are open. */
  readonly items: number
  /** One for each of `columns`; they sum to `total`. */
  readonly amounts: readonly string[]
  readonly total: string
  /** How much of the open items the customers do not agree to. */
  readonly disputed: string
  /** What is dated after the day, and lies in the period that the balances are of. */
  readonly later: string
  /** What the control accounts hold; `null`: there is no balance. */
  readonly control: string | null
  readonly accounts: readonly ControlBalance[]
  /** Control accounts less all items; `null` where there are no control accounts at all. */
  readonly difference: string | null
}

export type ControlBalance = {
  readonly account: string
  /** The last one that counts; `null`: the balance has none. */
  readonly period: string | null
  readonly balance: string
}

/** What does not add up, the first ones of each kind. */
export type BreakKind = {
  readonly kind: BreakName
  /** What it means, as a sentence. */
  readonly help: string
  readonly count: number
  readonly shown: readonly Break[]
}

export type Break = {
  readonly source: string | null
  readonly entity: string | null
  /** The number of the item or receipt, field by field; of accounts: none. */
  readonly number: readonly (string | null)[]
  readonly companyCode: string | null
  readonly currency: string | null
  /** What was found to be so; which amounts there are depends on the kind. */
  readonly amounts: Readonly<Record<string, string | null>>
}

/** What each kind of break means, for people; in the order in which they are told. */
export const BREAKS = {
  'control-differs': 'The control accounts of the general ledger hold another sum than the items',
  'balance-unreadable': 'A balance of the general ledger has no amount or no period',
  'open-differs': 'The system calls another amount open than its items and clearings give',
  'item-overcleared': 'More was cleared than the item is worth',
  'item-duplicate': 'Several items have this number',
  'number-missing': 'An item has no number that anything could be cleared against',
  'company-missing': 'An item or receipt has no company code; it stands in a group without one',
  'currency-missing': 'An item or receipt has no currency; it stands in a group without one',
  'amount-unreadable': 'An amount is missing or is no decimal number; it counts as nothing',
  'amount-too-fine': 'An amount has more decimals than its currency',
  'date-unreadable': 'A date is missing or is none; what it dates counts as if it were there',
  'due-missing': 'An open item has no due date',
  'clearing-without-item': 'What was cleared is no item',
  'clearing-without-receipt': 'Something was cleared by a receipt that is not there',
  'clearing-differs': 'An item was cleared by a receipt of another company code or currency',
  'receipt-overspent': 'More was cleared by a receipt than was received',
  'dispute-without-item': 'What is disputed is no item',
} as const

export type BreakName = keyof typeof BREAKS
