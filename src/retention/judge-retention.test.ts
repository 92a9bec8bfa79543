import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DatedPoint, RetentionPolicy } from './dated-point.ts'
import { PAUSE_MS } from './judge-clock.ts'
import { judgeRetention } from './judge-retention.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const YEAR_MS = 366 * DAY_MS
const BEGIN_MS = Date.UTC(2026, 0, 1, 2)

const POLICY: RetentionPolicy = {
  keepAllMs: 2 * DAY_MS,
  hourly: 0,
  daily: 7,
  weekly: 4,
  monthly: 6,
  yearly: 3,
  keepMin: 3,
}

/** Points whose both clocks say the same, unless `change` says otherwise. */
function aHistory(
  times: readonly number[],
  change: (point: DatedPoint) => DatedPoint = (point) => point,
): DatedPoint[] {
  return times.map((timeMs, i) =>
    change({ seq: i + 1, timeMs, storedMs: timeMs, isHeld: false, labels: [] }),
  )
}

const dailyFor = (days: number) => Array.from({ length: days }, (_, i) => BEGIN_MS + i * DAY_MS)

test('a year of daily points thins out to days, weeks, months', () => {
  const points = aHistory(dailyFor(365))
  const { expired, kept } = judgeRetention(points, POLICY)
  expect(kept.length + expired.length).toBe(365)
  const days = kept.map(({ seq }) =>
    new Date(points[seq - 1]?.timeMs ?? 0).toISOString().slice(0, 10),
  )
  expect(days).toEqual([
    '2026-07-31',
    '2026-08-31',
    '2026-09-30',
    '2026-10-31',
    '2026-11-30',
    '2026-12-13',
    '2026-12-20',
    ...['25', '26', '27', '28', '29', '30', '31'].map((day) => `2026-12-${day}`),
  ])
  expect(kept.at(-1)).toEqual({
    seq: 365,
    reasons: [
      'newest',
      'keepAll',
      'daily 1 of 7',
      'weekly 1 of 4',
      'monthly 1 of 6',
      'yearly 1 of 3',
    ],
  })
  expect(kept.at(-2)?.reasons).toEqual(['keepMin 2 of 3', 'keepAll', 'daily 2 of 7'])
})

test('of several points of a day the last stays, once the days of keepAll are over', () => {
  const times = dailyFor(10).flatMap((dayMs) => [dayMs, dayMs + HOUR_MS, dayMs + 2 * HOUR_MS])
  const { kept } = judgeRetention(aHistory(times), { ...POLICY, weekly: 0, monthly: 0, yearly: 0 })
  // Day 8 ends exactly as long before the newest point as keepAll is.
  expect(kept.map(({ seq }) => seq)).toEqual([12, 15, 18, 21, 24, 25, 26, 27, 28, 29, 30])
})

test('what is held or bears a label stays, whatever its age', () => {
  const points = aHistory(dailyFor(400), (point) => ({
    ...point,
    isHeld: point.seq === 5,
    labels: point.seq === 7 ? ['fy26-close'] : [],
  }))
  const { kept } = judgeRetention(points, POLICY)
  expect(kept.find(({ seq }) => seq === 5)?.reasons).toEqual(['held'])
  expect(kept.find(({ seq }) => seq === 7)?.reasons).toEqual(['label fy26-close'])
})

test('time that passes without points lets nothing go', () => {
  // Nothing is measured against now, and one point after a long pause proves no pause.
  const times = dailyFor(10)
  const before = judgeRetention(aHistory(times), POLICY).expired
  const after = judgeRetention(aHistory([...times, BEGIN_MS + 5 * YEAR_MS]), POLICY)
  expect(after.expired).toEqual(before)
  expect(after.kept.at(-1)?.reasons).toEqual(['newest', 'the pause before it is not proven'])
})

test('a pause that was one counts once points went on behind it', () => {
  const again = dailyFor(30).map((timeMs) => timeMs + YEAR_MS)
  const { kept } = judgeRetention(aHistory([...dailyFor(30), ...again]), POLICY)
  expect(kept.length).toBeLessThan(20)
  expect(kept.every(({ reasons }) => !reasons.includes('the pause before it is not proven'))).toBe(
    true,
  )
})

test('the clock of the store alone, or of the client alone, lets nothing go early', () => {
  const times = dailyFor(100)
  const right = new Set(judgeRetention(aHistory(times), POLICY).expired)
  // From day 60 on, months ahead and slowly, so that nothing looks like a jump.
  const drift = (timeMs: number, i: number) => timeMs + Math.max(0, i - 60) * 5 * DAY_MS
  for (const which of ['timeMs', 'storedMs'] as const) {
    const points = aHistory(times, (point) => ({
      ...point,
      [which]: drift(point.timeMs, point.seq),
    }))
    for (const seq of judgeRetention(points, POLICY).expired) expect(right).toContain(seq)
  }
})

test('a store that does not say when it stored an entry lets its point go never', () => {
  const points = aHistory(dailyFor(100), (point) =>
    point.seq === 3 ? { ...point, storedMs: Number.NaN } : point,
  )
  const { kept } = judgeRetention(points, POLICY)
  expect(kept.find(({ seq }) => seq === 3)?.reasons).toEqual([
    "its time is out of order, by the store's clock",
  ])
})

/** Points as backups make them: at most a week apart. */
const histories = fc
  .array(fc.integer({ min: 1, max: PAUSE_MS }), { minLength: 3, maxLength: 60 })
  .map((gaps) => {
    let timeMs = BEGIN_MS
    return gaps.map((gapMs) => {
      timeMs += gapMs
      return timeMs
    })
  })
const policies = fc.record({
  keepAllMs: fc.integer({ min: 0, max: 40 * DAY_MS }),
  hourly: fc.nat(10),
  daily: fc.nat(10),
  weekly: fc.nat(5),
  monthly: fc.nat(5),
  yearly: fc.nat(2),
  keepMin: fc.integer({ min: 1, max: 5 }),
})
const wrongBy = fc
  .tuple(fc.integer({ min: 2, max: 60 }), fc.constantFrom(-1, 1))
  .map(([years, sign]) => years * sign * YEAR_MS)

test('one point whose both clocks were wrong by years lets nothing go early', () => {
  fc.assert(
    fc.property(histories, policies, wrongBy, fc.nat(), (times, policy, byMs, pick) => {
      const right = new Set(judgeRetention(aHistory(times), policy).expired)
      const wrong = times.map((timeMs, i) => (i === pick % times.length ? timeMs + byMs : timeMs))
      for (const seq of judgeRetention(aHistory(wrong), policy).expired)
        expect(right).toContain(seq)
    }),
    { numRuns: 500 },
  )
})

test('a machine whose clock is wrong by years from some point on lets nothing go early', () => {
  fc.assert(
    fc.property(histories, policies, wrongBy, fc.nat(), (times, policy, byMs, pick) => {
      const from = pick % times.length
      const wrong = times.map((timeMs, i) => (i < from ? timeMs : timeMs + byMs))
      const newestMs = times.at(-1) ?? 0
      const { expired } = judgeRetention(aHistory(wrong), policy)
      for (const seq of expired) {
        expect(newestMs - (times[seq - 1] ?? 0)).toBeGreaterThanOrEqual(policy.keepAllMs)
        expect(times.length - seq).toBeGreaterThanOrEqual(policy.keepMin)
      }
      // Before the wrong clock has lasted, its points count as none.
      const lastsMs = Math.max(policy.keepAllMs, PAUSE_MS)
      const isNew = newestMs - (times[from] ?? 0) < lastsMs && times.length - from < from
      const right = new Set(judgeRetention(aHistory(times), policy).expired)
      if (isNew) for (const seq of expired) expect(right).toContain(seq)
    }),
    { numRuns: 500 },
  )
})

test('times at random let go what is neither newest nor held, and repeat themselves', () => {
  const anything = fc.array(
    fc.record({
      timeMs: fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.constant(Number.NaN)),
      storedMs: fc.integer({ min: 0, max: 4e12 }),
      isHeld: fc.boolean(),
      labels: fc.constantFrom([], ['a']),
    }),
    { minLength: 1, maxLength: 40 },
  )
  fc.assert(
    fc.property(anything, policies, (given, policy) => {
      const points = given.map((point, i) => ({ ...point, seq: i * 2 + 1 }))
      const verdict = judgeRetention(points, policy)
      const seqs = [...verdict.kept.map(({ seq }) => seq), ...verdict.expired]
      expect(seqs.sort((a, b) => a - b)).toEqual(points.map(({ seq }) => seq))
      expect(verdict.kept.every(({ reasons }) => reasons.length > 0)).toBe(true)
      for (const seq of verdict.expired) {
        const point = points.find((one) => one.seq === seq)
        expect([point?.isHeld, point?.labels]).toEqual([false, []])
      }
      expect(verdict.expired).not.toContain(points.at(-1)?.seq)
      expect(judgeRetention(points, policy)).toEqual(verdict)
    }),
  )
})
