import { expect, test } from 'vitest'
import { AppError } from '#stdx/app-error'
import { formatFailure, parseFailure } from './thread-messages.ts'

/** What another thread receives. */
function acrossThreads(error: unknown): Error {
  return parseFailure(structuredClone(formatFailure(error)))
}

test('an expected failure keeps its code, message and details between threads', () => {
  const details = { entity: 'public.customer', found: 3 }
  const error = new AppError('segment.row-invalid', 'Cannot read a row', details, {
    cause: new Error('below'),
  })
  const received = acrossThreads(error)
  expect(received).toBeInstanceOf(AppError)
  expect(received).toMatchObject({ code: error.code, message: error.message, details })
})

test('a fault keeps its message and says where it came from', () => {
  const received = acrossThreads(new RangeError('out of bounds'))
  expect(received).not.toBeInstanceOf(AppError)
  expect(received.message).toContain('out of bounds')
  expect(received.message).toContain('thread-messages.test.ts')
  expect(acrossThreads('thrown as text').message).toContain('thrown as text')
})
