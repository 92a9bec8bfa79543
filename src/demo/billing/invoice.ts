import { BANK_CLEARING, OUTPUT_TAX, REVENUE, reconciliationAccount } from '../erp/gl-accounts.ts'
import { formatDay } from '../world/days.ts'
import { type CompanyCode, PAYMENT_TERMS } from '../world/group.ts'
import { type Currency, currencyByCode, formatMinor } from '../world/money.ts'
import type { SeededRandom } from '../world/seeded-random.ts'
import type { TableWriter } from '../world/table-writer.ts'
import { ARTICLES } from './articles.ts'
import type { Posting } from './ledger.ts'

type InvoiceLine = {
  readonly articleNumber: string
  readonly quantity: number
  readonly unitPriceMinor: number
  readonly netMinor: number
}

export type Invoice = {
  readonly number: string
  readonly debtorId: string
  readonly company: CompanyCode
  readonly debtorCountry: string
  readonly currency: Currency
  readonly day: number
  readonly dueDay: number
  readonly paymentTerms: string
  readonly taxCode: 'A0' | 'A1'
  readonly lines: readonly InvoiceLine[]
  readonly netMinor: number
  readonly taxMinor: number
  readonly grossMinor: number
}

export type InvoiceRequest = Pick<
  Invoice,
  'number' | 'debtorId' | 'company' | 'debtorCountry' | 'day' | 'paymentTerms'
>

export function draftInvoice(random: SeededRandom, request: InvoiceRequest): Invoice {
  const { company, day, debtorCountry, paymentTerms } = request
  const isForeign = random.chance(0.08)
  const currency = currencyByCode(isForeign ? random.pick(['EUR', 'USD']) : company.currency)
  const lines = Array.from({ length: random.weighted(LINE_COUNTS) }, () => {
    const article = random.pick(ARTICLES)
    const quantity = random.between(1, 40)
    const unitPriceMinor = Math.round(article.priceEuroCents * currency.perEuroCent)
    return {
      articleNumber: article.number,
      quantity,
      unitPriceMinor,
      netMinor: quantity * unitPriceMinor,
    }
  })
  const isDomestic = debtorCountry === company.country
  const netMinor = lines.reduce((sum, line) => sum + line.netMinor, 0)
  const taxMinor = isDomestic ? Math.round((netMinor * company.taxPermille) / 1000) : 0
  const netDays = PAYMENT_TERMS.find(({ code }) => code === paymentTerms)?.netDays ?? 30
  return {
    ...request,
    currency,
    dueDay: day + netDays,
    taxCode: isDomestic ? 'A1' : 'A0',
    lines,
    netMinor,
    taxMinor,
    grossMinor: netMinor + taxMinor,
  }
}

const LINE_COUNTS = [
  [1, 45],
  [2, 30],
  [3, 15],
  [5, 10],
] as const

export type InvoiceState = {
  readonly status: 'in-approval' | 'open' | 'part-paid' | 'paid' | 'cancelled'
  readonly openMinor: number
  readonly cancels: string | null
}

export function writeInvoice(write: TableWriter, invoice: Invoice, state: InvoiceState): void {
  const money = (minor: number) => formatMinor(minor, invoice.currency)
  write('invoice', {
    invoice_number: invoice.number,
    debtor_id: invoice.debtorId,
    company_code: invoice.company.code,
    cancels_invoice: state.cancels,
    currency: invoice.currency.code,
    issued_on: formatDay(invoice.day),
    due_on: formatDay(invoice.dueDay),
    payment_terms: invoice.paymentTerms,
    net: money(invoice.netMinor),
    tax: money(invoice.taxMinor),
    gross: money(invoice.grossMinor),
    open_amount: money(state.openMinor),
    status: state.status,
  })
  invoice.lines.forEach((line, i) => {
    write('invoice_line', {
      invoice_number: invoice.number,
      line: i + 1,
      article_number: line.articleNumber,
      quantity: line.quantity,
      unit_price: money(line.unitPriceMinor),
      tax_code: invoice.taxCode,
      net: money(line.netMinor),
    })
  })
}

/** The credit memo that takes an invoice back in full. */
export function reverseInvoice(invoice: Invoice, number: string, day: number): Invoice {
  return {
    ...invoice,
    number,
    day,
    dueDay: day,
    lines: invoice.lines.map((line) => ({
      ...line,
      quantity: -line.quantity,
      netMinor: -line.netMinor,
    })),
    netMinor: -invoice.netMinor,
    taxMinor: -invoice.taxMinor,
    grossMinor: -invoice.grossMinor,
  }
}

/** Both sides of posting an invoice: they sum to nothing. */
export function invoicePostings(invoice: Invoice): Posting[] {
  const common = postingHead(invoice, invoice.day)
  return [
    { ...common, account: receivables(invoice), minor: invoice.grossMinor },
    { ...common, account: REVENUE, minor: -invoice.netMinor },
    { ...common, account: OUTPUT_TAX, minor: -invoice.taxMinor },
  ]
}

export type Payable = Pick<Invoice, 'company' | 'debtorCountry' | 'currency'>

export function paymentPostings(invoice: Payable, day: number, minor: number): Posting[] {
  const common = postingHead(invoice, day)
  return [
    { ...common, account: BANK_CLEARING, minor },
    { ...common, account: receivables(invoice), minor: -minor },
  ]
}

function postingHead({ company, currency }: Payable, day: number) {
  return { companyCode: company.code, currency: currency.code, day }
}

function receivables({ company, debtorCountry }: Payable): string {
  return reconciliationAccount(debtorCountry, company.country)
}
