import { expect, test } from 'vitest'
import { toServerError } from './write-error.ts'

test('a trigger that refuses rows is no value without a place, and what it says is not told', () => {
  const nowhere = { schema: null, table: null, column: null, constraint: null }
  const server = { sqlState: 'P0001', text: 'Ada may not', ...nowhere }
  const error = toServerError(server, 'update "a"')
  expect(error).toMatchObject({ code: 'connector.constraint-violated' })
  expect(error.message).toBe('Cannot update "a": a trigger refuses the rows (SQLSTATE P0001)')
})
