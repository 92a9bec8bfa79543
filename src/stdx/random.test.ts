import { expect, test } from 'vitest'
import { systemRandom } from './random.ts'

test('systemRandom.bytes() gives as many bytes as asked, in a buffer of their own', () => {
  for (const n of [0, 1, 32, 1000]) {
    const bytes = systemRandom.bytes(n)
    expect(bytes).toHaveLength(n)
    expect(bytes.buffer.byteLength).toBe(n)
  }
})

test('systemRandom.bytes() does not repeat itself', () => {
  expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32))
})
