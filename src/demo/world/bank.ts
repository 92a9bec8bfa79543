import { assert } from '#stdx/assert'
import type { SeededRandom } from './seeded-random.ts'

/**
 * Bank details and tax numbers with the shape and check digits of real ones that nobody can hold:
 * bank codes of zeros (or ZZZZ), BICs marked as test codes by a 0 in the eighth place, and tax
 * numbers that begin with zeros no office gives out.
 */
export type BankDetails = {
  /** Empty where the country knows no IBAN. */
  readonly iban: string
  readonly bic: string
  readonly accountNumber: string
  readonly bankName: string
}

/** Fictional bank code and digits of the account, after the check digits of an IBAN. */
const IBAN_SHAPES: Readonly<Record<string, { bank: string; accountDigits: number }>> = {
  DE: { bank: '00000000', accountDigits: 10 },
  AT: { bank: '00000', accountDigits: 11 },
  FR: { bank: '0000000000', accountDigits: 13 },
  GB: { bank: 'ZZZZ000000', accountDigits: 8 },
  IE: { bank: 'ZZZZ000000', accountDigits: 8 },
  CH: { bank: '00000', accountDigits: 12 },
  PL: { bank: '00000000', accountDigits: 16 },
  CZ: { bank: '0000', accountDigits: 16 },
  // Where the fraudster banks: no customer lives there.
  MT: { bank: 'ZZZZ00000', accountDigits: 18 },
}

const BANK_NAMES = ['Musterbank', 'Example Savings', 'Fabelkasse', 'Banque Exemple', 'Demo Credit']

export function inventBankDetails(random: SeededRandom, country: string): BankDetails {
  const bic = `ZZ${random.pick(['AA', 'FM', 'QX', 'VB'])}${country}20`
  const bankName = random.pick(BANK_NAMES)
  const shape = IBAN_SHAPES[country]
  if (shape === undefined)
    return { iban: '', bic, accountNumber: `000${random.digits(7)}`, bankName }
  const accountNumber = random.digits(shape.accountDigits)
  return { iban: formatIban(country, shape.bank + accountNumber), bic, accountNumber, bankName }
}

/** Puts the check digits of ISO 13616 between the country and the rest. */
export function formatIban(country: string, rest: string): string {
  const check = 98 - remainderOf97(`${rest}${country}00`)
  return `${country}${String(check).padStart(2, '0')}${rest}`
}

export function isIban(text: string): boolean {
  return remainderOf97(text.slice(4) + text.slice(0, 4)) === 1
}

function remainderOf97(text: string): number {
  let remainder = 0
  for (const character of text) {
    const value = Number.parseInt(character, 36)
    assert(!Number.isNaN(value), 'An IBAN holds letters and digits.')
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97
  }
  return remainder
}

/** @param serial makes it unique; at most six digits */
export function formatTaxId(country: string, serial: number): string {
  const digits = String(serial).padStart(6, '0')
  switch (country) {
    case 'AT':
      return `ATU00${digits}`
    case 'FR':
      return `FR00000${digits}`
    case 'IE':
      return `IE0${digits}ZZ`
    case 'CH':
      return `CHE-000.${digits.slice(0, 3)}.${digits.slice(3)}`
    case 'PL':
      return `PL0000${digits}`
    case 'CZ':
      return `CZ00${digits}`
    case 'US':
      return `00-0${digits}`
    case 'JP':
      return `T0000000${digits}`
    default:
      return `${country}000${digits}`
  }
}
