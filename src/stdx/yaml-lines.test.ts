import { expect, test } from 'vitest'
import { formatProblems, readYamlLines } from './yaml-lines.ts'

test('lineOf() finds values, keys, and the nearest thing around what is not there', () => {
  const { lineOf } = readYamlLines('a:\n  b: 1\n  c:\n    - 2\n    - 3\n')
  expect(lineOf(['a', 'b'])).toBe(2)
  expect(lineOf(['a', 'c', 1])).toBe(5)
  expect(lineOf(['a', 'c'], true)).toBe(3)
  expect(lineOf(['a', 'd'])).toBe(1)
})

test('a key that would be lost is a problem, wherever it stands', () => {
  const { problems } = readYamlLines(
    'a:\n  values: { D: DE, __proto__: X }\n"__proto__": 1\nb: __proto__\n',
  )
  expect(problems).toEqual([
    { line: 2, problem: '"__proto__" cannot be a key' },
    { line: 3, problem: '"__proto__" cannot be a key' },
  ])
})

test('formatProblems() sorts by line', () => {
  const { problems } = readYamlLines('a: 1\na: 2\n')
  expect(problems).toMatchObject([{ line: 2 }])
  const two = [...problems, { line: 1, problem: 'first' }]
  expect(formatProblems(two)).toMatch(/^found 2 problems\n {2}line 1: first\n {2}line 2: /)
})
