import { expect, test } from 'vitest'
import { meets } from './meets.ts'

test.each([
  [{ when: { a: ['1', '2'] } }, true],
  [{ when: { a: ['2'] } }, false],
  [{ when: { a: ['1'], b: [null] } }, true],
  [{ when: { b: ['1'] } }, false],
  [{ unless: { b: [null] } }, false],
  [{ unless: { a: [null], b: ['1'] } }, true],
  [{ when: { a: { field: 'c' } } }, true],
  [{ unless: { a: { field: 'c' } } }, false],
  [{ when: { a: { field: 'b' } } }, false],
])('meets() judges %j', (conditions, expected) => {
  expect(meets({ a: '1', b: null, c: '1' }, conditions)).toBe(expected)
})
