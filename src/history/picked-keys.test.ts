import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PickedKeys } from './picked-keys.ts'

const aKey = fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 })

test('PickedKeys tells whether one of them lies between two keys, both included', () => {
  fc.assert(
    fc.property(fc.array(aKey, { maxLength: 5 }), aKey, aKey, (picked, one, other) => {
      const [first = one, last = other] = [one, other].sort(Buffer.compare)
      const isThere = picked.some((key) => {
        return Buffer.compare(first, key) <= 0 && Buffer.compare(key, last) <= 0
      })
      expect(new PickedKeys(picked).mayBeIn(first, last)).toBe(isThere)
    }),
  )
})
