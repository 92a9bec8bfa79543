import { expect, test } from 'vitest'
import { formatStage } from './progress.ts'

const stage = { label: 'customer', rowsTotal: 200, bytesTotal: undefined, startedAtMs: 0 }

test.each([
  [{ rows: 0, bytes: 0 }, 3000, 'customer: 3.0 s'],
  [{ rows: 1, bytes: 0 }, 500, 'customer: 1 of about 200 rows'],
  [
    { rows: 50, bytes: 5_000_000 },
    10_000,
    'customer: 50 of about 200 rows, 5.00 MB, 500 KB/s, 30.0 s left',
  ],
  [{ rows: 900, bytes: 0 }, 10_000, 'customer: 900 of about 200 rows'],
])('formatStage() with %j after %d ms', (done, nowMs, text) => {
  expect(formatStage({ ...stage, ...done }, nowMs)).toBe(text)
})
