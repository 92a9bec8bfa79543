import { expect, test } from 'vitest'
import { aSchema } from '#segment/testing/segment-fixture'
import { compareFields } from './compare-fields.ts'

const before = aSchema({ fields: ['id', 'name', 'note'] })

test('compareFields() takes a renamed field for the same one', () => {
  const renamed = aSchema({ fields: ['id', 'full_name', 'note'] })
  const old = { schema: before, fields: { id: '1', name: 'Ada', note: null } }
  const same = { schema: renamed, fields: { id: '1', full_name: 'Ada', note: null } }
  expect(compareFields(old, same)).toEqual({ shared: [], single: [] })
  const other = { schema: renamed, fields: { id: '1', full_name: 'Bea', note: '' } }
  expect(compareFields(old, other)).toEqual({ shared: ['full_name', 'note'], single: [] })
})

test('compareFields() takes a field that was dropped and added again for the same one', () => {
  const fields = before.fields.map((field) => (field.id === 3 ? { ...field, id: 4 } : field))
  const after = { ...before, fields, sourceOrder: [1, 2, 4] }
  const old = { schema: before, fields: { id: '1', name: 'a', note: 'b' } }
  const fresh = (note: string | null) => ({ schema: after, fields: { id: '1', name: 'a', note } })
  expect(compareFields(old, fresh('b'))).toEqual({ shared: [], single: [] })
  expect(compareFields(old, fresh(null))).toEqual({ shared: ['note'], single: [] })
})

test('compareFields() names fields that only one of the two has, a new one of an old name too', () => {
  // `name` became `title`, and another field took its name; `note` went away.
  const [id, name, note] = before.fields
  if (!id || !name || !note) throw new Error('Three fields.')
  const fields = [id, { ...name, name: 'title' }, { ...note, id: 4, name: 'name' }]
  const after = { ...before, fields, sourceOrder: [1, 2, 4] }
  expect(
    compareFields(
      { schema: before, fields: { id: '1', name: 'a', note: 'b' } },
      { schema: after, fields: { id: '1', title: 'a', name: 'x' } },
    ),
  ).toEqual({ shared: [], single: ['name', 'note'] })
})
