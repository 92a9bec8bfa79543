import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeDay, type Period } from './closed-periods.ts'
import { decimalDifference } from './three-way/decimal-difference.ts'

const MAY = { from: '2026-05-01', until: '2026-05-31', isOpen: false }
const JUNE = { from: '2026-06-01', until: '2026-06-30', isOpen: true }

test('judgeDay() lets post where a period is open', () => {
  const judge = (day: string) => judgeDay({ mustBeIn: true }, day, [MAY, JUNE])
  expect(judge('2026-05-31 23:59:59')).toEqual({ day: '2026-05-31 23:59:59', found: 'closed' })
  expect(judge('2026-06-01')).toBeNull()
  expect(judge('2026-06-30T12:00:00Z')).toBeNull()
  expect(judge('2026-07-01')).toEqual({ day: '2026-07-01', found: 'no period' })
  // A special period beside the ordinary one is enough.
  expect(judgeDay({ mustBeIn: true }, '2026-05-10', [MAY, { ...MAY, isOpen: true }])).toBeNull()
})

test('judgeDay() lets post behind a lock', () => {
  const lock = [{ from: null, until: '2026-05-31', isOpen: false }]
  expect(judgeDay({ mustBeIn: false }, '1999-01-01', lock)?.found).toBe('closed')
  expect(judgeDay({ mustBeIn: false }, '2026-06-01', lock)).toBeNull()
  expect(judgeDay({ mustBeIn: false }, '2026-06-01', [])).toBeNull()
})

test('judgeDay() knows a day without hyphens, in a record and in a period', () => {
  const lock = { from: null, until: '2026-05-31', isOpen: false }
  const compact = { from: '20260501', until: '20260531', isOpen: false }
  const judge = (day: string, period: Period) => judgeDay({ mustBeIn: false }, day, [period])?.found
  expect(judge('20260510', lock)).toBe('closed')
  expect(judge('20260531235959', lock)).toBe('closed')
  expect(judge('20260601', lock)).toBeUndefined()
  expect(judge('2026-05-31 23:59:59', compact)).toBe('closed')
  expect(judge('20260501', compact)).toBe('closed')
  expect(judge('2026-04-30', compact)).toBeUndefined()
})

test('decimalDifference() is exact', () => {
  expect(decimalDifference('100.00', '120.5')).toBe('+20.50')
  expect(decimalDifference('0.1', '-0.2')).toBe('-0.3')
  expect(decimalDifference('7', '7')).toBe('+0')
  expect(decimalDifference('', '7')).toBeNull()
  expect(decimalDifference('1e3', '7')).toBeNull()
  const cents = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })
  fc.assert(
    fc.property(cents, cents, (a, b) => {
      const print = (n: bigint) => {
        const digits = (n < 0n ? -n : n).toString().padStart(3, '0')
        return `${n < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
      }
      const told = decimalDifference(print(a), print(b)) ?? ''
      expect(BigInt(told.replace('.', ''))).toBe(b - a)
    }),
  )
})
