import { expect, test } from 'vitest'
import type { DiffLine } from '../demo-report-model.ts'
import { groupChanges, listFieldChanges } from './group-changes.ts'

function anUpdate(before: DiffLine['before'], after: DiffLine['after']): DiffLine {
  return { entity: 'main.c', key: '1', op: 'update', before, after }
}

test('groupChanges() counts records by entity and op, then values by field', () => {
  const lines = [
    ...Array.from({ length: 3 }, () => anUpdate({ terms: 'NT30' }, { terms: 'NT90' })),
    anUpdate({ terms: 'NT14', note: 'same' }, { terms: 'NT90', note: 'same' }),
    { entity: 'main.c', key: '2', op: 'delete' as const, before: { terms: 'x' }, after: null },
  ]
  expect(groupChanges(lines)).toEqual([
    {
      entity: 'main.c',
      op: 'update',
      count: 4,
      fields: [
        {
          field: 'terms',
          count: 4,
          values: [
            { before: 'NT30', after: 'NT90', count: 3 },
            { before: 'NT14', after: 'NT90', count: 1 },
          ],
          after: { value: 'NT90' },
        },
      ],
    },
    { entity: 'main.c', op: 'delete', count: 1, fields: [] },
  ])
})

test('groupChanges() sums up values that are too many to tell apart', () => {
  const lines = Array.from({ length: 9 }, (_, i) => anUpdate({ id: String(i) }, { id: null }))
  expect(groupChanges(lines)[0]?.fields).toEqual([
    { field: 'id', count: 9, values: [], after: { value: null } },
  ])
})

test('listFieldChanges() tells null from an empty text and from a field that is not there', () => {
  const names = (line: DiffLine) => listFieldChanges(line).map(({ field }) => field)
  expect(names(anUpdate({ a: null, b: '' }, { a: '', b: '' }))).toEqual(['a'])
  expect(names(anUpdate({ __proto__: null, constructor: 'x' }, { constructor: 'y' }))).toEqual([
    'constructor',
  ])
})
