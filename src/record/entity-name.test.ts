import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatEntityName, formatName, parseEntityName, splitEntityName } from './entity-name.ts'

const parts = fc.array(
  fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.stringMatching(/^[a-z_."]{1,6}$/)),
  { minLength: 1, maxLength: 4 },
)

describe('entity names', () => {
  test('splitEntityName() gives back what formatEntityName() joined', () => {
    fc.assert(
      fc.property(parts, (names) => {
        expect(splitEntityName(formatEntityName(names))).toEqual(names)
      }),
    )
  })

  test('parseEntityName() gives one spelling, whatever was quoted', () => {
    expect(parseEntityName('"public"."customer"')).toBe('public.customer')
    expect(parseEntityName('main."Order Lines"')).toBe('main."Order Lines"')
    fc.assert(
      fc.property(parts, (names) => {
        const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.')
        expect(parseEntityName(quoted)).toBe(formatEntityName(names))
      }),
    )
  })

  test('formatName() quotes what is not a plain identifier', () => {
    expect(['a_1', 'A', '1a', 'ä', 'a b', 'a"b', 'a.b'].map(formatName)).toEqual([
      'a_1',
      'A',
      '"1a"',
      '"ä"',
      '"a b"',
      '"a""b"',
      '"a.b"',
    ])
  })

  test.each(['', '.', 'a.', '.a', 'a b', '""', '"a', 'a"b"', 'public.*', 'a:1'])(
    'parseEntityName() refuses %j',
    (text) => {
      expect(() => parseEntityName(text)).toThrow(
        expect.objectContaining({ code: 'record.entity-invalid' }),
      )
    },
  )
})
