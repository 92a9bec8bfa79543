import { expect, test } from 'vitest'
import { aSchema } from '#segment/testing/segment-fixture'
import { presentUnder } from './present-under.ts'

const first = aSchema({ fields: ['id', 'name'] })
const later = {
  ...aSchema({
    fields: ['id', 'label', 'note', 'terms'],
    missing: { note: '\\N', terms: 'a\\tb' },
  }),
  sourceOrder: [1, 3, 4, 2],
}
const record = { schema: first, fields: { id: '1', name: 'Ada' } }

test('presentUnder() names fields as the schema does and gives those added since', () => {
  const presented = presentUnder(record, later)
  expect(presented.schema).toBe(later)
  expect(Object.entries(presented.fields)).toEqual([
    ['id', '1'],
    ['note', null],
    ['terms', 'a\tb'],
    ['label', 'Ada'],
  ])
  expect(presentUnder(presented, first).fields).toEqual(record.fields)
})

test('presentUnder() leaves a record alone that is of this schema, or of another layout', () => {
  expect(presentUnder(record, first)).toBe(record)
  expect(presentUnder(record, { ...later, layout: 2 })).toBe(record)
})
