import { expect, test } from 'vitest'
import { AssertionError, assert } from './assert.ts'

test('assert() is silent when the condition holds', () => {
  expect(() => assert(1, 'One is true.')).not.toThrow()
})

test.each([false, null, undefined, 0, ''])(
  'assert() fails with its sentence when given %j',
  (value) => {
    expect(() => assert(value, 'A block has a key.')).toThrow(AssertionError)
    expect(() => assert(value, 'A block has a key.')).toThrow('A block has a key.')
  },
)
