import { expect, test } from 'vitest'
import type { FeedHealth } from '#connector/feed'
import type { Clock } from '#stdx/clock'
import type { FollowEvent } from '../follow-sources.ts'
import { parseMetrics } from '../testing/parse-metrics.ts'
import { FollowMetrics } from './follow-metrics.ts'

const COMMITTED: FollowEvent = {
  kind: 'committed',
  seq: 7,
  transactions: 3,
  changes: 40,
  position: '0/1@1',
  time: '2026-06-30T12:00:00.250000Z',
  bytesStored: 1000,
  lagMs: 1250,
}
const OPENED: FollowEvent = {
  kind: 'opened',
  seq: 1,
  position: '0/0@1',
  time: '2026-06-30T11:00:00Z',
}
const CLOCK: Pick<Clock, 'nowMs'> = { nowMs: () => Date.UTC(2026, 5, 30, 14) }
const HEALTH: FeedHealth = {
  state: 'safe',
  isOpen: true,
  acknowledged: '0/1',
  retainedBytes: 5000,
  leftBytes: null,
  retainedBytesMax: null,
  advice: null,
}

function valuesOf(metrics: FollowMetrics, source = 'erp'): Record<string, number> {
  const own = parseMetrics(metrics.format()).filter(({ labels }) => labels['source'] === source)
  return Object.fromEntries(own.map(({ name, value }) => [name.replace('holdfast_', ''), value]))
}

test('FollowMetrics counts what followers tell, source by source', () => {
  const metrics = new FollowMetrics(['erp', 'crm'], CLOCK)
  metrics.take('erp', OPENED)
  metrics.take('erp', COMMITTED)
  metrics.take('erp', { ...COMMITTED, time: '2026-06-30T11:59:59Z', lagMs: null })
  metrics.take('erp', { kind: 'waiting', error: new Error('gone'), delayMs: 500 })
  const gap = { reason: 'connector.feed-missing', found: 'it is gone', remedy: [] }
  metrics.take('erp', { kind: 'gap', seq: 8, entities: null, ...gap })
  expect(valuesOf(metrics)).toEqual({
    follow_up: 0,
    follow_lag_seconds: 1.25,
    follow_known_timestamp_seconds: Date.parse('2026-06-30T12:00:00.250Z') / 1000,
    follow_transactions_total: 6,
    follow_changes_total: 80,
    follow_commits_total: 2,
    follow_stored_bytes_total: 2000,
    follow_scans_total: 0,
    follow_reconnects_total: 1,
    follow_gaps_total: 1,
    follow_repairs_total: 0,
  })
  expect(valuesOf(metrics, 'crm')).toMatchObject({ follow_up: 0, follow_commits_total: 0 })
})

test('FollowMetrics shows no bound where there is none, and nothing where it is not known', () => {
  const metrics = new FollowMetrics(['erp'], CLOCK)
  metrics.takeHealth('erp', HEALTH)
  expect(valuesOf(metrics)).toMatchObject({ source_retained_log_bytes: 5000 })
  expect(valuesOf(metrics)).not.toHaveProperty('source_log_left_bytes')
  metrics.takeHealth('erp', { ...HEALTH, leftBytes: 70, retainedBytesMax: 100, state: 'given-up' })
  expect(valuesOf(metrics)).toMatchObject({
    source_log_left_bytes: 70,
    source_retained_log_max_bytes: 100,
    source_feed_lost: 1,
  })
  metrics.takeHealth('erp', undefined)
  expect(valuesOf(metrics)).not.toHaveProperty('source_retained_log_bytes')
})

test('FollowMetrics knows a source up to now that has committed nothing since', () => {
  const metrics = new FollowMetrics(['erp'], CLOCK)
  expect(metrics.positionOf('erp')).toBeUndefined()
  metrics.take('erp', COMMITTED)
  expect(metrics.positionOf('erp')).toBe('0/1@1')
  metrics.takeQuiet('erp', '2026-06-30T13:00:00Z')
  const known = Date.parse('2026-06-30T13:00:00Z') / 1000
  expect(valuesOf(metrics)).toMatchObject({ follow_known_timestamp_seconds: known })
})

test('FollowMetrics knows up to when as soon as the feed is open, also when nothing comes', () => {
  const metrics = new FollowMetrics(['erp'], CLOCK)
  metrics.take('erp', OPENED)
  expect(metrics.positionOf('erp')).toBe('0/0@1')
  const known = Date.parse('2026-06-30T11:00:00Z') / 1000
  expect(valuesOf(metrics)).toMatchObject({ follow_up: 1, follow_known_timestamp_seconds: known })
})

test('FollowMetrics lets no source that dates a transaction in the future hide what comes', () => {
  const metrics = new FollowMetrics(['erp'], CLOCK)
  metrics.take('erp', { ...COMMITTED, time: '2031-01-01T00:00:00Z' })
  const nowSeconds = CLOCK.nowMs() / 1000
  expect(valuesOf(metrics)).toMatchObject({ follow_known_timestamp_seconds: nowSeconds })
})

test('FollowMetrics calls no feed lost that has not begun, nor one that begins anew', () => {
  const metrics = new FollowMetrics(['erp'], CLOCK)
  metrics.takeHealth('erp', { ...HEALTH, state: 'missing' })
  expect(valuesOf(metrics)).toMatchObject({ source_feed_lost: 0 })
  metrics.take('erp', OPENED)
  metrics.takeHealth('erp', { ...HEALTH, state: 'missing' })
  expect(valuesOf(metrics)).toMatchObject({ source_feed_lost: 1 })
  metrics.take('erp', OPENED)
  expect(valuesOf(metrics)).toMatchObject({ source_feed_lost: 0 })
})

test.each([
  'x 1',
  '# TYPE a gauge\na{source="b"} 1\n',
  '# HELP a b\n# TYPE a counter\na{source="b"} 1\n',
  '# HELP a_ms b\n# TYPE a_ms gauge\na_ms{source="b"} 1\n',
  '# HELP a b\n# TYPE a gauge\na{source="b"} NaN\n',
  '# HELP a b\n# TYPE a gauge\na{source="b"} 1\na{source="b"} 2\n',
  '# HELP a b\n# TYPE a gauge\na{source=b} 1\n',
])('parseMetrics() refuses %j', (text) => {
  expect(() => parseMetrics(text)).toThrow()
})
