import {
  draftInvoice,
  invoicePostings,
  type Payable,
  paymentPostings,
  writeInvoice,
} from '../billing/invoice.ts'
import type { Posting } from '../billing/ledger.ts'
import { APPROVAL_ROLES } from '../billing/write-invoices.ts'
import { OUTPUT_TAX, REVENUE, reconciliationAccount } from '../erp/gl-accounts.ts'
import { formatDay, formatMoment } from '../world/days.ts'
import { companyByCode } from '../world/group.ts'
import { currencyByCode, parseMinor } from '../world/money.ts'
import type { SeededRandom } from '../world/seeded-random.ts'
import { numberOf, type ResultRow, readRows, textOf } from '../world/table-writer.ts'
import type { Systems } from './open-systems.ts'

export type DayDeps = {
  readonly systems: Systems
  readonly random: SeededRandom
  /** The business day, in days since 1970. */
  readonly today: number
  /** Filled with what the general ledger has to learn. */
  readonly postings: Posting[]
}

/** Writes invoices to customers that have none yet today; some wait for approval. */
export function issueInvoices({ systems, random, today, postings }: DayDeps, count: number): void {
  const { billing, erp } = systems
  const terms = readRows(
    erp.db,
    'SELECT customer_number, company_code, payment_terms FROM customer_company ORDER BY 1, 2',
  )
  for (let i = 0; i < count; i++) {
    const row = random.pick(terms)
    const debtorId = debtorOf(systems, textOf(row, 'customer_number'))
    const companyCode = textOf(row, 'company_code')
    const invoice = draftInvoice(random, {
      number: nextNumber(systems, companyCode),
      debtorId,
      company: companyByCode(companyCode),
      debtorCountry: countryOf(debtorId),
      day: today,
      paymentTerms: textOf(row, 'payment_terms'),
    })
    const isPosted = random.chance(0.6)
    writeInvoice(billing.write, invoice, {
      status: isPosted ? 'open' : 'in-approval',
      openMinor: isPosted ? invoice.grossMinor : 0,
      cancels: null,
    })
    if (isPosted) postings.push(...invoicePostings(invoice))
    else startApproval(systems, invoice.number)
  }
}

function startApproval({ billing }: Systems, invoiceNumber: string): void {
  APPROVAL_ROLES.forEach((role, i) => {
    billing.write('invoice_approval', {
      invoice_number: invoiceNumber,
      step: i + 1,
      role,
      state: i === 0 ? 'pending' : 'waiting',
      approver: null,
      decided_at: null,
    })
  })
}

/** Receives the full open amount of some invoices, those of `foremost` first. */
export function receivePayments(deps: DayDeps, count: number, foremost: string): void {
  const { systems, random, today, postings } = deps
  const { db, write } = systems.billing
  const open = readRows(
    db,
    `SELECT * FROM invoice WHERE status IN ('open', 'part-paid') AND issued_on < ?
     ORDER BY debtor_id <> ?, invoice_number`,
    ...[formatDay(today), foremost],
  )
  const [first, ...others] = open
  const paid = first === undefined ? [] : [first, ...pickSome(random, others, count - 1)]
  const pay = db.prepare(
    `UPDATE invoice SET open_amount = $zero, status = 'paid' WHERE invoice_number = $number`,
  )
  let paymentId = numberOf(readRows(db, 'SELECT max(payment_id) AS last FROM payment')[0], 'last')
  for (const row of paid) {
    const payable = payableOf(row)
    const amount = textOf(row, 'open_amount')
    const number = textOf(row, 'invoice_number')
    paymentId += 1
    write('payment', {
      payment_id: paymentId,
      debtor_id: textOf(row, 'debtor_id'),
      company_code: payable.company.code,
      received_on: formatDay(today),
      currency: payable.currency.code,
      amount,
      reference: number,
    })
    write('payment_allocation', { payment_id: paymentId, invoice_number: number, amount })
    pay.run({ zero: payable.currency.decimals === 0 ? '0' : '0.00', number })
    postings.push(...paymentPostings(payable, today, parseMinor(amount, payable.currency)))
  }
}

/** Lets approvers decide; an invoice whose last step is approved is posted. */
export function decideApprovals(deps: DayDeps, count: number, foremost: string): void {
  const { systems, random, today } = deps
  const { db } = systems.billing
  const pending = readRows(
    db,
    `SELECT a.invoice_number, a.step, a.role FROM invoice_approval a JOIN invoice USING (invoice_number)
     WHERE a.state = 'pending' AND issued_on < ? ORDER BY debtor_id <> ?, a.invoice_number`,
    ...[formatDay(today), foremost],
  )
  const [first, ...others] = pending
  const decided = first === undefined ? [] : [first, ...pickSome(random, others, count - 1)]
  const approve = db.prepare(
    `UPDATE invoice_approval SET state = 'approved', approver = $approver, decided_at = $at
     WHERE invoice_number = $number AND step = $step`,
  )
  const wake = db.prepare(
    `UPDATE invoice_approval SET state = 'pending' WHERE invoice_number = $number AND step = $step`,
  )
  for (const row of decided) {
    const number = textOf(row, 'invoice_number')
    const step = numberOf(row, 'step')
    approve.run({
      approver: `${textOf(row, 'role')}@kestrelmoor.example`,
      at: formatMoment(today, random.between(28_000, 64_000)),
      number,
      step,
    })
    if (step < APPROVAL_ROLES.length) wake.run({ number, step: step + 1 })
    else postApproved(deps, number)
  }
}

/** An invoice bears the day on which it is posted, and is due as long after that. */
function postApproved({ systems, today, postings }: DayDeps, number: string): void {
  const { db } = systems.billing
  const [row] = readRows(db, 'SELECT * FROM invoice WHERE invoice_number = ?', number)
  if (row === undefined) return
  const { company, currency, debtorCountry } = payableOf(row)
  const minor = (field: string) => parseMinor(textOf(row, field), currency)
  const common = { companyCode: company.code, currency: currency.code, day: today }
  const account = reconciliationAccount(debtorCountry, company.country)
  postings.push(
    { ...common, account, minor: minor('gross') },
    { ...common, account: REVENUE, minor: -minor('net') },
    { ...common, account: OUTPUT_TAX, minor: -minor('tax') },
  )
  db.prepare(
    `UPDATE invoice SET status = 'open', open_amount = gross, issued_on = $today,
       due_on = date($today, (julianday(due_on) - julianday(issued_on)) || ' days')
     WHERE invoice_number = $number`,
  ).run({ number, today: formatDay(today) })
}

/** Moves collections cases on: contacted, promised, a promise kept. */
export function workCollections({ systems, random, today }: DayDeps, count: number): void {
  const { db } = systems.billing
  const cases = readRows(db, "SELECT case_id FROM collection_case WHERE state = 'new' ORDER BY 1")
  const update = db.prepare(
    `UPDATE collection_case SET state = 'contacted', next_action_on = $next, note = $note
     WHERE case_id = $id`,
  )
  for (const row of pickSome(random, cases, count)) {
    update.run({
      next: formatDay(today + random.between(3, 10)),
      note: random.pick(['Called, rückruf zugesagt', 'Left a message', null]),
      id: numberOf(row, 'case_id'),
    })
  }
}

/** Different rows of `rows`, in their order. */
export function pickSome<T>(random: SeededRandom, rows: readonly T[], count: number): T[] {
  const left = [...rows.keys()]
  const chosen: number[] = []
  while (chosen.length < count && left.length > 0) {
    chosen.push(...left.splice(random.int(left.length), 1))
  }
  chosen.sort((a, b) => a - b)
  return chosen.flatMap((index) => rows.slice(index, index + 1))
}

function payableOf(row: ResultRow): Payable {
  return {
    company: companyByCode(textOf(row, 'company_code')),
    currency: currencyByCode(textOf(row, 'currency')),
    debtorCountry: countryOf(textOf(row, 'debtor_id')),
  }
}

/** A debtor's id tells its country: `D-DE-000042`. */
function countryOf(debtorId: string): string {
  return debtorId.slice(2, 4)
}

function debtorOf({ billing }: Systems, customerNumber: string): string {
  const sql = 'SELECT debtor_id FROM debtor WHERE customer_number = ?'
  return textOf(readRows(billing.db, sql, customerNumber)[0], 'debtor_id')
}

function nextNumber({ billing }: Systems, companyCode: string): string {
  const sql = 'SELECT max(invoice_number) AS last FROM invoice WHERE company_code = ?'
  const last = readRows(billing.db, sql, companyCode)[0]?.['last']
  const serial = typeof last === 'string' ? Number(last.slice(companyCode.length + 1)) : 260_000_000
  return `${companyCode}-${serial + 1}`
}
