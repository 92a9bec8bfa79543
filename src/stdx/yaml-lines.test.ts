import { expect, test } from 'vitest'
import { formatProblems, readYamlLines } from './yaml-lines.ts'

test('lineOf() finds values, keys, and the nearest thing around what is not there', () => {
  const { lineOf } = readYamlLines('a:\n  b: 1\n  c:\n    - 2\n    - 3\n')
  expect(lineOf(['a', 'b'])).toBe(2)
  expect(lineOf(['a', 'c', 1])).toBe(5)
  expect(lineOf(['a', 'c'], true)).toBe(3)
  expect(lineOf(['a', 'd'])).toBe(1)
})

test('formatProblems() sorts by line', () => {
  const { problems } = readYamlLines('a: 1\na: 2\n')
  expect(problems).toMatchObject([{ line: 2 }])
  const two = [...problems, { line: 1, problem: 'first' }]
  expect(formatProblems(two)).toMatch(/^found 2 problems\n {2}line 1: first\n {2}line 2: /)
})
