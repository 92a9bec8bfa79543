import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatCanonicalJson } from './canonical-json.ts'

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger().filter((n) => !Object.is(n, -0)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 5 }),
  ),
}))

test('formatCanonicalJson() loses nothing that JSON can hold', () => {
  fc.assert(
    fc.property(value, (v) => {
      expect(JSON.parse(formatCanonicalJson(v))).toEqual(v)
    }),
  )
})

test('formatCanonicalJson() does not depend on the order in which names were added', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), (object) => {
      const reversed = Object.fromEntries(Object.entries(object).reverse())
      expect(formatCanonicalJson(reversed)).toBe(formatCanonicalJson(object))
    }),
  )
})

test('formatCanonicalJson() sorts names by UTF-16 code units as the example of RFC 8785 does', () => {
  const object = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  }
  const names = Object.keys(JSON.parse(formatCanonicalJson(object)))
  expect(names).toEqual(['1', '\r', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'])
})

test('formatCanonicalJson() writes no white space and escapes as RFC 8785 does', () => {
  const text = formatCanonicalJson({
    b: [1, -2, null],
    a: { d: true, c: '\u20ac$\u000f\nA\'B"\\/' },
  })
  expect(text).toBe('{"a":{"c":"\u20ac$\\u000f\\nA\'B\\"\\\\/","d":true},"b":[1,-2,null]}')
})

class Point {
  x = 1
}

test.each([
  ['a fraction', 1.5],
  ['an unsafe integer', 2 ** 53],
  ['negative zero', -0],
  ['NaN', Number.NaN],
  ['undefined', undefined],
  ['undefined inside', { a: undefined }],
  ['a hole', Array(1)],
  ['a bigint', 1n],
  ['a function', () => 1],
  ['a date', new Date(0)],
  ['a map', new Map()],
  ['bytes', new Uint8Array(1)],
  ['an instance', new Point()],
  ['a lone surrogate', '\ud800'],
  ['a lone surrogate as name', { '\ud800': 1 }],
  ['a symbol', { [Symbol('x')]: 1 }],
])('formatCanonicalJson() refuses %s', (_, bad) => {
  expect(() => formatCanonicalJson([bad])).toThrow(/canonical JSON: found/)
})

test('formatCanonicalJson() names the path of what it refuses', () => {
  expect(() => formatCanonicalJson({ a: [{ b: 0.5 }] })).toThrow(/\$\.a\[0\]\.b/)
})

test('formatCanonicalJson() refuses a value that contains itself', () => {
  const loop: unknown[] = []
  loop.push(loop)
  expect(() => formatCanonicalJson(loop)).toThrow(/deeper than 100/)
})
