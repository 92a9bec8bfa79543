import type { BusinessDay } from '../business-day.ts'
import type { BreakName } from '../receivables.ts'
import type { SortDeps } from '../sort-lines.ts'
import { type BreakList, splitNumber } from './break-list.ts'
import type { Ageing } from './group-sums.ts'
import type { Fault, NumberText } from './records.ts'

/** What is needed to age: where sums and breaks go, and which days count. */
export type AgeingRun = {
  readonly deps: SortDeps
  readonly ageing: Ageing
  readonly breaks: BreakList
  /** The last day that counts. */
  readonly asOf: BusinessDay
  /** The last day that the balances of control accounts may know of; `null`: all. */
  readonly balancedUntil: BusinessDay | null
  /** Decimals of a currency. */
  readonly decimalsOf: (currency: string) => number
  readonly format: (amount: bigint, currency: string | null) => string
  /** Which of the items are cleared by records that may also be about others. */
  readonly mixed: ReadonlySet<number>
  readonly places: { readonly items: readonly Place[]; readonly receipts: readonly Place[] }
}

type Place = { readonly source: string; readonly entity: string }

/** Whether what happened on a day counts; what has no date counts. */
export function isCounted({ asOf }: AgeingRun, day: BusinessDay | null): boolean {
  return day === null || day <= asOf
}

/** Whether it comes after the day and yet lies in the period that the balances are of. */
export function isLater({ asOf, balancedUntil }: AgeingRun, day: BusinessDay | null): boolean {
  return day !== null && day > asOf && (balancedUntil === null || day <= balancedUntil)
}

export type About = {
  readonly kind: 'items' | 'receipts'
  readonly index: number
  readonly number: NumberText
  readonly companyCode: string | null
  readonly currency: string | null
}

export function addBreak(
  { breaks, format, places }: AgeingRun,
  name: BreakName,
  about: About,
  amounts: Readonly<Record<string, bigint | null>> = {},
): void {
  breaks.add(name, () => {
    const place = places[about.kind][about.index]
    const shown = Object.entries(amounts).map(([key, amount]) => {
      return [key, amount === null ? null : format(amount, about.currency)] as const
    })
    return {
      source: place?.source ?? null,
      entity: place?.entity ?? null,
      number: splitNumber(about.number),
      companyCode: about.companyCode,
      currency: about.currency,
      amounts: Object.fromEntries(shown),
    }
  })
}

/** What a record could not say, except a missing due date, which matters only where it is open. */
export function addFaults(run: AgeingRun, faults: readonly Fault[], about: About): void {
  if (faults.includes('amount')) addBreak(run, 'amount-unreadable', about)
  if (faults.includes('date')) addBreak(run, 'date-unreadable', about)
  if (faults.includes('number')) addBreak(run, 'number-missing', about)
  if (faults.includes('company')) addBreak(run, 'company-missing', about)
  if (faults.includes('currency')) addBreak(run, 'currency-missing', about)
}
