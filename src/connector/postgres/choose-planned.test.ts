import { expect, test } from 'vitest'
import { choosePlanned } from './choose-planned.ts'
import { parseSharedDefinition, parseTableDefinition } from './definition.ts'

const shared = parseSharedDefinition({
  entities: ['public.customer', 'public.invoice'],
  schemas: ['types', 'other'],
  extensions: [
    { name: 'hstore', schema: 'public', types: ['public.hstore'] },
    { name: 'citext', schema: 'public', types: ['public.citext'] },
  ],
  enums: [
    { schema: 'types', name: 'mood', type: 'types.mood', labels: ['ok'] },
    { schema: 'other', name: 'unused', type: 'other.unused', labels: ['x'] },
  ],
  domains: [{ schema: 'types', name: 'code', type: 'types.code', base: 'text' }],
  composites: [
    {
      schema: 'types',
      name: 'pair',
      type: 'types.pair',
      attributes: [
        { name: 'm', type: 'types.mood[]' },
        { name: 'c', type: 'types.code' },
      ],
    },
  ],
  sequences: [
    sequence('numbers', null),
    sequence('unused_numbers', null),
    sequence('customer_id_seq', { entity: 'public.customer', column: 'id' }),
    sequence('invoice_id_seq', { entity: 'public.invoice', column: 'id' }),
  ],
})
const nothing = parseSharedDefinition({})
const customer = parseTableDefinition({
  schema: 'public',
  name: 'customer',
  columns: [
    { name: 'id', type: 'integer', default: "nextval('public.numbers'::regclass)" },
    { name: 'p', type: 'types.pair' },
    { name: 'h', type: 'public.hstore' },
  ],
})
const invoice = parseTableDefinition({ schema: 'public', name: 'invoice' })

test('choosePlanned() brings everything when every table is planned', () => {
  const { sequences, ...others } = choosePlanned(shared, [customer, invoice], nothing)
  expect({ ...others, sequences: sequences.length }).toEqual({ ...shared, sequences: 4 })
})

test('choosePlanned() brings what one table mentions, also through other types', () => {
  const chosen = choosePlanned(shared, [customer], nothing)
  expect(chosen.composites.map(({ name }) => name)).toEqual(['pair'])
  expect(chosen.enums.map(({ name }) => name)).toEqual(['mood'])
  expect(chosen.domains.map(({ name }) => name)).toEqual(['code'])
  expect(chosen.extensions.map(({ name }) => name)).toEqual(['hstore'])
  expect(chosen.schemas).toEqual(['types'])
  expect(chosen.sequences.map(({ name }) => name)).toEqual(['numbers', 'customer_id_seq'])
})

test('choosePlanned() leaves a stand-alone sequence of the target alone', () => {
  const present = parseSharedDefinition({ sequences: [sequence('numbers', null)] })
  const { sequences } = choosePlanned(shared, [customer], present)
  expect(sequences.map(({ name }) => name)).toEqual(['customer_id_seq'])
})

function sequence(name: string, owner: { entity: string; column: string } | null) {
  const shape = { type: 'bigint', start: '1', increment: '1', min: '1', max: '9', cache: '1' }
  return { schema: 'public', name, owner, ...shape }
}
