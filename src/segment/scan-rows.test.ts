import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareKeys, encodeKey } from '#record/key'
import { formatRow } from '#record/row-text'
import type { KeyEncoding } from '#record/schema'
import { entryOf } from './columns.ts'
import { openRowScanner } from './scan-rows.ts'
import { aSchema, digestKey, scanText } from './testing/segment-fixture.ts'

const integers = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.integer({ min: -300, max: 300 }),
    fc.constantFrom(-(2n ** 63n), 2n ** 64n - 1n, 2n ** 63n - 1n, 2n ** 63n, 0n),
  )
  .map(String)
const texts = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.stringMatching(/^[\0\\\t\n a]{0,6}$/))
  .filter((text) => text.isWellFormed())
const bytes = fc
  .uint8Array({ maxLength: 12 })
  .map((value) => `\\x${Buffer.from(value).toString('hex')}`)

const parts: Readonly<Record<KeyEncoding, fc.Arbitrary<string>>> = {
  integer: integers,
  uuid: fc.uuid(),
  bytes,
  text: texts,
}

const encodingLists = fc.array(fc.constantFrom<KeyEncoding>('integer', 'uuid', 'bytes', 'text'), {
  minLength: 1,
  maxLength: 3,
})

test('scan() encodes every key as encodeKey() does, in the order of the key', () => {
  fc.assert(
    fc.property(
      encodingLists.chain((encodings) =>
        fc.tuple(
          fc.constant(encodings),
          fc.array(fc.tuple(...encodings.map((each) => parts[each])), { maxLength: 9 }),
        ),
      ),
      ([encodings, keys]) => {
        // Fields stand in the row the other way round than in the key.
        const fields = encodings.map((_, i) => `f${i}`)
        const fieldIds = encodings.map((_, i) => encodings.length - i)
        const schema = aSchema({ fields, key: { kind: 'fields', fieldIds, encodings } })
        const text = keys.map((key) => formatRow(key.toReversed())).join('')
        const { keys: column, count } = scanText(schema, text)
        const found = Array.from({ length: count }, (_, i) => Buffer.from(entryOf(column, i)))
        expect(found).toEqual(keys.map((key) => Buffer.from(encodeKey(key, encodings))))
      },
    ),
  )
})

test('the digest of a row depends on its layout and on every byte, not on its neighbours', () => {
  const rows = fc.array(fc.tuple(integers, texts, texts), { minLength: 1, maxLength: 9 })
  fc.assert(
    fc.property(rows, (values) => {
      const schema = aSchema()
      const lines = values.map((row) => formatRow(row))
      const together = scanText(schema, lines.join('')).digests
      const alone = lines.map((line) => scanText(schema, line).digests[0])
      expect([...together]).toEqual(alone)
      const other = scanText(aSchema({ layout: 2 }), lines.join('')).digests
      expect(other[0]).not.toBe(together[0])
      const distinct = new Set(lines)
      expect(new Set(together).size).toBe(distinct.size)
    }),
  )
})

test('a row of an entity without fields is scanned and keyed by its digest', () => {
  const schema = aSchema({ fields: [], key: { kind: 'digest' } })
  const { count, keys, digests } = scanText(schema, '\n\n')
  expect(count).toBe(2)
  expect(digests[0]).toBe(digests[1])
  expect(compareKeys(entryOf(keys, 0), entryOf(keys, 1))).toBe(0)
  expect(entryOf(keys, 0).length).toBe(12)
})

test('the first field is never left out of the digest', () => {
  const schema = aSchema({
    fields: ['a', 'b'],
    missing: { a: 'x', b: 'y' },
    key: { kind: 'digest' },
  })
  const { digests } = scanText(schema, 'x\ty\n\ty\n')
  expect(digests[0]).not.toBe(digests[1])
})

test('scan() gives nothing for nothing', () => {
  const scanner = openRowScanner(aSchema(), digestKey)
  expect(scanner.scan({ kind: 'rows', bytes: new Uint8Array(0) }).count).toBe(0)
})
