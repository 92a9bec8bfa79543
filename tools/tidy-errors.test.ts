import { expect, test } from 'vitest'
import { ROOMS } from '../rooms.ts'
import type { ErrorSpec } from '../src/stdx/app-error.ts'
import { readSources } from './project-files.ts'
import { loadRoomErrors } from './room-errors.ts'
import {
  findCodeProblems,
  findLostCauses,
  findTableProblems,
  findUndocumented,
} from './tidy-errors.ts'

/** Contracts: files that several implementations or rooms stand on. */
const CONTRACTS = [
  'src/connector/connector.ts',
  'src/store/object-store.ts',
  'src/segment/segment.ts',
  'src/timeline/entry.ts',
  'src/vault/vault.ts',
]

const sources = readSources('src').filter(({ path }) => !path.endsWith('.test.ts'))

test('every error table is complete and its codes belong to its room', async () => {
  expect(findTableProblems(await loadRoomErrors())).toEqual([])
})

test('every code thrown stands in its table, and every code in a table is thrown', async () => {
  expect(findCodeProblems(sources, await loadRoomErrors(), ROOMS)).toEqual([])
})

test('every exported name of a contract has a doc comment', () => {
  const contracts = sources.filter(({ path }) => CONTRACTS.includes(path))
  expect(contracts.length).toBeGreaterThan(3)
  expect(contracts.flatMap(findUndocumented)).toEqual([])
})

test('every failure that is translated keeps its cause', () => {
  expect(sources.flatMap(findLostCauses)).toEqual([])
})

test('findLostCauses() reports a catch that drops the cause', () => {
  const translate = (end: string) => ({
    path: 'x.ts',
    text: `try { a() } catch (error) {\n  if (b) { throw new AppError('a.b', f('c')${end}) }\n}`,
  })
  expect(findLostCauses(translate(''))).toHaveLength(1)
  expect(findLostCauses(translate(', {}'))).toHaveLength(1)
  expect(findLostCauses(translate(', {}, { cause: error }'))).toEqual([])
})

const good: ErrorSpec = {
  status: 500,
  exit: 1,
  retry: 'never',
  help: 'Do the one thing that mends it.',
}
const table = (errors: Record<string, ErrorSpec>) => new Map([['a', errors]])

test.each([
  ['the code of another room', { 'b.lost': good }],
  ['a code that is no words', { 'a.isLost': good }],
  ['an unknown exit', { 'a.lost': { ...good, exit: 3 } }],
  ['an odd status', { 'a.lost': { ...good, status: 200 } }],
  ['no help', { 'a.lost': { ...good, help: 'see log' } }],
])('findTableProblems() reports %s', (_, errors) => {
  expect(findTableProblems(table(errors))).toHaveLength(1)
})

const rooms = [
  { name: 'a', doors: [] },
  { name: 'b', doors: [] },
  { name: 'c', doors: ['a'] },
]
const throwing = (room: string) => ({
  path: `src/${room}/x.ts`,
  text: `throw new AppError(\n  'a.lost', 'Cannot find it')`,
})

test('findCodeProblems() reports a code that no table within reach has', () => {
  expect(findCodeProblems([throwing('a')], table({}), rooms)).toEqual([
    'src/a/x.ts throws a.lost, which no table within its reach has',
  ])
  expect(findCodeProblems([throwing('b')], table({ 'a.lost': good }), rooms)).toHaveLength(1)
})

test.each(['a', 'c'])('findCodeProblems() lets %s throw what the table of a has', (room) => {
  expect(findCodeProblems([throwing(room)], table({ 'a.lost': good }), rooms)).toEqual([])
})

test('findCodeProblems() reports a code that nobody throws', () => {
  const file = { path: 'src/a/errors.ts', text: `'a.lost': {}` }
  expect(findCodeProblems([file], table({ 'a.lost': good }), rooms)).toHaveLength(1)
})

test('findUndocumented() reports an export without a comment', () => {
  const text = '/** Says it. */\nexport type A = 1\n\nexport type B = 2\n'
  expect(findUndocumented({ path: 'x.ts', text })).toEqual(['x.ts: B has no doc comment'])
})
