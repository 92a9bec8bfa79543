import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AppError } from '#stdx/app-error'
import { judgeFailure, retryDelayMs, scanDelayMs } from './judge-failure.ts'

const judge = (code: `${string}.${string}`, attempt = 1, hasFollowed = true) =>
  judgeFailure(new AppError(code, 'Cannot'), { attempt, hasFollowed })

test.each([
  ['connector.feed-missing', 'hole'],
  ['connector.feed-invalidated', 'hole'],
  ['connector.feed-passed', 'hole'],
  ['connector.feed-rewound', 'hole'],
  ['connector.feed-diverged', 'hole'],
  ['connector.feed-broken', 'retry'],
  ['connector.feed-busy', 'retry'],
  ['connector.unreachable', 'retry'],
  ['store.unavailable', 'retry'],
  ['store.full', 'retry'],
  ['stdx.temporary-failed', 'retry'],
  ['vault.keys-changed', 'retry'],
  ['capture.conflict', 'reread'],
  ['connector.feed-other-source', 'fail'],
  ['connector.feed-not-ready', 'fail'],
  ['timeline.damaged', 'fail'],
  ['capture.unreadable', 'fail'],
] as const)('judgeFailure() of %s while following: %s', (code, verdict) => {
  expect(judge(code)).toBe(verdict)
  expect(judge(code, 3)).toBe(verdict)
})

test('judgeFailure() waits for ever while following, and not before', () => {
  expect(judge('connector.unreachable', 1000)).toBe('retry')
  expect(judge('connector.unreachable', 4, false)).toBe('retry')
  expect(judge('connector.unreachable', 5, false)).toBe('fail')
})

test('judgeFailure() lets whoever reads the feed already have it', () => {
  expect(judge('connector.feed-busy', 1, false)).toBe('fail')
  expect(judge('connector.denied', 1, false)).toBe('fail')
  expect(judge('store.full', 1, false)).toBe('fail')
})

test('judgeFailure() gives way to another writer a few times', () => {
  expect(judge('capture.conflict', 3)).toBe('reread')
  expect(judge('capture.conflict', 4)).toBe('fail')
})

test('judgeFailure() takes what the source cannot read itself for lost after a while', () => {
  for (const hasFollowed of [true, false]) {
    expect(judge('connector.feed-undecodable', 5, hasFollowed)).toBe('retry')
    expect(judge('connector.feed-undecodable', 6, hasFollowed)).toBe('hole')
  }
})

test('judgeFailure() passes a bug on', () => {
  expect(judgeFailure(new Error('a bug'), { attempt: 1, hasFollowed: true })).toBe('fail')
})

test('retryDelayMs() grows to a minute, and differs', () => {
  expect(retryDelayMs(1, 0)).toBe(250)
  expect(retryDelayMs(1, 1)).toBe(500)
  expect(retryDelayMs(4, 1)).toBe(4000)
  const attempt = fc.integer({ min: 1, max: 2000 })
  fc.assert(
    fc.property(attempt, fc.double({ min: 0, max: 1, noNaN: true }), (n, chance) => {
      const delayMs = retryDelayMs(n, chance)
      expect(delayMs).toBeGreaterThanOrEqual(250)
      expect(delayMs).toBeLessThanOrEqual(60_000)
      if (n > 10) expect(delayMs).toBeGreaterThanOrEqual(30_000)
    }),
  )
})

test('a scan that a change of a table upset is tried again soon, and then less and less often', () => {
  const upset = new AppError('connector.scan-failed', 'Cannot')
  const delays = [1, 2, 3, 20].map((attempt) => scanDelayMs(upset, attempt))
  expect(delays).toEqual([2000, 4000, 8000, 600_000])
  expect(scanDelayMs(new AppError('connector.denied', 'Cannot'), 1)).toBe(600_000)
})
