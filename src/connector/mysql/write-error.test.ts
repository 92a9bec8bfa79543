import { expect, test } from 'vitest'
import { toServerError } from './write-error.ts'

test('a trigger that refuses rows is no value without a place, and what it says is not told', () => {
  const error = toServerError({ errno: 1644, sqlState: '45000', text: 'Ada may not' }, 'update "a"')
  expect(error).toMatchObject({ code: 'connector.constraint-violated' })
  expect(error.message).toBe('Cannot update "a": a trigger refuses the rows (error 1644)')
})
