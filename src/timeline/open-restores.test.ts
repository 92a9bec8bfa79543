import { expect, test } from 'vitest'
import type { BegunFact, RestoreFact } from './fold-facts.ts'
import { listOpenRestores } from './open-restores.ts'

const time = '2026-06-30T12:00:00.000Z'

function began(seq: number, restore: string, request = 'r', database = 'erp'): BegunFact {
  const identity = { system: 'here', database }
  const facts = { restore, plan: 'p', request, point: 'erp@1', target: 'staging' }
  return { seq, time, body: { kind: 'restore-begun', ...facts, identity, entities: [] } }
}

function ended(seq: number, restore: string, undoes?: string): RestoreFact {
  const counts = { inserted: 0, updated: 0, deleted: 0, verifiedRecords: 0, verifiedDifferent: 0 }
  const facts = { restore, plan: 'p', point: 'erp@1', target: 'staging', ...counts }
  return { seq, time, body: { kind: 'restore', ...facts, ...(undoes && { undoes }) } }
}

const openOf = (begun: readonly BegunFact[], restores: readonly RestoreFact[]) =>
  listOpenRestores({ begun, restores }).map(({ body }) => body.restore)

test('a restore is open until it ended', () => {
  expect(openOf([began(1, 'a')], [])).toEqual(['a'])
  expect(openOf([began(1, 'a')], [ended(2, 'a')])).toEqual([])
})

test('the same command settles it once it ended, another one and another system do not', () => {
  expect(openOf([began(1, 'a'), began(2, 'b')], [])).toEqual(['a', 'b'])
  expect(openOf([began(1, 'a'), began(2, 'b')], [ended(3, 'b')])).toEqual([])
  expect(openOf([began(1, 'a'), began(2, 'b', 'other')], [ended(3, 'b')])).toEqual(['a'])
  expect(openOf([began(1, 'a'), began(2, 'b', 'r', 'crm')], [ended(3, 'b')])).toEqual(['a'])
})

test('what ended before does not settle what began later', () => {
  expect(openOf([began(1, 'a'), began(3, 'b')], [ended(2, 'a')])).toEqual(['b'])
})

test('what was rolled back is not open, and settles nothing', () => {
  const refused = (fact: RestoreFact): RestoreFact => ({
    ...fact,
    body: { ...fact.body, rolledBack: true },
  })
  expect(openOf([began(1, 'a')], [refused(ended(2, 'a'))])).toEqual([])
  expect(openOf([began(1, 'a'), began(2, 'b')], [refused(ended(3, 'b'))])).toEqual(['a'])
  expect(openOf([began(1, 'a'), began(2, 'u', 'undo')], [refused(ended(3, 'u', 'a'))])).toEqual([
    'a',
  ])
})

test('undoing it settles it', () => {
  expect(openOf([began(1, 'a'), began(2, 'u', 'undo')], [ended(3, 'u', 'a')])).toEqual([])
})
