import type { ControlsMap } from '#customer/finance-map'
import { AppError } from '#stdx/app-error'
import { type BusinessDay, type Period, parsePeriod } from '../business-day.ts'
import { parseDecimal } from '../decimal.ts'
import { compareText } from './group-sums.ts'
import type { Lookups } from './lookups.ts'
import type { Values } from './read-values.ts'
import { AskedFields, type RecordReader } from './to-records.ts'

export type ControlRow = {
  /** Which of the controls of the map it is of. */
  readonly controls: number
  readonly companyCode: string
  readonly currency: string
  readonly account: string
  readonly periodText: string | null
  /** `null`: there is none to be read; where the map names none: all of time. */
  readonly period: Period | null
  readonly hasPeriod: boolean
  /** `undefined`: it cannot be read. */
  readonly amount: bigint | undefined
}

export function controlReader(
  map: ControlsMap,
  controls: number,
  lookups: Lookups,
): RecordReader<ControlRow> {
  const asked = new AskedFields(map, lookups)
  const companyCode = asked.text(map.companyCode)
  const currency = asked.text(map.currency)
  const account = asked.value(map.account)
  const names = map.period === undefined ? [] : [map.period].flat()
  const parts = names.map((field) => asked.value(field))
  const [balance, debit, credit] = [map.balance, map.debit, map.credit].map((field) =>
    asked.value(field),
  )
  const read = (of: typeof balance, values: Values) => parseDecimal(of?.(values) ?? '')
  return asked.reader((values) => {
    const periodText = names.length === 0 ? null : joinPeriod(parts.map((part) => part(values)))
    const moved = [read(debit, values), read(credit, values)]
    return {
      controls,
      companyCode: companyCode(values),
      currency: currency(values),
      account: account(values) ?? '',
      periodText,
      period: parsePeriod(periodText ?? '') ?? null,
      hasPeriod: names.length > 0,
      amount: map.balance === undefined ? less(moved[0], moved[1]) : read(balance, values),
    }
  })
}

export type ControlSum = {
  readonly companyCode: string
  readonly currency: string
  readonly account: string
  period: Period | null
  periodText: string | null
  balance: bigint
}

const BALANCES_MAX = 100_000

/**
 * The balances of control accounts as of a day: the last one that begins no later, or the sum of all
 * movements up to there. Holds one a company code, currency and account.
 */
export class ControlSums {
  readonly #asOf: BusinessDay
  readonly #sums = new Map<string, ControlSum>()
  /** The last day that a balance may know of; `null`: there are balances without a period. */
  balancedUntil: BusinessDay | null

  constructor(asOf: BusinessDay) {
    this.#asOf = asOf
    this.balancedUntil = asOf
  }

  /** @returns whether the row could be read. @throws report.groups-too-many */
  add(row: ControlRow, isRunning: boolean): boolean {
    const { account, amount, companyCode, currency, hasPeriod, period, periodText } = row
    if (amount === undefined || (hasPeriod && period === null)) return false
    if (period !== null && period.from > this.#asOf) return true
    if (period === null) this.balancedUntil = null
    else if (this.balancedUntil !== null) {
      const isOpen = period.to > this.balancedUntil
      if (isOpen) this.balancedUntil = period.to
    }
    const name = [row.controls, companyCode, currency, account].join('\t')
    const known = this.#sums.get(name)
    if (known === undefined) {
      this.#make(name, { companyCode, currency, account, period, periodText, balance: amount })
      return true
    }
    const isNewer = period !== null && (known.period === null || period.from > known.period.from)
    const isSame = period?.from === known.period?.from
    if (!isRunning || isSame) known.balance += amount
    else if (isNewer) known.balance = amount
    if (isNewer) Object.assign(known, { period, periodText })
    return true
  }

  /** In the order of company codes, currencies and accounts. */
  list(): ControlSum[] {
    return [...this.#sums.values()].sort(
      (a, b) =>
        compareText(a.companyCode, b.companyCode) ||
        compareText(a.currency, b.currency) ||
        compareText(a.account, b.account),
    )
  }

  #make(name: string, sum: ControlSum): void {
    if (this.#sums.size >= BALANCES_MAX) {
      const found = `found more than ${BALANCES_MAX} balances`
      throw new AppError('report.groups-too-many', `Cannot sum up control accounts: ${found}`)
    }
    this.#sums.set(name, sum)
  }
}

function joinPeriod(parts: readonly (string | null)[]): string {
  return parts.map((part, i) => (part ?? '').padStart(i === 0 ? 0 : 2, '0')).join('-')
}

function less(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || b === undefined ? undefined : a - b
}
