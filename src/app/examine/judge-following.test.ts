import { expect, test } from 'vitest'
import type { FeedHealth } from '#connector/feed'
import { type FollowingFacts, judgeCanary, judgeFollowing } from './judge-following.ts'

const SOUND: FeedHealth = {
  state: 'safe',
  isOpen: true,
  acknowledged: '0/1A2B3C',
  retainedBytes: 2_000_000,
  leftBytes: 48_000_000,
  retainedBytesMax: 50_000_000,
  advice: null,
}
const FACTS: FollowingFacts = {
  source: 'erp',
  feed: 'holdfast_erp',
  isWanted: true,
  isBegun: true,
  health: SOUND,
  known: { time: '2026-06-30T12:00:00Z', now: '2026-06-30T12:00:10Z' },
  heartbeatMs: 300_000,
}

const judge = (health: Partial<FeedHealth>, facts: Partial<FollowingFacts> = {}) =>
  judgeFollowing({ ...FACTS, ...facts, health: { ...SOUND, ...health } })
const bad = (...given: Parameters<typeof judge>) =>
  judge(...given).filter(({ verdict }) => verdict === 'bad')

test('judgeFollowing() says up to when a source is known that is followed and sound', () => {
  expect(judge({})).toEqual([
    {
      check: 'following erp',
      verdict: 'good',
      found:
        'followed, known up to 2026-06-30T12:00:00Z; 2 MB kept of at most 50 MB, 48 MB until it is given up',
      fix: '',
    },
    {
      check: 'log kept by erp',
      verdict: 'good',
      found: '2 MB kept of at most 50 MB, 48 MB until it is given up',
      fix: '',
    },
  ])
})

test('judgeFollowing() warns of what stays behind when nobody follows', () => {
  const [finding] = bad({ isOpen: false })
  expect(finding?.found).toContain('nobody follows it')
  expect(finding?.fix).toContain('holdfast follow erp --drop')
  const [left] = bad({ isOpen: false }, { isWanted: false })
  expect(left?.found).toContain('keeps its log for the feed holdfast_erp')
  expect(judge({}, { isWanted: false })).toEqual([])
  // A server that keeps its log for nobody in particular.
  expect(judge({ isOpen: false, acknowledged: null }, { isWanted: false })).toEqual([])
})

test('judgeFollowing() gives the very setting where nothing bounds the log that is kept', () => {
  const advice = "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();"
  const findings = bad({ retainedBytesMax: null, leftBytes: null, advice })
  expect(findings).toMatchObject([{ check: 'log kept by erp', fix: advice }])
})

test.each([
  ['endangered', 48_000_000, 1],
  ['stretched', 1_000_000, 1],
  ['stretched', 48_000_000, 0],
  ['safe', 1_000_000, 0],
] as const)('judgeFollowing() of %s with %i bytes left: %i findings', (state, leftBytes, count) => {
  expect(bad({ state, leftBytes })).toHaveLength(count)
})

test('judgeFollowing() asks to begin anew at once where something cannot be told any more', () => {
  expect(bad({ state: 'given-up' })).toMatchObject([{ fix: expect.stringContaining('now') }])
  expect(bad({ state: 'missing' })).toHaveLength(1)
  expect(judge({ state: 'missing' }, { isBegun: false })).toMatchObject([{ verdict: 'skipped' }])
})

test('judgeFollowing() notices a follower that does not keep up', () => {
  const known = { time: '2026-06-30T12:00:00Z', now: '2026-06-30T12:20:00Z' }
  expect(bad({}, { known })).toMatchObject([
    { found: 'followed, but only known up to 2026-06-30T12:00:00Z' },
  ])
})

test.each([
  [null, 'bad'],
  ['2026-06-30T12:00:00Z', 'good'],
  ['2026-06-30T11:58:31Z', 'good'],
  ['2026-06-30T11:58:29Z', 'bad'],
] as const)('judgeCanary() of one that came through at %s is %s', (arrived, verdict) => {
  const times = { everyMs: 30_000, lateMs: 60_000, nowMs: Date.parse('2026-06-30T12:00:00Z') }
  const facts = { source: 'erp', table: 'public.holdfast_canary', arrived, ...times }
  expect(judgeCanary(facts).verdict).toBe(verdict)
})
