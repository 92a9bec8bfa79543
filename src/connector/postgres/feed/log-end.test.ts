import { expect, test } from 'vitest'
import { endOfRecord } from './log-end.ts'

test.each([
  [0x2000n, 0x2000n],
  [0x2018n, 0x2000n],
  [0x1000028n, 0x1000000n],
  [0x2020n, 0x2020n],
  [0x2058n, 0x2058n],
  [0x1fffn, 0x1fffn],
])('endOfRecord() of %s is %s', (next, end) => {
  expect(endOfRecord(next, 8192n)).toBe(end)
})
