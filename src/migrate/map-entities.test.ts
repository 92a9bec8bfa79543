import { expect, test } from 'vitest'
import { type NeutralField, readNeutralFields } from '#connector/neutral-fields'
import { type EntityName, parseEntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import type { DescribedEntity } from '#record/schema'
import { mapEntities } from './map-entities.ts'
import { parseMapping } from './parse-mapping.ts'
import type { Refusal } from './refusals.ts'
import type { Sides } from './sides.ts'

/** Fields as `name TYPE`, those that are never null with a `!`, the first one the key. */
function describe(name: string, ...columns: string[]): DescribedEntity {
  const [, table = ''] = name.split('.')
  const fields = columns.map((column) => {
    const [field = '', type = ''] = column.replace('!', '').split(' ')
    const isNullable = !column.endsWith('!')
    return { name: field, type, isNullable, sourceId: null, missing: null }
  })
  const [key = { name: '', type: '' }] = fields
  const sql = `CREATE TABLE ${table} (${fields.map((one) => `${one.name} ${one.type}`).join(', ')})`
  return {
    entity: parseEntityName(name),
    sourceId: null,
    fields,
    key: { fields: [key.name], encodings: [key.type === 'INTEGER' ? 'integer' : 'text'] },
    foreignKeys: [],
    definition: { sql, indexes: [] },
    scanOrder: 'key',
    missingGrant: null,
  }
}

const SOURCE = [
  describe('main.customer', 'no INTEGER!', 'name TEXT', 'land TEXT', 'boss INTEGER'),
  describe('main.vendor', 'code TEXT!', 'name TEXT'),
]
const TARGET = [
  describe(
    'main.partner',
    'id INTEGER!',
    'label TEXT!',
    'land TEXT',
    'boss INTEGER',
    'since DATE_TEXT',
  ),
  describe('main.person', 'id INTEGER!', 'label TEXT!'),
]

function sidesOf(): Sides {
  const open = (all: readonly DescribedEntity[]) => {
    const schemas = all.map((one) => evolveSchema(undefined, one).schema)
    const fields = readNeutralFields('sqlite', { schemas, definition: {}, sequences: {} })
    const of = (entity: EntityName) => fields?.get(entity) ?? new Map<string, NeutralField>()
    return all.map((described, i) => [described, schemas[i], of(described.entity)] as const)
  }
  return {
    source: {
      name: 'old',
      entities: new Map(
        open(SOURCE).flatMap(([{ entity }, schema, fields]) =>
          schema === undefined ? [] : [[entity, { schema, fields }] as const],
        ),
      ),
    },
    target: {
      name: 'new',
      entities: new Map(
        open(TARGET).map(([described, , fields]) => [described.entity, { described, fields }]),
      ),
    },
  }
}

const map = (text: string, numbers: Record<string, string> = {}) =>
  mapEntities(parseMapping(`version: 1\nentities:\n${text}`, 'm.yaml'), sidesOf(), (book, key) => {
    return numbers[`${book.from} ${key} ${book.entity}`]
  })

const PARTNER = `  main.partner:
    from: main.customer
    when: "land != 'X'"
    key: mint
    fields:
      label: name
      land: { from: land, values: { D: DE } }
      boss: { from: boss, key-of: main.customer }
      since: { is: null }
    unmapped: [no]
`

test('a row of the one shape becomes a row of the other, or is refused with what is wrong', () => {
  const numbers = { 'main.customer 7 main.partner': '41', 'main.customer 1 main.partner': '40' }
  const { entities, report } = map(PARTNER, numbers)
  const [part] = entities[0]?.parts ?? []
  const refusals: Refusal[] = []
  const run = (...row: string[]) =>
    part?.mapRow({ row, address: () => row[0] ?? '' }, (refusal) => refusals.push(refusal))
  expect(run('7', 'a\\tb', 'D', '1')).toBe('41\ta\\tb\tDE\t40\t\\N\n')
  expect(run('7', 'a', 'X', '1')).toBeNull()
  expect(refusals).toEqual([])
  expect(run('7', '\\N', 'GB', '9')).toBeNull()
  expect(run('7', 'a', '\\N', '\\N')).toBe('41\ta\t\\N\t\\N\t\\N\n')
  expect(refusals.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
    '8 there is no value, and label needs one',
    '9 land has a value that is not listed',
    '10 boss names a record of main.customer that main.partner does not get',
  ])
  expect(report.find(({ field }) => field === 'id')).toMatchObject({ from: 'a new number' })
})

test.each([
  [
    'main.partner id is named, and gets a new number',
    PARTNER.replace('label: name', 'id: no\n      label: name'),
  ],
  ['main.partner id is its key and not named', PARTNER.replace('key: mint', 'key: keep')],
  [
    'main.partner label can be neither null nor filled by a default',
    PARTNER.replace('label: name', 'land2: name'),
  ],
  ['main.partner land2: there is no such field', PARTNER.replace('label: name', 'land2: name')],
  ['main.customer name goes nowhere', PARTNER.replace('label: name', 'label: { is: x }')],
  [
    'main.partner since: a value is unfit: DATE_TEXT needs a day',
    PARTNER.replace('since: { is: null }', 'since: { is: 2026-02-30 }'),
  ],
  [
    'main.partner label: label cannot be null',
    PARTNER.replace('label: name', 'label: { is: null }'),
  ],
  [
    'main.partner label: main.customer has no field "nme"; did you mean "name"?',
    PARTNER.replace('label: name', 'label: nme'),
  ],
  [
    'old has no entity "main.custmer"; did you mean "main.customer"?',
    PARTNER.replace('from: main.customer', 'from: main.custmer'),
  ],
  ['main.partner when: ', PARTNER.replace("land != 'X'", 'land !=')],
  [
    'records of main.vendor go to several entities or none, need in: ENTITY',
    PARTNER.replace('key-of: main.customer', 'key-of: main.vendor'),
  ],
  ['main.customer land is unmapped, and used', PARTNER.replace('[no]', '[no, land]')],
  ['new has no entity "main.partners"', PARTNER.replace('main.partner:', 'main.partners:')],
  [
    'main.person is filled with keys that are kept, and with new ones; need one',
    `  main.person:
    - { from: main.customer, key: mint, fields: { label: name }, unmapped: [land, boss] }
    - { from: main.vendor, fields: { id: { is: 1 }, label: name }, unmapped: [code] }
`,
  ],
])('%s', (problem, text) => {
  expect(() => map(text)).toThrow(
    expect.objectContaining({
      code: 'migrate.mapping-unfit',
      message: expect.stringContaining(problem),
    }),
  )
})
