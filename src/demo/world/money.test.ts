import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CURRENCIES, currencyByCode, formatMinor, parseMinor } from './money.ts'

test('parseMinor() reads back what formatMinor() wrote, in every currency', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CURRENCIES), fc.maxSafeInteger(), (currency, minor) => {
      expect(parseMinor(formatMinor(minor, currency), currency)).toBe(minor === 0 ? 0 : minor)
    }),
  )
})

test('formatMinor() writes the decimals of the currency', () => {
  expect(formatMinor(-5, currencyByCode('EUR'))).toBe('-0.05')
  expect(formatMinor(123_450, currencyByCode('EUR'))).toBe('1234.50')
  expect(formatMinor(123_450, currencyByCode('JPY'))).toBe('123450')
})
