import { expect, test } from 'vitest'
import { parseMapping } from './parse-mapping.ts'

const TEXT = `version: 1
entities:
  main.partner:
    - from: public.customer
      when: "state != 'test'"
      fields:
        number: no
        country: { from: land, values: { D: DE, 1: null, true: 7 }, else: { is: XX } }
        kind: { is: 3 }
        label: { expression: "name + '!'" }
      unmapped: [fax]
    - { from: public.vendor, fields: { number: code, country: { from: land, values: {} } } }
`

test('a mapping file is read with the lines of its rules', () => {
  const { entities, hash } = parseMapping(TEXT, 'm.yaml')
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(entities).toMatchObject([
    {
      entity: 'main.partner',
      from: 'public.customer',
      when: { text: "state != 'test'", line: 5 },
      unmapped: [{ field: 'fax', line: 11 }],
    },
    { from: 'public.vendor', when: null, unmapped: [] },
  ])
  expect(entities[0]?.fields).toEqual([
    { line: 7, field: 'number', how: { kind: 'field', from: 'no' } },
    {
      line: 8,
      field: 'country',
      how: {
        kind: 'values',
        from: 'land',
        values: new Map([
          ['1', null],
          ['D', 'DE'],
          ['true', '7'],
        ]),
        unlisted: { kind: 'is', text: 'XX' },
      },
    },
    { line: 9, field: 'kind', how: { kind: 'is', text: '3' } },
    { line: 10, field: 'label', how: { kind: 'expression', text: "name + '!'" } },
  ])
  expect(entities[1]?.fields[1]?.how).toMatchObject({ unlisted: { kind: 'refuse' } })
})

test('a value that no map of values can hold is refused, never dropped', () => {
  const text = TEXT.replace('1: null', '__proto__: X')
  expect(() => parseMapping(text, 'm.yaml')).toThrow(
    expect.objectContaining({
      code: 'migrate.file-invalid',
      message: expect.stringContaining('line 8: "__proto__" cannot be a key'),
    }),
  )
})

test('everything wrong with a mapping file is said at once, with its line', () => {
  const text = `version: 1
entitys: {}
entities:
  main.partner:
    from: public customer
    feilds: {}
    fields:
      number: { form: no }
      amount: { is: 1.5 }
  "main partner":
    from: a.b
    fields: {}
`
  expect(() => parseMapping(text, 'm.yaml')).toThrow(
    expect.objectContaining({
      code: 'migrate.file-invalid',
      message: expect.stringMatching(/line 2: "entitys".*entities/),
    }),
  )
  const rest = text.replace('entitys: {}\n', '').replace('    feilds: {}\n', '')
  expect(() => parseMapping(rest, 'm.yaml')).toThrow(
    /line 4: "public customer" is no entity[\s\S]*line 6: .*a field, or one of[\s\S]*line 7: .*[\s\S]*line 8: "main partner" is no entity[\s\S]*line 8: main partner has no fields/,
  )
})
