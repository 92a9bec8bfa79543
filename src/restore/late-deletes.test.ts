import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { aSchema } from '#segment/testing/segment-fixture'
import { type EntityChange, findLateDeletes } from './late-deletes.ts'

type Reference = { readonly to: string; readonly onDelete: string }

function aChange(
  name: string,
  update: number,
  references: readonly Reference[] = [],
): EntityChange {
  const entity = name as EntityName
  const foreignKeys = references.map(({ onDelete, to }) => ({
    name: `${name}_${to}`,
    fields: ['ref'],
    entity: to as EntityName,
    referencedFields: ['id'],
    onDelete,
    onUpdate: 'NO ACTION',
    isDeferrable: false,
  }))
  const step = {
    entity,
    action: 'repair',
    insert: 0,
    update,
    delete: 1,
    extra: 0,
    same: 0,
    otherTypes: [],
  } as const
  return { schema: { ...aSchema(), entity, foreignKeys }, step }
}

const lateOf = (...changes: EntityChange[]) => [...findLateDeletes(changes).keys()].sort()

test('findLateDeletes() lets rows go first unless an updated row would go with them', () => {
  const parent = aChange('parent', 0)
  const child = (update: number, onDelete: string) =>
    aChange('child', update, [{ to: 'parent', onDelete }])
  expect(lateOf(parent, child(1, 'CASCADE'))).toEqual(['parent'])
  expect(lateOf(parent, child(1, 'RESTRICT'))).toEqual(['parent'])
  expect(lateOf(parent, child(0, 'CASCADE'))).toEqual([])
  expect(lateOf(parent, child(1, 'NO ACTION'))).toEqual([])
})

test('findLateDeletes() lets what goes together go at the end, unless a unique value may be wanted', () => {
  const name = (i: number) => `main.t${i}` as EntityName
  const cycle = (uniqueFields: readonly string[]) =>
    [0, 1, 2].map((i) => {
      const to = { to: name((i + 2) % 3), onDelete: 'CASCADE' }
      return { ...aChange(name(i), i === 1 ? 1 : 0, [to]), uniqueFields }
    })
  expect(new Set(findLateDeletes(cycle([])).values())).toEqual(new Set(['last']))
  expect(findLateDeletes(cycle([])).size).toBe(3)
  expect([...findLateDeletes(cycle(['v'])).values()]).not.toContain('last')
})

test('findLateDeletes() keeps the order from referring to referred-to, and knows self references', () => {
  const grandparent = aChange('grandparent', 0)
  const parent = aChange('parent', 0, [{ to: 'grandparent', onDelete: 'NO ACTION' }])
  const child = aChange('child', 1, [{ to: 'parent', onDelete: 'SET NULL' }])
  expect(lateOf(grandparent, parent, child)).toEqual(['grandparent', 'parent'])
  expect(lateOf(aChange('node', 1, [{ to: 'node', onDelete: 'CASCADE' }]))).toEqual(['node'])
})

test('findLateDeletes() frees values before the updates of the same entity, where nothing waits for these', () => {
  const parent = aChange('parent', 1)
  const child = aChange('child', 1, [{ to: 'parent', onDelete: 'RESTRICT' }])
  expect(findLateDeletes([parent, child])).toEqual(new Map([['parent', 'after-referring']]))
  const node = aChange('node', 1, [
    { to: 'node', onDelete: 'CASCADE' },
    { to: 'parent', onDelete: 'NO ACTION' },
  ])
  expect([...findLateDeletes([parent, node])]).toContainEqual(['node', 'last'])
  const cyclic = aChange('parent', 1, [{ to: 'child', onDelete: 'RESTRICT' }])
  const both = findLateDeletes([cyclic, child])
  expect([...both]).toEqual([
    ['parent', 'last'],
    ['child', 'last'],
  ])
})
