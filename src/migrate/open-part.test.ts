import { expect, test } from 'vitest'
import type { NeutralField } from '#connector/neutral-fields'
import { parseEntityName } from '#record/entity-name'
import { openPart } from './open-part.ts'
import type { PartRule } from './read-totals.ts'

const FIELDS = new Map(
  ['gross', 'company', 'state'].map((name) => {
    const field: NeutralField = {
      ...{
        name,
        type: 'text',
        codec: null,
        why: null,
        isNullable: true,
        isFilled: false,
        default: null,
      },
      neutral: { kind: 'text', length: null },
    }
    return [name, field] as const
  }),
)
const PART: PartRule = {
  ...{ line: 3, entity: parseEntityName('main.invoice'), amount: 'gross', side: 'debit' },
  by: ['company', { is: 'EUR' }],
  when: { line: 4, text: `state == 'open'` },
}

function open(part: PartRule) {
  const reader = openPart(part, FIELDS)
  if (!('read' in reader)) throw new Error(reader.join('; '))
  return reader
}

test('a part asks for its fields, then for those of its expression', () => {
  const { fields, read } = open(PART)
  expect(fields).toEqual(['gross', 'company', 'state'])
  expect(read(['1.50', '\\N', 'open'])).toEqual(['1.50', null])
  expect(read(['1.50', '01', 'draft'])).toBeNull()
  expect(open({ ...PART, when: null }).read(['1.50', 'a\\tb'])).toEqual(['1.50', 'a\tb'])
})

test('what counts all records asks for a field all the same', () => {
  const { fields, read } = open({ ...PART, amount: { is: '1' }, by: [], when: null })
  expect(fields).toEqual(['gross'])
  expect(read(['1.50'])).toEqual([])
})

test('what is not there is named, and an expression that says nothing is an error', () => {
  const wrong = { ...PART, amount: 'grosz', when: { line: 4, text: 'stat == ' } }
  expect(openPart(wrong, FIELDS)).toEqual([
    'main.invoice has no field "grosz"; did you mean "gross"?',
    expect.stringMatching(/^"when": /),
  ])
  const { read } = open({ ...PART, when: { line: 4, text: 'state' } })
  expect(() => read(['1', '2', 'open'])).toThrow(
    expect.objectContaining({
      code: 'migrate.value-refused',
      message: expect.stringContaining('line 4: when: the expression gives neither true nor false'),
    }),
  )
})
