import { expect, test } from 'vitest'
import { parseTableDefinition } from './definition.ts'

test('a column is not known because every object has something of its name', () => {
  const { charsets, types } = parseTableDefinition({ types: { constructor: 'int(11)' } })
  expect(types['constructor']).toBe('int(11)')
  expect(types['toString']).toBeUndefined()
  expect(charsets['constructor']).toBeUndefined()
})
