import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ObjectName } from '#store/object-store'
import { createMemoryStore } from '#store/testing/memory-store'
import { HashingStore } from './hashing-store.ts'

const { signal } = new AbortController()
const NAME = 'segments/erp/s/1.rows' as ObjectName

test('the digest is that of the object, however much of it was read before, and in what order', async () => {
  const range = fc.record({ offset: fc.nat(99), length: fc.integer({ min: 1, max: 60 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 12 }), async (ranges) => {
      const store = createMemoryStore()
      const bytes = Uint8Array.from({ length: 100 }, (_, i) => (7 * i) % 251)
      await store.put(NAME, bytes, signal)
      let told = 0
      const hashing = new HashingStore(store, (more) => {
        told += more
      })
      hashing.follow(NAME)
      for (const { offset, length } of ranges) {
        const some = { offset, length: Math.min(length, bytes.length - offset) }
        const read = await hashing.store.get(NAME, { range: some, signal })
        expect(read).toEqual(bytes.subarray(offset, offset + some.length))
      }
      const expected = createHash('sha256').update(bytes).digest('hex')
      expect(await hashing.digest(NAME, bytes.length, signal)).toBe(expected)
      expect(told).toBe(bytes.length)
    }),
  )
})

test('what was read from front to back is not read again', async () => {
  const store = createMemoryStore()
  await store.put(NAME, new Uint8Array(1000), signal)
  const hashing = new HashingStore(store, () => {})
  hashing.follow(NAME)
  for (const offset of [0, 400, 700]) {
    await hashing.store.get(NAME, {
      range: { offset, length: Math.min(400, 1000 - offset) },
      signal,
    })
  }
  await store.delete(NAME, signal)
  const expected = createHash('sha256').update(new Uint8Array(1000)).digest('hex')
  expect(await hashing.digest(NAME, 1000, signal)).toBe(expected)
})
