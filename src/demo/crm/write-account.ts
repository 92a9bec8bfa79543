import { type Customer, STORY_INDEX } from '../world/customer.ts'
import { FIRST_DAY, formatDay, formatMoment } from '../world/days.ts'
import { currencyByCode, formatMinor } from '../world/money.ts'
import { formatSlug, inventFirstName, inventStreet, inventSurname } from '../world/names.ts'
import { type SeededRandom, seededRandom } from '../world/seeded-random.ts'
import type { TableWriter } from '../world/table-writer.ts'

export const SALES_REP_COUNT = 60
/** Contacts of one account have ids from `accountId * CONTACT_ID_STEP`. */
export const CONTACT_ID_STEP = 10

const INDUSTRIES = ['Manufacturing', 'Food', 'Health', 'Logistics', 'Retail', 'Energy', 'Public']
const ROLES = ['Purchasing', 'Accounts payable', 'Managing director', 'Logistics', 'Treasury']
const PURPOSES = ['newsletter', 'events', 'credit-bureau'] as const
const CHANNELS = ['fair', 'search', 'partner', 'referral', 'field-sales']

export type AccountDeps = { readonly write: TableWriter; readonly seed: string }

/** Writes an account with contacts, addresses, consents, credit line, contracts, costs, figures. */
export function writeAccount({ write, seed }: AccountDeps, customer: Customer): void {
  const random = seededRandom(seed, 'crm', customer.index)
  const { accountId, country } = customer
  write('account', {
    account_id: accountId,
    name: customer.name,
    legal_form: country.language === 'ja' ? null : (customer.name.split(' ').at(-1) ?? null),
    country_code: country.code,
    tax_id: customer.taxId,
    industry: random.pick(INDUSTRIES),
    segment: customer.segment,
    status: 'active',
    website: random.chance(0.8) ? `https://www.${customer.domain}` : null,
    parent_account_id: customer.parentIndex === null ? null : 500_001 + customer.parentIndex,
    owner_id: random.between(1, SALES_REP_COUNT),
    created_at: formatMoment(customer.sinceDay, random.int(86_400)),
    updated_at: formatMoment(FIRST_DAY - random.between(1, 150), random.int(86_400)),
  })
  const external = (system: string, id: string) =>
    write('account_external_id', { account_id: accountId, system, external_id: id })
  external('billing', customer.debtorId)
  external('erp', customer.customerNumber)
  writeContacts(write, customer, random)
  writeAddresses(write, customer, random)
  writeCommitments(write, customer, random)
  writeFigures(write, customer, random)
}

function writeContacts(write: TableWriter, customer: Customer, random: SeededRandom): void {
  const { accountId, country } = customer
  const count =
    customer.index === STORY_INDEX ? 5 : 1 + random.int(customer.segment === 'C' ? 2 : 4)
  const firstId = accountId * CONTACT_ID_STEP
  for (let i = 0; i < count; i++) {
    const firstName = inventFirstName(random, country.language)
    const lastName = inventSurname(random, country.language)
    const mailbox = formatSlug(`${firstName} ${lastName}`)?.replace('-', '.') ?? `kontakt${i}`
    write('contact', {
      contact_id: firstId + i,
      account_id: accountId,
      reports_to_id: i > 0 && random.chance(0.6) ? firstId : null,
      first_name: firstName,
      last_name: lastName,
      role: random.pick(ROLES),
      email: `${mailbox}@${customer.domain}`,
      phone: random.chance(0.85) ? `${country.dialling} 000 ${random.digits(6)}` : null,
      language: country.language,
      updated_at: formatMoment(FIRST_DAY - random.between(1, 700), random.int(86_400)),
    })
    for (const purpose of PURPOSES) {
      if (random.chance(0.45)) continue
      write('consent', {
        contact_id: firstId + i,
        purpose,
        is_granted: random.chance(0.7) ? 1 : 0,
        decided_at: formatMoment(FIRST_DAY - random.between(1, 900), random.int(86_400)),
        evidence: random.chance(0.3) ? `form ${random.digits(8)}` : null,
      })
    }
  }
}

function writeAddresses(write: TableWriter, customer: Customer, random: SeededRandom): void {
  const kinds = random.chance(0.35) ? ['delivery', 'legal'] : ['legal']
  for (const kind of kinds) {
    write('address', {
      account_id: customer.accountId,
      kind,
      street: inventStreet(random, customer.country.language),
      house_number: `${random.between(1, 180)}${random.chance(0.1) ? 'b' : ''}`,
      // Often with a leading zero, which a number would lose.
      postal_code: `${random.pick(['0', '1', '4', '8'])}${random.digits(4)}`,
      city: customer.city,
      country_code: customer.country.code,
    })
  }
}

function writeCommitments(write: TableWriter, customer: Customer, random: SeededRandom): void {
  const currency = currencyByCode(customer.companies[0]?.currency ?? 'EUR')
  const scale = { A: 25, B: 5, C: 1 }[customer.segment] * currency.perEuroCent
  if (random.chance(0.75)) {
    write('credit_line', {
      account_id: customer.accountId,
      currency: currency.code,
      limit_amount: formatMinor(Math.round(random.between(4, 90) * 100_000 * scale), currency),
      valid_from: formatDay(customer.sinceDay),
      valid_to: random.chance(0.5) ? formatDay(FIRST_DAY + random.between(30, 700)) : null,
      approved_by: random.chance(0.9) ? random.between(1, SALES_REP_COUNT) : null,
    })
  }
  const contractCount = random.int(customer.segment === 'A' ? 3 : 2)
  for (let i = 1; i <= contractCount; i++) {
    write('contract', {
      contract_id: `C${String(customer.index + 1).padStart(6, '0')}-${i}`,
      account_id: customer.accountId,
      kind: random.pick(['frame', 'service', 'consignment']),
      starts_on: formatDay(FIRST_DAY - random.between(30, 1000)),
      ends_on: random.chance(0.7) ? formatDay(FIRST_DAY + random.between(10, 900)) : null,
      annual_value: formatMinor(Math.round(random.between(50, 9000) * 1000 * scale), currency),
      currency: currency.code,
      renews: random.chance(0.6) ? 1 : 0,
    })
  }
}

function writeFigures(write: TableWriter, customer: Customer, random: SeededRandom): void {
  const currency = currencyByCode(customer.companies[0]?.currency ?? 'EUR')
  const amount = (euros: number) =>
    formatMinor(Math.round(euros * 100 * currency.perEuroCent), currency)
  for (let i = random.int(3); i > 0; i--) {
    const cost = {
      account_id: customer.accountId,
      month: formatDay(customer.sinceDay + 31 * i).slice(0, 7),
      channel: random.pick(CHANNELS),
      amount: amount(random.between(1, 40) * 25),
      currency: currency.code,
    }
    write('acquisition_cost', cost)
    // Two equal rows are two costs; without a key only their number tells.
    if (random.chance(0.02)) write('acquisition_cost', cost)
  }
  if (customer.segment === 'C') return
  for (const fiscalYear of [2023, 2024, 2025]) {
    const revenue = random.between(800_000, 90_000_000)
    const assets = Math.round((revenue * random.between(40, 120)) / 100)
    write('financial_statement', {
      account_id: customer.accountId,
      fiscal_year: fiscalYear,
      currency: currency.code,
      revenue: amount(revenue),
      operating_profit: amount(Math.round((revenue * random.between(-40, 160)) / 1000)),
      total_assets: amount(assets),
      equity: amount(Math.round((assets * random.between(5, 60)) / 100)),
    })
  }
}
