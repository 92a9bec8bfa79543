import { inventBankDetails } from '../world/bank.ts'
import { type Customer, formatCustomerNumber, STORY_INDEX } from '../world/customer.ts'
import { FIRST_DAY, formatDay } from '../world/days.ts'
import { type CompanyCode, CREDIT_MEMO_TERMS, PAYMENT_TERMS } from '../world/group.ts'
import { formatSlug } from '../world/names.ts'
import { type SeededRandom, seededRandom } from '../world/seeded-random.ts'
import type { TableWriter } from '../world/table-writer.ts'
import { reconciliationAccount } from './gl-accounts.ts'

export type ErpDeps = { readonly write: TableWriter; readonly seed: string }

const CLERKS = ['AMUELLER', 'JDUBOIS', 'KNOWAK', 'OBYRNE', 'TSATO', 'BATCH02']

/** Writes the customer master: general data, company codes, sales areas, partners, banks, taxes. */
export function writeErpCustomer({ write, seed }: ErpDeps, customer: Customer): void {
  const random = seededRandom(seed, 'erp', customer.index)
  const { customerNumber, country, parentIndex } = customer
  write('customer', {
    customer_number: customerNumber,
    name: customer.name,
    search_term: (formatSlug(customer.name) ?? customer.name).slice(0, 10).toUpperCase(),
    country: country.code,
    city: customer.city,
    tax_id: customer.taxId,
    language: country.language,
    account_group: random.pick(['0001', '0001', '0002', 'KUNA']),
    alternative_payer:
      parentIndex !== null && random.chance(0.4) ? formatCustomerNumber(parentIndex) : null,
    is_blocked: random.chance(0.01) ? 1 : 0,
    created_on: formatDay(customer.sinceDay),
    created_by: random.pick(CLERKS),
  })
  for (const company of customer.companies) writeCompany(write, customer, { company, random, seed })
  writeBankAccounts(write, customer, random)
  write('tax_registration', {
    customer_number: customerNumber,
    country: country.code,
    kind: 'VAT',
    tax_number: customer.taxId,
  })
  if (customer.supplierNumber !== null) {
    write('supplier', {
      supplier_number: customer.supplierNumber,
      name: customer.name,
      country: country.code,
      tax_id: customer.taxId,
      payment_terms: 'NT30',
      customer_number: customerNumber,
    })
  }
}

/** The terms a customer has with a company; billing dates its invoices by the same. */
export function pickPaymentTerms(seed: string, customer: Customer, company: CompanyCode): string {
  if (customer.index === STORY_INDEX) return 'NT30'
  const random = seededRandom(seed, 'terms', customer.index, company.code)
  return random.weighted(PAYMENT_TERMS.map(({ code, weight }) => [code, weight] as const))
}

function writeCompany(
  write: TableWriter,
  customer: Customer,
  { company, random, seed }: { company: CompanyCode; random: SeededRandom; seed: string },
): void {
  const { customerNumber, country } = customer
  write('customer_company', {
    customer_number: customerNumber,
    company_code: company.code,
    reconciliation_account: reconciliationAccount(country.code, company.country),
    payment_terms: pickPaymentTerms(seed, customer, company),
    credit_memo_terms: CREDIT_MEMO_TERMS,
    dunning_procedure: random.pick(['0001', '0001', '0002']),
    dunning_block: random.chance(0.02) ? 'A' : null,
    sort_key: random.pick(['001', '031']),
    changed_on: formatDay(FIRST_DAY - random.between(5, 900)),
    changed_by: random.pick(CLERKS),
  })
  const channels = random.chance(0.15) ? ['10', '20'] : ['10']
  for (const channel of channels) {
    write('customer_sales_area', {
      customer_number: customerNumber,
      company_code: company.code,
      channel,
      currency: company.currency,
      incoterms: random.pick(['EXW', 'FCA', 'DAP', 'DDP', 'CIF']),
      price_group: random.chance(0.6) ? random.pick(['01', '02', '05']) : null,
      delivery_priority: random.between(1, 3),
    })
    writePartners(write, customer, { company_code: company.code, channel })
  }
}

function writePartners(
  write: TableWriter,
  { customerNumber, parentIndex, index }: Customer,
  area: { company_code: string; channel: string },
): void {
  const partner = (fn: string, number: string) =>
    write('customer_partner', {
      customer_number: customerNumber,
      ...area,
      function: fn,
      partner_number: number,
    })
  partner('sold-to', customerNumber)
  // Part of the subsidiaries are billed and paid for at their parent.
  const payer =
    parentIndex !== null && index % 2 === 0 ? formatCustomerNumber(parentIndex) : customerNumber
  partner('bill-to', payer)
  if (payer !== customerNumber) partner('payer', payer)
}

function writeBankAccounts(write: TableWriter, customer: Customer, random: SeededRandom): void {
  const count = customer.index === STORY_INDEX ? 1 : random.weighted(BANK_ACCOUNT_COUNTS)
  for (let position = 1; position <= count; position++) {
    const bank = inventBankDetails(random, customer.country.code)
    write('customer_bank_account', {
      customer_number: customer.customerNumber,
      position,
      country: customer.country.code,
      bank_name: bank.bankName,
      iban: bank.iban === '' ? null : bank.iban,
      bic: bank.bic,
      account_number: bank.accountNumber,
      holder: customer.name,
      changed_on: formatDay(FIRST_DAY - random.between(5, 1500)),
      changed_by: random.pick(CLERKS),
    })
  }
}

const BANK_ACCOUNT_COUNTS = [
  [0, 10],
  [1, 75],
  [2, 15],
] as const
