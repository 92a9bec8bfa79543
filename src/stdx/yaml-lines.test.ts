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

test('aliases of nothing, of themselves and of far too much are problems with their lines', () => {
  expect(readYamlLines('a: &x [1]\nb: *x\nc: *y\nd: &z { e: *z }\n').problems).toEqual([
    { line: 3, problem: 'alias "*y" names nothing that stands before it' },
    { line: 4, problem: 'alias "*z" stands in what it names itself' },
  ])
  const tenTimes = (i: number) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]\n`
  const bomb = `a0: &a0 [1]\n${[0, 1, 2, 3, 4].map(tenTimes).join('')}`
  expect(readYamlLines(bomb).problems).toEqual([
    { line: 1, problem: 'its aliases stand for more than 2000 values; write them out' },
  ])
})

test('an alias may be used as often as a file has entities', () => {
  const yaml = readYamlLines(`a: &a [1]\nb: [${'*a, '.repeat(300)}]\n`)
  expect(yaml.problems).toEqual([])
  expect(yaml.toValue()).toEqual({ a: [1], b: Array.from({ length: 300 }, () => [1]) })
})

test('a second document in the file is a problem in words of a file', () => {
  expect(readYamlLines('a: 1\n---\nb: 2\n').problems).toEqual([
    { line: 2, problem: 'another document begins here (---), wanted one in a file' },
  ])
})

test('formatProblems() sorts by line', () => {
  const { problems } = readYamlLines('a: 1\na: 2\n')
  expect(problems).toMatchObject([{ line: 2 }])
  const two = [...problems, { line: 1, problem: 'first' }]
  expect(formatProblems(two)).toMatch(/^found 2 problems\n {2}line 1: first\n {2}line 2: /)
})
