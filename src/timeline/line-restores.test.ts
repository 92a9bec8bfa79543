import { expect, test } from 'vitest'
import type { BegunFact, RestoreFact } from './fold-facts.ts'
import { listLineRestores } from './line-restores.ts'

const time = '2026-06-30T12:00:00.000Z'
const identity = { system: 'here', database: 'erp' }

type Found = { readonly written?: string[]; readonly gone?: string[] }

function began(restore: string, lines = 1, { gone = [], written = [] }: Found = {}): BegunFact {
  const facts = { restore, plan: 'p', request: 'r', point: 'erp@1', target: 'staging' }
  const crosswalk = { lines, written, gone, parts: [] }
  return {
    seq: 1,
    time,
    body: { kind: 'restore-begun', ...facts, identity, entities: [], crosswalk },
  }
}

function ended(restore: string, more: { undoes?: string; rolledBack?: true } = {}): RestoreFact {
  const counts = { inserted: 0, updated: 0, deleted: 0, verifiedRecords: 0, verifiedDifferent: 0 }
  const facts = { restore, plan: 'p', point: 'erp@1', target: 'staging', ...counts }
  return { seq: 2, time, body: { kind: 'restore', ...facts, ...more } }
}

const statesOf = (begun: readonly BegunFact[], restores: readonly RestoreFact[]) =>
  Object.fromEntries(
    listLineRestores({ begun, restores }).map(({ begun: { body }, state }) => [
      body.restore,
      state,
    ]),
  )

test('lines count once their restore ended, and not where the target refused it', () => {
  const begun = [began('a'), began('b'), began('c'), began('none', 0)]
  const restores = [ended('a'), ended('b', { rolledBack: true }), ended('none')]
  expect(statesOf(begun, restores)).toEqual({ a: 'written', b: 'gone', c: 'open' })
})

test('undoing takes lines back, and undoing that gives them again', () => {
  const restores = [ended('a'), ended('u', { undoes: 'a' })]
  expect(statesOf([began('a')], restores)).toEqual({ a: 'undone' })
  expect(statesOf([began('a')], [...restores, ended('v', { undoes: 'u' })])).toEqual({
    a: 'written',
  })
  const refused = ended('u', { undoes: 'a', rolledBack: true })
  expect(statesOf([began('a')], [ended('a'), refused])).toEqual({ a: 'written' })
})

test('an interrupted restore is what a later one found of it, once that ended', () => {
  const later = began('b', 1, { written: ['a'] })
  expect(statesOf([began('a'), later], [])).toEqual({ a: 'open', b: 'open' })
  expect(statesOf([began('a'), later], [ended('b')])).toEqual({ a: 'written', b: 'written' })
  const refused = ended('b', { rolledBack: true })
  expect(statesOf([began('a'), later], [refused])).toEqual({ a: 'open', b: 'gone' })
  const without = began('b', 0, { gone: ['a'] })
  expect(statesOf([began('a'), without], [ended('b')])).toEqual({ a: 'gone' })
})

test('what a restore says of itself is worth more than what another found', () => {
  const later = began('b', 1, { gone: ['a'] })
  expect(statesOf([began('a'), later], [ended('b'), ended('a')])).toMatchObject({ a: 'written' })
})
