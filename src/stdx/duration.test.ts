import { expect, test } from 'vitest'
import { parseDurationMs } from './duration.ts'

test.each([
  ['0d', 0],
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['24h', 86_400_000],
  ['35d', 35 * 86_400_000],
  ['2w', 14 * 86_400_000],
  ['1y', 366 * 86_400_000],
])('parseDurationMs() reads %s', (text, durationMs) => {
  expect(parseDurationMs(text)).toBe(durationMs)
})

test.each(['', '1', 'd', '1.5d', '-1d', '1 d', '1D', '1000000d', '1d1h'])(
  'parseDurationMs() refuses "%s"',
  (text) => {
    expect(parseDurationMs(text)).toBeUndefined()
  },
)
