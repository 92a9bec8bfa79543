import { AppError } from '#stdx/app-error'
import type { BusinessDay } from '../business-day.ts'

/** What is summed up for a company code and currency. */
export type GroupSums = {
  readonly companyCode: string
  readonly currency: string
  items: number
  readonly amounts: bigint[]
  disputed: bigint
  later: bigint
}

const GROUPS_MAX = 10_000

/**
 * The columns of an ageing: not yet due, days overdue, without a due date, and what was received
 * and cleared nothing. What is due on the day itself is not overdue.
 */
export class Ageing {
  readonly columns: readonly string[]
  readonly #asOf: BusinessDay
  readonly #overdueDays: readonly number[]
  readonly #groups = new Map<string, GroupSums>()

  constructor(asOf: BusinessDay, overdueDays: readonly number[]) {
    this.#asOf = asOf
    this.#overdueDays = overdueDays
    const stretches = overdueDays.map((to, i) => `${(overdueDays[i - 1] ?? 0) + 1}-${to}`)
    const last = `over ${overdueDays.at(-1) ?? 0}`
    this.columns = ['not due', ...stretches, last, 'no due date', 'not applied']
  }

  /** Which column an open item stands in. */
  columnOf(dueOn: BusinessDay | null): number {
    if (dueOn === null) return this.columns.length - 2
    const days = this.#asOf - dueOn
    if (days <= 0) return 0
    const stretch = this.#overdueDays.findIndex((to) => days <= to)
    return 1 + (stretch < 0 ? this.#overdueDays.length : stretch)
  }

  /** @throws report.groups-too-many */
  groupOf(companyCode: string, currency: string): GroupSums {
    const name = `${companyCode}\t${currency}`
    const known = this.#groups.get(name)
    if (known !== undefined) return known
    if (this.#groups.size >= GROUPS_MAX) {
      const found = `found more than ${GROUPS_MAX} pairs of company code and currency`
      throw new AppError('report.groups-too-many', `Cannot sum up receivables: ${found}`)
    }
    const amounts = this.columns.map(() => 0n)
    const made = { companyCode, currency, items: 0, amounts, disputed: 0n, later: 0n }
    this.#groups.set(name, made)
    return made
  }

  /** Adds what was received and cleared nothing, as an amount that is owed to the customer. */
  addNotApplied(group: GroupSums, amount: bigint): void {
    addTo(group, this.columns.length - 1, -amount)
  }

  addOpen(group: GroupSums, dueOn: BusinessDay | null, amount: bigint): void {
    group.items += 1
    addTo(group, this.columnOf(dueOn), amount)
  }

  /** In the order of company codes, then currencies, by their characters. */
  groups(): GroupSums[] {
    return [...this.#groups.values()].sort((a, b) => {
      return compareText(a.companyCode, b.companyCode) || compareText(a.currency, b.currency)
    })
  }
}

export function totalOf({ amounts }: Pick<GroupSums, 'amounts'>): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n)
}

function addTo({ amounts }: GroupSums, column: number, amount: bigint): void {
  amounts[column] = (amounts[column] ?? 0n) + amount
}

/** By code units: the same on every machine, whatever its language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
