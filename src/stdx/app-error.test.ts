import { expect, test } from 'vitest'
import { AppError, isAppError } from './app-error.ts'

test('AppError keeps its code, details and cause', () => {
  const cause = new Error('ECONNREFUSED')
  const error = new AppError('store.unavailable', 'Cannot reach store', { url: 'x' }, { cause })
  expect(error).toMatchObject({ code: 'store.unavailable', details: { url: 'x' }, cause })
  expect(error).toBeInstanceOf(Error)
  expect(String(error)).toBe('AppError: Cannot reach store')
})

test('AppError does not see later changes of the details it was given', () => {
  const details = { rows: 1 }
  const error = new AppError('a.b', 'Cannot count', details)
  details.rows = 2
  expect(error.details).toEqual({ rows: 1 })
})

test('isAppError() tells codes apart and refuses other errors', () => {
  const error: unknown = new AppError('a.b', 'Cannot open vault')
  expect(isAppError(error)).toBe(true)
  expect(isAppError(error, 'a.b')).toBe(true)
  expect(isAppError(error, 'a.c')).toBe(false)
  expect(isAppError(new Error('a.b'))).toBe(false)
})
