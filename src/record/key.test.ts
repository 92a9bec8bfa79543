import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareKeys, decodeDigestKey, decodeKey, encodeDigestKey, encodeKey } from './key.ts'
import type { KeyEncoding } from './schema.ts'

type Part = { readonly encoding: KeyEncoding; readonly value: string }

const integer = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -300n, max: 300n }),
    fc.constantFrom(-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
  )
  .map(String)
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.string({ unit: fc.constantFrom('\u0000', '\u0001', '\u00ff', 'a', 'b'), maxLength: 4 }),
)
const bytes = fc
  .array(fc.constantFrom(0, 1, 2, 0xfe, 0xff), { maxLength: 4 })
  .map((list) => `\\x${Buffer.from(list).toString('hex')}`)
const valueBy: Record<KeyEncoding, fc.Arbitrary<string>> = {
  integer,
  uuid: fc.uuid(),
  bytes,
  text,
}
const encodings = fc.array(fc.constantFrom<KeyEncoding>('integer', 'uuid', 'bytes', 'text'), {
  minLength: 1,
  maxLength: 3,
})
const keys = (count: number) =>
  encodings.chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc.array(fc.tuple(...list.map((encoding) => valueBy[encoding])), {
        minLength: count,
        maxLength: count,
      }),
    ),
  )

/** What the order means, without bytes. */
function compareParts(a: Part, b: Part): number {
  if (a.encoding === 'integer') {
    const difference = BigInt(a.value) - BigInt(b.value)
    return difference < 0n ? -1 : difference > 0n ? 1 : 0
  }
  if (a.encoding === 'uuid') return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
  if (a.encoding === 'bytes') {
    return Buffer.compare(
      Buffer.from(a.value.slice(2), 'hex'),
      Buffer.from(b.value.slice(2), 'hex'),
    )
  }
  return Buffer.compare(Buffer.from(a.value), Buffer.from(b.value))
}

function compareValues(
  list: readonly KeyEncoding[],
  a: readonly string[],
  b: readonly string[],
): number {
  for (const [i, encoding] of list.entries()) {
    const left = { encoding, value: a[i] ?? '' }
    const order = compareParts(left, { encoding, value: b[i] ?? '' })
    if (order !== 0) return order
  }
  return 0
}

const keyInvalid = expect.objectContaining({ code: 'record.key-invalid' })

describe('keys', () => {
  test('decodeKey() gives back what encodeKey() took', () => {
    fc.assert(
      fc.property(keys(1), ([list, [values = []]]) => {
        expect(decodeKey(encodeKey(values, list), list)).toEqual(values)
      }),
      { numRuns: 500 },
    )
  })

  test('compareKeys() orders bytes as the values are ordered', () => {
    fc.assert(
      fc.property(keys(2), ([list, [a = [], b = []]]) => {
        const order = compareKeys(encodeKey(a, list), encodeKey(b, list))
        expect(Math.sign(order)).toBe(Math.sign(compareValues(list, a, b)))
      }),
      { numRuns: 2000 },
    )
  })

  test('encodeKey() writes the bytes that the format names', () => {
    const hex = (values: string[], list: KeyEncoding[]) =>
      Buffer.from(encodeKey(values, list)).toString('hex')
    expect(hex(['-1'], ['integer'])).toBe('00ffffffffffffffff')
    expect(hex(['42'], ['integer'])).toBe('01000000000000002a')
    expect(hex(['\\x00ff'], ['bytes'])).toBe('00ffff0001')
    expect(hex(['é\u0000', '0'], ['text', 'integer'])).toBe('c3a900ff0001010000000000000000')
  })

  test.each<[string, KeyEncoding]>([
    ['', 'integer'],
    ['+1', 'integer'],
    ['01', 'integer'],
    ['-0', 'integer'],
    ['1.0', 'integer'],
    ['18446744073709551616', 'integer'],
    ['-9223372036854775809', 'integer'],
    ['A0000000-0000-0000-0000-000000000000', 'uuid'],
    ['a0000000000000000000000000000000', 'uuid'],
    ['00', 'bytes'],
    ['\\x0', 'bytes'],
    ['\\xAB', 'bytes'],
    ['\ud800', 'text'],
  ])('encodeKey() refuses %j as %s', (value, encoding) => {
    expect(() => encodeKey([value], [encoding])).toThrow(keyInvalid)
  })

  test('encodeKey() refuses another number of fields', () => {
    expect(() => encodeKey(['1'], ['integer', 'text'])).toThrow(keyInvalid)
  })

  test('decodeKey() takes only bytes that encodeKey() gives', () => {
    fc.assert(
      fc.property(encodings, fc.uint8Array({ maxLength: 40 }), (list, key) => {
        let values: string[]
        try {
          values = decodeKey(key, list)
        } catch (error) {
          expect(error).toEqual(keyInvalid)
          return
        }
        expect(Buffer.from(encodeKey(values, list))).toEqual(Buffer.from(key))
      }),
      { numRuns: 2000 },
    )
  })

  test('digest keys order by digest, then by occurrence', () => {
    const parts = fc.tuple(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat(2 ** 32 - 1))
    fc.assert(
      fc.property(parts, parts, ([digestA, a], [digestB, b]) => {
        const keyA = encodeDigestKey(digestA, a)
        expect(decodeDigestKey(keyA)).toEqual({ digest: digestA, occurrence: a })
        const wanted = Buffer.compare(digestA, digestB) || a - b
        expect(Math.sign(compareKeys(keyA, encodeDigestKey(digestB, b)))).toBe(Math.sign(wanted))
      }),
    )
    expect(() => decodeDigestKey(new Uint8Array(11))).toThrow(keyInvalid)
  })
})
