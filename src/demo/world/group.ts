import { assert } from '#stdx/assert'

/** The fictional trading group, the countries it sells to and what its companies are called. */
export const GROUP_NAME = 'Kestrelmoor Trading Group'

export type CompanyCode = {
  /** Text with leading zeros. */
  readonly code: string
  readonly name: string
  readonly country: string
  readonly currency: string
  /** Domestic sales tax in tenths of a percent. */
  readonly taxPermille: number
}

export const COMPANIES: readonly CompanyCode[] = [
  company('0100', 'Kestrelmoor Handels GmbH', 'DE', 'EUR', 190),
  company('0200', 'Kestrelmoor Négoce SAS', 'FR', 'EUR', 200),
  company('0300', 'Kestrelmoor Trading Ltd', 'GB', 'GBP', 200),
  company('0400', 'Kestrelmoor Handels AG', 'CH', 'CHF', 81),
  company('0500', 'Kestrelmoor Handel Sp. z o.o.', 'PL', 'PLN', 230),
  company('0700', 'Kestrelmoor Trading Inc.', 'US', 'USD', 0),
  company('0800', 'ケストレルムーア商事株式会社', 'JP', 'JPY', 100),
]

// biome-ignore lint/complexity/useMaxParams: one line of a table, read as such
function company(
  code: string,
  name: string,
  country: string,
  currency: string,
  taxPermille: number,
): CompanyCode {
  return { code, name, country, currency, taxPermille }
}

export type Country = {
  readonly code: string
  readonly name: string
  readonly language: 'de' | 'fr' | 'en' | 'pl' | 'cs' | 'ja'
  /** Of 100 customers, so many live here. */
  readonly weight: number
  /** The company that sells here first. */
  readonly companyCode: string
  readonly cities: readonly string[]
  readonly legalForms: readonly string[]
  readonly dialling: string
}

export const COUNTRIES: readonly Country[] = [
  {
    code: 'DE',
    name: 'Germany',
    language: 'de',
    weight: 31,
    companyCode: '0100',
    cities: ['Münster', 'Köln', 'Görlitz', 'Kassel', 'Lübeck', 'Erfurt', 'Würzburg'],
    legalForms: ['GmbH', 'AG', 'KG', 'GmbH & Co. KG'],
    dialling: '+49',
  },
  {
    code: 'AT',
    name: 'Austria',
    language: 'de',
    weight: 5,
    companyCode: '0100',
    cities: ['Graz', 'Linz', 'Sankt Pölten'],
    legalForms: ['GmbH', 'AG', 'OG'],
    dialling: '+43',
  },
  {
    code: 'FR',
    name: 'France',
    language: 'fr',
    weight: 15,
    companyCode: '0200',
    cities: ['Besançon', 'Nîmes', 'Orléans', 'Angers', 'Chalon-sur-Saône'],
    legalForms: ['SAS', 'SARL', 'SA'],
    dialling: '+33',
  },
  {
    code: 'GB',
    name: 'United Kingdom',
    language: 'en',
    weight: 13,
    companyCode: '0300',
    cities: ['Leeds', 'Norwich', 'Dundee', 'Swansea'],
    legalForms: ['Ltd', 'plc', 'LLP'],
    dialling: '+44',
  },
  {
    code: 'IE',
    name: 'Ireland',
    language: 'en',
    weight: 4,
    companyCode: '0300',
    cities: ['Cork', 'Galway', 'Dún Laoghaire'],
    legalForms: ['Ltd', 'DAC'],
    dialling: '+353',
  },
  {
    code: 'CH',
    name: 'Switzerland',
    language: 'de',
    weight: 8,
    companyCode: '0400',
    cities: ['Zürich', 'Chur', 'Neuchâtel', 'Winterthur'],
    legalForms: ['AG', 'GmbH', 'SA'],
    dialling: '+41',
  },
  {
    code: 'PL',
    name: 'Poland',
    language: 'pl',
    weight: 8,
    companyCode: '0500',
    cities: ['Łódź', 'Gdańsk', 'Kraków', 'Rzeszów'],
    legalForms: ['Sp. z o.o.', 'S.A.', 'Sp. k.'],
    dialling: '+48',
  },
  {
    code: 'CZ',
    name: 'Czechia',
    language: 'cs',
    weight: 4,
    companyCode: '0500',
    cities: ['Plzeň', 'Brno', 'České Budějovice'],
    legalForms: ['s.r.o.', 'a.s.'],
    dialling: '+420',
  },
  {
    code: 'US',
    name: 'United States',
    language: 'en',
    weight: 7,
    companyCode: '0700',
    cities: ['Duluth', 'Boise', 'Santa Fe', 'Asheville'],
    legalForms: ['Inc.', 'LLC', 'Corp.'],
    dialling: '+1',
  },
  {
    code: 'JP',
    name: 'Japan',
    language: 'ja',
    weight: 5,
    companyCode: '0800',
    cities: ['金沢', '仙台', '高松', '長野'],
    legalForms: ['株式会社', '合同会社'],
    dialling: '+81',
  },
]

export function companyByCode(code: string): CompanyCode {
  const found = COMPANIES.find((one) => one.code === code)
  assert(found !== undefined, 'The demo uses only company codes of its own list.')
  return found
}

export function countryByCode(code: string): Country {
  const found = COUNTRIES.find((one) => one.code === code)
  assert(found !== undefined, 'The demo uses only countries of its own list.')
  return found
}

export type PaymentTerms = {
  readonly code: string
  readonly description: string
  readonly netDays: number
  readonly discountDays: number
  /** Percent; a half percent is exact in binary. */
  readonly discountPercent: number
  /** How often customers have them, of 100. */
  readonly weight: number
}

/** Terms of credit memos everywhere, and what the shifted import writes over payment terms. */
export const CREDIT_MEMO_TERMS = 'NT90'

export const PAYMENT_TERMS: readonly PaymentTerms[] = [
  terms('NT30', 'Net 30 days', [30, 0, 0, 58]),
  terms('NT14', 'Net 14 days', [14, 0, 0, 17]),
  terms('D230', '2 % within 10 days, net 30', [30, 10, 2, 12]),
  terms('NT60', 'Net 60 days', [60, 0, 0, 8]),
  terms('D315', '2.5 % within 5 days, net 15', [15, 5, 2.5, 3]),
  terms('NT00', 'Due at once', [0, 0, 0, 2]),
  terms('NT90', 'Net 90 days', [90, 0, 0, 0]),
]

function terms(
  code: string,
  description: string,
  [netDays, discountDays, discountPercent, weight]: readonly [number, number, number, number],
): PaymentTerms {
  return { code, description, netDays, discountDays, discountPercent, weight }
}
