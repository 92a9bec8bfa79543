import { pickPaymentTerms } from '../erp/write-erp-customer.ts'
import { type Customer, STORY_INDEX } from '../world/customer.ts'
import { FIRST_DAY, formatDay, formatMoment } from '../world/days.ts'
import { formatMinor } from '../world/money.ts'
import { type SeededRandom, seededRandom } from '../world/seeded-random.ts'
import {
  draftInvoice,
  type Invoice,
  invoicePostings,
  paymentPostings,
  reverseInvoice,
  writeInvoice,
} from './invoice.ts'
import { post } from './ledger.ts'
import { type BillingDeps, nextInvoiceNumber } from './write-billing.ts'

/** An invoice that is due and not, or not wholly, paid. */
export type OverdueInvoice = { readonly invoice: Invoice; readonly openMinor: number }

type Receipt = { readonly invoice: Invoice; readonly day: number; readonly minor: number }
type Fate = 'in-approval' | 'open' | 'part-paid' | 'paid' | 'cancelled'

export const APPROVAL_ROLES = ['sales', 'controlling', 'head-of-finance'] as const

/** Writes a year of invoices with their payments. Returns what the customer should have paid. */
export function writeInvoices(deps: BillingDeps, customer: Customer): OverdueInvoice[] {
  const random = seededRandom(deps.seed, 'invoices', customer.index)
  const [min, max] = INVOICE_COUNTS[customer.segment]
  const count = random.between(min, max)
  const receipts: Receipt[] = []
  const overdue: OverdueInvoice[] = []
  for (let i = 0; i < count; i++) {
    const isStory = customer.index === STORY_INDEX
    const fate = isStory ? STORY_FATES[count - i] : undefined
    const invoice = draftFor(deps, customer, { random, isNew: fate !== undefined })
    const openMinor = settle(deps, invoice, { random, fate, receipts })
    if (openMinor > 0 && invoice.dueDay < FIRST_DAY) overdue.push({ invoice, openMinor })
  }
  writePayments(deps, receipts, { random, index: customer.index })
  return overdue
}

const INVOICE_COUNTS = { A: [8, 14], B: [3, 6], C: [1, 3] } as const

/** The customer of the story has one open invoice and one waiting for approval, counted from the last. */
const STORY_FATES: Readonly<Record<number, Fate>> = { 1: 'in-approval', 2: 'open' }

function draftFor(
  deps: BillingDeps,
  customer: Customer,
  { random, isNew }: { random: SeededRandom; isNew: boolean },
): Invoice {
  const company = random.pick(customer.companies)
  return draftInvoice(random, {
    number: nextInvoiceNumber(deps.invoiceNumbers, company.code),
    debtorId: customer.debtorId,
    company,
    debtorCountry: customer.country.code,
    day: FIRST_DAY - (isNew ? random.between(2, 9) : random.between(1, 364)),
    paymentTerms: pickPaymentTerms(deps.seed, customer, company),
  })
}

/** Writes the invoice as far as it has come, posts it, and returns what is still to be paid. */
function settle(
  deps: BillingDeps,
  invoice: Invoice,
  { random, fate, receipts }: { random: SeededRandom; fate: Fate | undefined; receipts: Receipt[] },
): number {
  const { write, ledger } = deps
  const status = fate ?? pickFate(random, invoice)
  const paidMinor = { paid: invoice.grossMinor, 'part-paid': Math.floor(invoice.grossMinor / 3) }
  const isOwed = status === 'open' || status === 'part-paid'
  const receivedMinor = status === 'paid' || status === 'part-paid' ? paidMinor[status] : 0
  const openMinor = isOwed ? invoice.grossMinor - receivedMinor : 0
  writeInvoice(write, invoice, { status, openMinor, cancels: null })
  if (status === 'in-approval') {
    writeApprovals(deps, invoice, random)
    return 0
  }
  post(ledger, invoicePostings(invoice))
  if (receivedMinor > 0) {
    const day = Math.min(FIRST_DAY, invoice.day + random.between(1, 60))
    receipts.push({ invoice, day, minor: receivedMinor })
  }
  if (status === 'cancelled') {
    const number = nextInvoiceNumber(deps.invoiceNumbers, invoice.company.code)
    const memo = reverseInvoice(invoice, number, Math.min(FIRST_DAY, invoice.day + 6))
    writeInvoice(write, memo, { status: 'cancelled', openMinor: 0, cancels: invoice.number })
    post(ledger, invoicePostings(memo))
  }
  return openMinor
}

function pickFate(random: SeededRandom, invoice: Invoice): Fate {
  if (invoice.day > FIRST_DAY - 8) return random.chance(0.5) ? 'in-approval' : 'open'
  if (random.chance(0.01)) return 'cancelled'
  const isDue = invoice.dueDay < FIRST_DAY
  if (random.chance(isDue ? 0.92 : 0.25)) return 'paid'
  return random.chance(0.25) ? 'part-paid' : 'open'
}

function writeApprovals({ write }: BillingDeps, invoice: Invoice, random: SeededRandom): void {
  const pendingStep = random.between(1, APPROVAL_ROLES.length)
  APPROVAL_ROLES.forEach((role, i) => {
    const step = i + 1
    const isApproved = step < pendingStep
    write('invoice_approval', {
      invoice_number: invoice.number,
      step,
      role,
      state: isApproved ? 'approved' : step === pendingStep ? 'pending' : 'waiting',
      approver: isApproved ? `${role}@kestrelmoor.example` : null,
      decided_at: isApproved ? formatMoment(FIRST_DAY - 1, random.int(86_400)) : null,
    })
  })
}

/** Ids of a customer's payments are its own range, so that they do not depend on other customers. */
function writePayments(
  { write, ledger }: BillingDeps,
  receipts: readonly Receipt[],
  { random, index }: { random: SeededRandom; index: number },
): void {
  let paymentId = (index + 1) * 100
  for (let i = 0; i < receipts.length; i++) {
    const first = receipts[i]
    if (first === undefined) break
    const second = receipts[i + 1]
    const paysBoth =
      second?.invoice.currency === first.invoice.currency &&
      second.invoice.company === first.invoice.company &&
      random.chance(0.3)
    const paid = paysBoth ? [first, second] : [first]
    if (paysBoth) i += 1
    const day = Math.max(...paid.map((receipt) => receipt.day))
    paymentId += 1
    write('payment', {
      payment_id: paymentId,
      debtor_id: first.invoice.debtorId,
      company_code: first.invoice.company.code,
      received_on: formatDay(day),
      currency: first.invoice.currency.code,
      amount: formatMinor(
        paid.reduce((sum, { minor }) => sum + minor, 0),
        first.invoice.currency,
      ),
      reference: random.chance(0.9) ? paid.map(({ invoice }) => invoice.number).join(' / ') : null,
    })
    for (const { invoice, minor } of paid) {
      post(ledger, paymentPostings(invoice, day, minor))
      write('payment_allocation', {
        payment_id: paymentId,
        invoice_number: invoice.number,
        amount: formatMinor(minor, invoice.currency),
      })
    }
  }
}
