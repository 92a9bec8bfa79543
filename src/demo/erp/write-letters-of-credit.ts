import type { Customer } from '../world/customer.ts'
import { FIRST_DAY, formatDay } from '../world/days.ts'
import { createDocument } from '../world/document.ts'
import { currencyByCode, formatMinor } from '../world/money.ts'
import { seededRandom } from '../world/seeded-random.ts'
import type { ErpDeps } from './write-erp-customer.ts'

const DOCUMENTS = ['commercial-invoice', 'bill-of-lading', 'packing-list', 'insurance-certificate']

/** Writes the letters of credit of those customers that pay by one, with amendments and papers. */
export function writeLettersOfCredit({ write, seed }: ErpDeps, customer: Customer): void {
  const random = seededRandom(seed, 'lc', customer.index)
  const company = customer.companies[0]
  if (customer.segment === 'C' || company === undefined || !random.chance(0.07)) return
  const lcNumber = `LC${company.code}-${String(customer.index + 1).padStart(6, '0')}`
  const currency = currencyByCode(random.pick(['USD', company.currency]))
  const amount = random.between(20, 900) * 100_000
  const issuedDay = FIRST_DAY - random.between(5, 150)
  write('letter_of_credit', {
    lc_number: lcNumber,
    customer_number: customer.customerNumber,
    company_code: company.code,
    issuing_bank: random.pick(['Example Trade Bank', 'Fabel Außenhandelsbank', 'Banque du Levant']),
    currency: currency.code,
    amount: formatMinor(amount, currency),
    issued_on: formatDay(issuedDay),
    latest_shipment_on: formatDay(issuedDay + 120),
    expires_on: formatDay(issuedDay + 141),
    status: random.pick(['issued', 'confirmed', 'documents-presented', 'discrepant']),
  })
  const amendmentCount = random.int(3)
  for (let amendment = 1; amendment <= amendmentCount; amendment++) {
    const raises = random.chance(0.5)
    write('letter_of_credit_amendment', {
      lc_number: lcNumber,
      amendment,
      amended_on: formatDay(issuedDay + amendment * 9),
      change: raises ? 'amount' : 'latest shipment',
      new_amount: raises ? formatMinor(amount + amendment * 500_000, currency) : null,
    })
  }
  DOCUMENTS.slice(0, random.between(2, 4)).forEach((kind, i) => {
    const isPresented = random.chance(0.6)
    const isScan = isPresented && random.chance(0.03)
    write('letter_of_credit_document', {
      lc_number: lcNumber,
      position: i + 1,
      kind,
      is_presented: isPresented ? 1 : 0,
      content: isPresented ? createDocument(random, customer, { kind, isScan }) : null,
    })
  })
}
