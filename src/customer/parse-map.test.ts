import { expect, test } from 'vitest'
import { parseMap } from './parse-map.ts'

const MAP = `version: 1
match: [taxId]
sources:
  erp:
    entities:
      public.customer:
        role: customer
        identity: { number: number, taxId: vat }
      public."Order Lines":
        role: other
        key: [a, b]
        links:
          - { fields: [number], to: public.customer, toFields: [number], none: ['', '0'], rowsMax: 50 }
    leftOut: [public.audit]
    sideEffects: { public.mail_out: the mailer sends it }
  crm:
    entities:
      Account:
        role: customer
        links:
          - { fields: [erp_number], source: erp, to: public.customer, when: { kind: erp }, kind: same }
`

test('parseMap() gives what the file says, with its lines and defaults', () => {
  const map = parseMap(MAP, 'customers.yaml')
  expect(map.match).toEqual(['taxId'])
  expect(map.bounds).toEqual({ rowsMax: 100_000, rowsPerLinkMax: 10_000 })
  expect(map.leftOut.get('erp')).toEqual(['public.audit'])
  const sends = { line: 15, entity: 'public.mail_out', what: 'the mailer sends it' }
  expect(map.sideEffects.get('erp')).toEqual([sends])
  expect(map.entities.map(({ entity, line, source }) => [source, entity, line])).toEqual([
    ['erp', 'public.customer', 6],
    ['erp', 'public."Order Lines"', 9],
    ['crm', 'Account', 18],
  ])
  expect(map.entities[1]?.links).toEqual([
    {
      line: 13,
      fields: ['number'],
      to: { source: 'erp', entity: 'public.customer' },
      toFields: ['number'],
      kind: 'child',
      when: [],
      none: ['', '0'],
      rowsMax: 50,
    },
  ])
  expect(map.entities[2]?.links).toMatchObject([
    { to: { source: 'erp' }, kind: 'same', when: [['kind', 'erp']] },
  ])
})

test('parseMap() tells all problems of a file at once, each with its line', () => {
  const bad = MAP.replace('role: other', 'role: invoce')
    .replace('match: [taxId]', 'match: [taxID]')
    .replace('leftOut: [public.audit]', 'leftOut: [public audit]')
    .replace('source: erp, to', 'source: epr, to')
    .replace('identity: { number: number, taxId: vat }', 'identitys: {}')
  expect(problemsOf(bad)).toEqual([
    [2, '"match.0" of the map cannot be "taxID"; did you mean "taxId"?'],
    [8, '"identitys" is nothing that public.customer can have; did you mean "identity"?'],
    [10, '"role" of public."Order Lines" cannot be "invoce"; did you mean "invoice"?'],
    [14, expect.stringContaining('"public audit" is no name of an entity')],
    [21, '"epr" is no source of the map; did you mean "erp"?'],
  ])
})

test('parseMap() judges links by what they point to', () => {
  const links = (text: string) => problemsOf(MAP.replace(/- \{ fields: \[number\].*/, `- ${text}`))
  expect(links('{ fields: [number], to: public.custmer }')).toEqual([
    [13, '"public.custmer" is no entity of source erp in the map; did you mean "public.customer"?'],
  ])
  expect(links('{ fields: [x, y], to: public.customer, toFields: [number] }')).toEqual([
    [13, '2 fields cannot point to 1, number'],
  ])
  expect(links('{ fields: [x, y], to: public."Order Lines", kind: same }')).toEqual([
    [13, 'an entity is not the same as itself'],
  ])
  expect(links('{ to: public.customer }')).toEqual([
    [13, 'public."Order Lines" needs "links.0.fields"'],
  ])
})

const PERIODS = `version: 1
sources:
  erp:
    entities:
      customer: { role: customer, classes: { bank: [iban, bic], block: [blocked] } }
      company: { role: company-code, open: { field: state, values: [active] } }
      period: { role: other-reference, key: [company, no], open: { field: closed, values: ['0'] } }
      invoice:
        role: invoice
        period: { date: posted, fields: [company], to: period, toFields: [company], from: first, until: last }
      payment:
        role: payment
        period: { date: posted, fields: [company], to: company, lockedUntil: locked }
`

test('parseMap() reads classes of fields, what is open, and posting periods', () => {
  const { entities } = parseMap(PERIODS, 'customers.yaml')
  expect(entities[0]?.classes.get('bank')).toEqual(['iban', 'bic'])
  expect(entities[1]?.open).toEqual({ field: 'state', values: ['active'] })
  expect(entities[3]?.period).toEqual({
    line: 10,
    date: 'posted',
    fields: ['company'],
    to: { source: 'erp', entity: 'period' },
    toFields: ['company'],
    days: { kind: 'period', from: 'first', until: 'last' },
  })
  expect(entities[4]?.period?.days).toEqual({ kind: 'lock', until: 'locked' })
})

test('parseMap() judges classes and periods', () => {
  const problems = (from: string, to: string) => problemsOf(PERIODS.replace(from, to))
  expect(problems('[blocked]', '[iban]')).toEqual([
    [5, '"iban" is in class bank and in class block'],
  ])
  expect(problems('block:', 'default:')).toEqual([
    [5, '"default" is the class of all fields that are in no other'],
  ])
  expect(problems(', lockedUntil: locked', '')).toEqual([
    [13, 'a period needs "from" and "until", or "lockedUntil" alone'],
  ])
  expect(problems('to: company', 'to: compny')).toEqual([
    [13, '"compny" is no entity of source erp in the map; did you mean "company"?'],
  ])
  expect(problems(", open: { field: closed, values: ['0'] }", '')).toEqual([
    [7, 'period needs "open", which says when a period is'],
  ])
})

test('parseMap() refuses an empty file, another version and broken YAML', () => {
  expect(problemsOf('')).toEqual([
    [1, 'the map needs "version"'],
    [1, 'the map needs "sources"'],
  ])
  expect(problemsOf('version: 2\nsources: {}\n')).toEqual([
    [1, expect.stringContaining('"version" of the map is not valid')],
  ])
  expect(problemsOf('version: 1\nversion: 1\nsources: {}\n')).toMatchObject([
    [2, expect.anything()],
  ])
})

function problemsOf(text: string): unknown[] {
  try {
    parseMap(text, 'customers.yaml')
  } catch (error) {
    expect(error).toMatchObject({ code: 'customer.map-invalid' })
    const { details } = error as { details: { problems: { line: number; problem: string }[] } }
    return details.problems.map(({ line, problem }) => [line, problem])
  }
  return []
}
