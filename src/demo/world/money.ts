import { assert } from '#stdx/assert'

/** Money is counted in minor units (cents; whole yen), which stay far below 2^53. */
export type Currency = {
  readonly code: string
  readonly name: string
  readonly decimals: 0 | 2
  /** Minor units that one euro cent is worth in the example world. */
  readonly perEuroCent: number
}

export const CURRENCIES: readonly Currency[] = [
  { code: 'EUR', name: 'Euro', decimals: 2, perEuroCent: 1 },
  { code: 'GBP', name: 'Pound sterling', decimals: 2, perEuroCent: 0.86 },
  { code: 'CHF', name: 'Swiss franc', decimals: 2, perEuroCent: 0.95 },
  { code: 'PLN', name: 'Złoty', decimals: 2, perEuroCent: 4.3 },
  { code: 'USD', name: 'US dollar', decimals: 2, perEuroCent: 1.1 },
  { code: 'JPY', name: 'Yen', decimals: 0, perEuroCent: 1.6 },
]

export function currencyByCode(code: string): Currency {
  const currency = CURRENCIES.find((one) => one.code === code)
  assert(currency !== undefined, 'The demo uses only currencies of its own list.')
  return currency
}

/** `-1234.50`, or `-1234` for a currency without decimals: exactly, never by way of a fraction. */
export function formatMinor(minor: number, { decimals }: Currency): string {
  assert(Number.isSafeInteger(minor), 'Money is a whole number of minor units.')
  if (decimals === 0) return String(minor)
  const digits = String(Math.abs(minor)).padStart(3, '0')
  return `${minor < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

export function parseMinor(text: string, { decimals }: Currency): number {
  const minor = Number(decimals === 0 ? text : text.replace('.', ''))
  assert(Number.isSafeInteger(minor), 'An amount of the demo has all decimals of its currency.')
  return minor
}
