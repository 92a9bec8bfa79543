import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { aSchema } from '#segment/testing/segment-fixture'
import { groupActing } from './acting-cycles.ts'

function refers(name: string, references: Readonly<Record<string, string>> = {}) {
  const foreignKeys = Object.entries(references).map(([to, onDelete]) => ({
    ...{ name: `${name}_${to}`, fields: ['ref'], referencedFields: ['id'], isDeferrable: false },
    ...{ entity: to as EntityName, onDelete, onUpdate: 'NO ACTION' },
  }))
  return { schema: { ...aSchema(), entity: name as EntityName, foreignKeys } }
}

const groupsOf = (...deleted: ReturnType<typeof refers>[]) =>
  groupActing(deleted).map((group) => group.map(({ schema }) => schema.entity).join(' '))

test('groupActing() puts together what takes each other along, and nothing else', () => {
  const cycle = [refers('c', { b: 'RESTRICT' }), refers('b', { a: 'CASCADE' })]
  const child = refers('child', { c: 'CASCADE', child: 'CASCADE' })
  expect(groupsOf(child, ...cycle, refers('a', { c: 'SET NULL' }))).toEqual(['child', 'c b a'])
  expect(groupsOf(child, ...cycle, refers('a', { c: 'NO ACTION' }))).toEqual([
    ...['child', 'c', 'b', 'a'],
  ])
  // Of b nothing is deleted: what would take its rows along is refused.
  expect(groupsOf(refers('c', { b: 'CASCADE' }), refers('a', { c: 'CASCADE' }))).toEqual(['c', 'a'])
})
