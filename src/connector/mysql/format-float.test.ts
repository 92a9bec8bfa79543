import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatFloat } from './format-float.ts'

test('formatFloat() reads back as the same float', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = formatFloat(Object.is(value, -0) ? '-0' : String(value))
      expect(Object.is(Math.fround(Number(text)), value)).toBe(true)
      expect(Math.abs(Number(text))).toBeLessThanOrEqual(3.4028234663852886e38)
    }),
  )
})

test.each([
  ['1.100000023841858', '1.1'],
  ['16777216', '16777216'],
  ['-0.3333333432674408', '-0.33333334'],
  ['3.4028234663852886e38', '3.4028234663852886e+38'],
  ['1.401298464324817e-45', '1e-45'],
  ['0', '0'],
  ['-0', '-0'],
])('formatFloat(%s) is %s', (double, text) => {
  expect(formatFloat(double)).toBe(text)
})
