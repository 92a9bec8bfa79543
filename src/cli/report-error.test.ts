import { expect, test } from 'vitest'
import * as z from 'zod'
import { AppError } from '#stdx/app-error'
import { createPaint } from './paint.ts'
import { formatErrorLine, formatErrorReport, reportError } from './report-error.ts'

const table = {
  'store.full': { status: 507, exit: 1, retry: 'after-fix', help: 'Make room.' },
} as const
const plain = { paint: createPaint(false), isDebug: false }

test('formatErrorReport() says what happened, its code, why and what to do', () => {
  const cause = new Error('ENOSPC on postgres://ann:s3cret@db/x?password=s3cret')
  const error = new AppError('store.full', 'Cannot write "a": no space', {}, { cause })
  const text = formatErrorReport(reportError(error, table), plain)
  expect(text).toBe(
    'error: Cannot write "a": no space (store.full)\n' +
      '  because: ENOSPC on postgres://ann:[secret]@db/x?password=[secret]\n' +
      'What to do: Make room.\n',
  )
})

test('reportError() takes anything else for a bug, its stack only for debugging', () => {
  const report = reportError(new TypeError('x is undefined'), table)
  expect(report).toMatchObject({ code: 'internal', exit: 1 })
  expect(formatErrorReport(report, plain)).not.toContain('report-error.test')
  expect(formatErrorReport(report, { ...plain, isDebug: true })).toContain('report-error.test')
  expect(JSON.parse(formatErrorLine(report, false))).not.toHaveProperty('stack')
})

test('formatErrorReport() keeps lines that are there to be copied free of its own', () => {
  const error = new AppError('store.full', 'Cannot read:\n  GRANT SELECT;')
  expect(formatErrorReport(reportError(error, table), plain)).toBe(
    'error: Cannot read: (store.full)\n  GRANT SELECT;\nWhat to do: Make room.\n',
  )
})

test('formatErrorReport() lets nobody move the cursor', () => {
  const error = new AppError('store.full', 'Cannot write "\u001b[2J\u202e"')
  expect(formatErrorReport(reportError(error, table), plain)).toContain('"\\u001b[2J\\u202e"')
})

test('reportError() tells a failed schema check in a line', () => {
  const cause = z.object({ a: z.object({ b: z.string() }) }).safeParse({ a: {} }).error
  const error = new AppError('store.full', 'Cannot', {}, { cause })
  expect(reportError(error, table).causes).toEqual([
    'a.b: Invalid input: expected string, received undefined',
  ])
})

test('reportError() ends even when causes form a ring', () => {
  const error = new Error('a')
  error.cause = error
  expect(reportError(error, table).causes).toHaveLength(5)
})
