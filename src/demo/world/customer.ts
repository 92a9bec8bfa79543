import { formatTaxId } from './bank.ts'
import { FIRST_DAY } from './days.ts'
import {
  COMPANIES,
  COUNTRIES,
  type CompanyCode,
  type Country,
  companyByCode,
  countryByCode,
} from './group.ts'
import { formatSlug, inventCompanyName } from './names.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

/**
 * One customer as the group knows it. The three systems each keep their part under an id of their
 * own; tax id and ERP customer number tie them together.
 */
export type Customer = {
  /** From 0, without holes; everything about a customer follows from seed and index. */
  readonly index: number
  readonly name: string
  readonly domain: string
  readonly country: Country
  readonly city: string
  readonly taxId: string
  readonly segment: 'A' | 'B' | 'C'
  readonly sinceDay: number
  /** The companies that sell to it, the first one foremost. */
  readonly companies: readonly CompanyCode[]
  /** A customer with a smaller index, or `null`. */
  readonly parentIndex: number | null
  /** `null` for a customer that is no supplier. */
  readonly supplierNumber: string | null
  readonly accountId: number
  readonly customerNumber: string
  readonly debtorId: string
}

/** The customer whose story the demo tells; it exists in every world. */
export const STORY_INDEX = 41

export function createCustomer(seed: string, index: number): Customer {
  const random = seededRandom(seed, 'customer', index)
  const isStory = index === STORY_INDEX
  const country = isStory
    ? countryByCode('DE')
    : random.weighted(COUNTRIES.map((one) => [one, one.weight] as const))
  const name = isStory ? 'Farnbeck Werkzeugbau GmbH' : inventCompanyName(random, country)
  const isSupplier = random.chance(0.03) || isStory
  return {
    index,
    name,
    domain: `${formatSlug(name) ?? 'kk'}-${index}.example`,
    country,
    city: random.pick(country.cities),
    taxId: formatTaxId(country.code, index),
    segment: isStory ? 'A' : random.weighted(SEGMENTS),
    sinceDay: FIRST_DAY - random.between(200, 4000),
    companies: isStory ? [companyByCode('0100')] : pickCompanies(random, country),
    parentIndex: index > STORY_INDEX && random.chance(0.06) ? random.int(index) : null,
    supplierNumber: isSupplier ? formatSupplierNumber(index) : null,
    ...formatIds(country, index),
  }
}

const SEGMENTS = [
  ['A', 8],
  ['B', 30],
  ['C', 62],
] as const

/** The three ids of the customer with that index. */
export function formatIds(
  country: Country,
  index: number,
): Pick<Customer, 'accountId' | 'customerNumber' | 'debtorId'> {
  return {
    accountId: 500_001 + index,
    customerNumber: formatCustomerNumber(index),
    debtorId: `D-${country.code}-${String(index + 1).padStart(6, '0')}`,
  }
}

/** Ten digits, as an ERP likes them. */
export function formatCustomerNumber(index: number): string {
  return String(100_001 + index).padStart(10, '0')
}

function formatSupplierNumber(index: number): string {
  return String(700_001 + index).padStart(10, '0')
}

function pickCompanies(random: SeededRandom, country: Country): CompanyCode[] {
  const home = companyByCode(country.companyCode)
  if (!random.chance(0.22)) return [home]
  return [home, random.pick(COMPANIES.filter((one) => one !== home))]
}
