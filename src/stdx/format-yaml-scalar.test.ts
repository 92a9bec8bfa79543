import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { formatYamlScalar } from './format-yaml-scalar.ts'

test('formatYamlScalar() quotes only where it must, as is easiest to read', () => {
  expect(formatYamlScalar('main.res_partner')).toBe('main.res_partner')
  expect(formatYamlScalar('"tabSales Invoice"')).toBe(`'"tabSales Invoice"'`)
  expect(formatYamlScalar('no')).toBe('"no"')
  expect(formatYamlScalar('a\u202eb')).toBe('"a\\u202eb"')
})

const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', "'", '\\', ' ', '#', ':', '\n', '\u2028', 'a', '0') }),
  fc.string({ unit: 'binary' }),
)

test('whatever a text holds, YAML reads it back, as a key and in a flow, and on one line', () => {
  fc.assert(
    fc.property(text, (one) => {
      const scalar = formatYamlScalar(one)
      expect(scalar).not.toMatch(/[\n\r]/)
      expect(parse(`a: { b: [${scalar}] }\n`)).toEqual({ a: { b: [one] } })
      expect(Object.keys(parse(`${scalar}: 1\n`))).toEqual([one])
    }),
  )
})
