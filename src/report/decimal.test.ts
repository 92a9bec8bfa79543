import fc from 'fast-check'
import { expect, test } from 'vitest'
import { endOfMonth, formatBusinessDay, parseBusinessDay, parsePeriod } from './business-day.ts'
import { fitsDecimals, formatDecimal, isoDecimals, parseDecimal } from './decimal.ts'

test('parseDecimal() reads what formatDecimal() wrote, exactly', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      fc.nat(4),
      (value, decimals) => {
        expect(parseDecimal(formatDecimal(value, decimals))).toBe(value)
      },
    ),
  )
})

test.each([
  ['0.1', 2, '0.10'],
  ['-12', 2, '-12.00'],
  ['12.5000', 0, '12.5'],
  ['+007.10', 0, '7.1'],
  ['1200', 0, '1200'],
  ['3.', 2, '3.00'],
  ['99999999999999999999.99', 2, '99999999999999999999.99'],
])('%s with %i decimals is %s', (text, decimals, shown) => {
  expect(formatDecimal(parseDecimal(text) ?? 0n, decimals)).toBe(shown)
})

test.each(['', ' 1', '1,5', '1e5', '.5', 'NaN', '0.12345678901', '--1'])(
  '%j is no amount',
  (text) => {
    expect(parseDecimal(text)).toBeUndefined()
  },
)

test('an amount that has more decimals than its currency is told from one that has not', () => {
  expect(fitsDecimals(parseDecimal('1.10') ?? 0n, 2)).toBe(true)
  expect(fitsDecimals(parseDecimal('1.101') ?? 0n, 2)).toBe(false)
  expect(['JPY', 'KWD', 'EUR'].map(isoDecimals)).toEqual([0, 3, 2])
})

test('days and periods are read as systems print them', () => {
  const day = parseBusinessDay('2026-02-28')
  expect(parseBusinessDay('20260228')).toBe(day)
  expect(parseBusinessDay('2026-02-28 23:59:59.5+02')).toBe(day)
  expect(parseBusinessDay('2026-02-28T00:00:00Z')).toBe(day)
  for (const text of ['2026-02-30', '0000-00-00', '00000000', '28.02.2026', '', 'infinity']) {
    expect(parseBusinessDay(text)).toBeUndefined()
  }
  const month = parsePeriod('2024-02')
  expect(month?.to).toBe(parseBusinessDay('2024-02-29'))
  expect(parsePeriod('202402')).toEqual(month)
  expect(parsePeriod('2026-02-28')).toEqual({ from: day, to: day })
  expect(parsePeriod('2026-13')).toBeUndefined()
  expect(formatBusinessDay(endOfMonth(day ?? 0))).toBe('2026-02-28')
})
