import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatKeyAddress } from './address.ts'
import { formatEntityName } from './entity-name.ts'
import { evolveSchema } from './evolve-schema.ts'
import { decodeKey, encodeKey } from './key.ts'
import { parseKeyForms } from './key-forms.ts'
import type { KeyEncoding } from './schema.ts'

function aSchema(types: readonly string[], encodings: readonly KeyEncoding[]) {
  const fields = types.map((type, i) => ({
    name: `f${i}`,
    type,
    isNullable: false,
    sourceId: null,
    missing: null,
  }))
  return evolveSchema(undefined, {
    entity: formatEntityName(['public', 'country']),
    sourceId: null,
    fields,
    key: { fields: fields.map(({ name }) => name), encodings },
    foreignKeys: [],
    definition: null,
    scanOrder: 'key',
    missingGrant: null,
  }).schema
}

function formsOf(text: string, ...types: readonly string[]): string[] {
  const encodings = types.map((type): KeyEncoding => (type === 'integer' ? 'integer' : 'text'))
  const schema = aSchema(types, encodings)
  const { printed, spelled } = parseKeyForms(text, schema)
  const keys = printed === null ? [spelled] : [spelled, printed]
  return keys.map((key) => decodeKey(key, encodings).join(','))
}

test.each([
  ['DE', 'character(3)', ['DE', 'DE ']],
  ['"DE "', 'character(3)', ['DE ']],
  ['"DE    "', 'character(3)', ['DE    ', 'DE ']],
  ['DEU', 'character(3)', ['DEU']],
  ['DEUS', 'character(3)', ['DEUS']],
  ['ü\u{1f600}', 'character(3)', ['ü\u{1f600}', 'ü\u{1f600} ']],
  ['""', 'character(1)', ['', ' ']],
  ['DE', 'text', ['DE']],
  ['DE', 'character varying(3)', ['DE']],
  ['DE', 'CHARACTER(3)', ['DE']],
  ['1.5', 'numeric(10,2)', ['1.5', '1.50']],
  ['1.50', 'numeric(10,2)', ['1.50']],
  ['1.5', 'decimal(10,2)', ['1.5', '1.50']],
  ['1', 'decimal(20,4) unsigned', ['1', '1.0000']],
  ['+01', 'numeric(10,2)', ['+01', '1.00']],
  ['1.500', 'numeric(10,2)', ['1.500', '1.50']],
  ['1.505', 'numeric(10,2)', ['1.505']],
  ['.5', 'numeric(10,2)', ['.5', '0.50']],
  ['-.5', 'numeric(10,2)', ['-.5', '-0.50']],
  ['-0', 'numeric(10,2)', ['-0', '0.00']],
  ['007.0', 'numeric(10,0)', ['007.0', '7']],
  ['NaN', 'numeric(10,2)', ['NaN']],
  ['.', 'numeric(10,2)', ['.']],
  ['1.5', 'numeric', ['1.5']],
])('parseKeyForms() reads %s of a %s as %j', (text, type, forms) => {
  expect(formsOf(text, type)).toEqual(forms)
})

test('parseKeyForms() changes only the parts of a key whose types say so', () => {
  expect(formsOf('7,DE,DE', 'integer', 'character(3)', 'text')).toEqual(['7,DE,DE', '7,DE ,DE'])
})

test('parseKeyForms() keeps what was spelled, whatever it is, and gives no other form of what is printed', () => {
  const types = ['character(4)', 'numeric(6,2)', 'numeric(4,0)', 'text']
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[-+]?[0 ]?[0-9.]{0,5}$/),
  )
  fc.assert(
    fc.property(fc.constantFrom(...types), value, (type, text) => {
      const schema = aSchema([type], ['text'])
      const key = encodeKey([text], ['text'])
      const { printed, spelled } = parseKeyForms(formatKeyAddress(key, schema.key), schema)
      expect(spelled).toEqual(key)
      if (printed === null) return
      const again = parseKeyForms(formatKeyAddress(printed, schema.key), schema)
      expect(again).toEqual({ spelled: printed, printed: null })
    }),
    { numRuns: 1_000 },
  )
})
