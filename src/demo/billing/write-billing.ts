import type { Customer } from '../world/customer.ts'
import { seededRandom } from '../world/seeded-random.ts'
import type { TableWriter } from '../world/table-writer.ts'
import { ARTICLES } from './articles.ts'
import type { Ledger } from './ledger.ts'
import { writeCollections } from './write-collections.ts'
import { writeInvoices } from './write-invoices.ts'

export type BillingDeps = {
  readonly write: TableWriter
  readonly seed: string
  readonly ledger: Ledger
  /** The last number given per company code. */
  readonly invoiceNumbers: Map<string, number>
}

/** Fills an empty billing system and returns what it posted to the general ledger. */
export function writeBilling(
  { write, seed }: Pick<BillingDeps, 'write' | 'seed'>,
  customers: readonly Customer[],
): Ledger {
  const deps: BillingDeps = { write, seed, ledger: new Map(), invoiceNumbers: new Map() }
  for (const { number, description, unit, weightKg } of ARTICLES) {
    write('article', { article_number: number, description, unit, weight_kg: weightKg })
  }
  for (const customer of customers) {
    writeDebtor(deps, customer)
    const overdue = writeInvoices(deps, customer)
    writeCollections(deps, customer, overdue)
  }
  return deps.ledger
}

export function writeDebtor(
  { write, seed }: Pick<BillingDeps, 'write' | 'seed'>,
  customer: Customer,
): void {
  const random = seededRandom(seed, 'debtor', customer.index)
  const delivery = random.pick(['e-mail', 'e-mail', 'e-invoice', 'post'])
  write('debtor', {
    debtor_id: customer.debtorId,
    customer_number: customer.customerNumber,
    tax_id: customer.taxId,
    name: customer.name,
    delivery,
    email: delivery === 'post' ? null : `invoices@${customer.domain}`,
    currency: customer.companies[0]?.currency ?? 'EUR',
  })
}

/** The next number of a company: `0100-260000001`. */
export function nextInvoiceNumber(numbers: Map<string, number>, companyCode: string): string {
  const next = (numbers.get(companyCode) ?? 260_000_000) + 1
  numbers.set(companyCode, next)
  return `${companyCode}-${next}`
}
