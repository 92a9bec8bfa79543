import type { Customer } from '../world/customer.ts'
import { FIRST_DAY, formatDay } from '../world/days.ts'
import { formatMinor } from '../world/money.ts'
import { seededRandom } from '../world/seeded-random.ts'
import type { BillingDeps } from './write-billing.ts'
import type { OverdueInvoice } from './write-invoices.ts'

const CLERKS = ['collections-1', 'collections-2', 'collections-3']
const NOTES = [
  'Asked for a copy of the invoice',
  'Promised by phone',
  'Außendienst informiert',
  null,
]

/** Writes what is done about unpaid invoices: reminders, the collections case, promises, disputes. */
export function writeCollections(
  { write, seed }: BillingDeps,
  customer: Customer,
  overdue: readonly OverdueInvoice[],
): void {
  const oldestDays = Math.max(0, ...overdue.map(({ invoice }) => FIRST_DAY - invoice.dueDay))
  const [first] = overdue
  if (first === undefined || oldestDays < 10) return
  const random = seededRandom(seed, 'collections', customer.index)
  const id = 600_001 + customer.index
  const level = Math.min(3, 1 + Math.floor(oldestDays / 30))
  write('dunning_notice', {
    notice_id: id,
    debtor_id: customer.debtorId,
    level,
    sent_on: formatDay(FIRST_DAY - random.between(1, 9)),
  })
  for (const { invoice } of overdue) {
    write('dunning_item', {
      notice_id: id,
      invoice_number: invoice.number,
      days_overdue: FIRST_DAY - invoice.dueDay,
    })
  }
  if (level > 1) writeCase({ write, seed }, customer, first)
  if (random.chance(0.15)) {
    const { invoice, openMinor } = first
    write('dispute', {
      dispute_id: id,
      invoice_number: invoice.number,
      reason: random.pick(['price', 'quantity', 'damaged', 'never delivered']),
      amount: formatMinor(Math.floor(openMinor / random.between(1, 4)), invoice.currency),
      state: random.pick(['open', 'open', 'in clarification']),
      opened_on: formatDay(FIRST_DAY - random.between(1, 20)),
    })
  }
}

function writeCase(
  { write, seed }: Pick<BillingDeps, 'write' | 'seed'>,
  customer: Customer,
  { invoice, openMinor }: OverdueInvoice,
): void {
  const random = seededRandom(seed, 'case', customer.index)
  const caseId = 300_001 + customer.index
  const state = random.pick(['new', 'contacted', 'promised', 'legal'])
  write('collection_case', {
    case_id: caseId,
    debtor_id: customer.debtorId,
    state,
    clerk: random.pick(CLERKS),
    next_action_on: formatDay(FIRST_DAY + random.between(0, 12)),
    note: random.pick(NOTES),
  })
  if (state !== 'promised') return
  write('promise_to_pay', {
    case_id: caseId,
    position: 1,
    promised_on: formatDay(FIRST_DAY - random.between(1, 6)),
    pay_by: formatDay(FIRST_DAY + random.between(1, 14)),
    amount: formatMinor(openMinor, invoice.currency),
    currency: invoice.currency.code,
    state: 'open',
  })
}
