import pg from 'pg'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { isChanging } from './pg-error.ts'

function serverError(sqlState: string, text: string): Error {
  const error = new pg.DatabaseError(text, text.length, 'error')
  return Object.assign(error, { code: sqlState, severity: 'ERROR' })
}

test.each([
  ['XX000', 'cache lookup failed for attribute 1 of relation 16491', true],
  ['XX000', 'could not open relation with OID 16491', true],
  ['42P01', 'relation "t" does not exist', true],
  ['42703', 'column "c" does not exist', true],
  ['42501', 'permission denied for table t', false],
  ['57P01', 'terminating connection due to administrator command', false],
])('isChanging() of SQLSTATE %s, %s: %s', (sqlState, text, expected) => {
  expect(isChanging(serverError(sqlState, text))).toBe(expected)
})

test('isChanging() of an answer without a definition', () => {
  const { error } = z.object({ definition: z.string() }).safeParse({ definition: null })
  expect(isChanging(error)).toBe(true)
})

test('isChanging() is not said of a bug', () => {
  expect(isChanging(new Error('cache lookup failed for attribute 1 of relation 16491'))).toBe(false)
})
