import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { ExpiredPoints } from '#timeline/expired-points'
import {
  cutSteps,
  type GenerationRuns,
  isWorthCounting,
  planMerge,
  planRewrite,
  type Run,
} from './plan-compaction.ts'

const MB = 1_000_000

function aRun(change: Partial<Run>): Run {
  const { seqMin = 1 } = change
  return {
    segments: [],
    bytes: MB,
    versionCount: 10,
    seqMin,
    seqMax: seqMin,
    addedBy: seqMin,
    ...change,
  }
}

function expiredBy(gone: readonly (readonly [number, number])[]): ExpiredPoints {
  return gone.reduce((all, [point, by]) => all.add([point], by), new ExpiredPoints())
}

function aGeneration(change: Partial<GenerationRuns>): GenerationRuns {
  const { points = [1], runs = [] } = change
  return {
    entity: 'public.customer' as EntityName,
    generation: 1,
    runs,
    points,
    firstRowCount: 100,
    expired: expiredBy([]),
    newestSeq: points.at(-1) ?? 0,
    ...change,
  }
}

/** Lets days of one size go by over a base, and merges what is planned every day. */
function simulateDays(days: number, baseBytes: number, sizeOf: (day: number) => number) {
  let runs = [aRun({ seqMin: 1, bytes: baseBytes })]
  let written = 0
  let added = 0
  let most = 0
  for (let day = 2; day <= days; day++) {
    const bytes = sizeOf(day)
    added += bytes
    runs.push(aRun({ seqMin: day, bytes }))
    for (;;) {
      const merge = planMerge(aGeneration({ runs }))
      if (merge === undefined) break
      const out = aRun({
        bytes: merge.runs.reduce((sum, run) => sum + run.bytes, 0),
        seqMin: Math.min(...merge.runs.map(({ seqMin }) => seqMin)),
        seqMax: Math.max(...merge.runs.map(({ seqMax }) => seqMax)),
      })
      written += out.bytes
      runs = [...runs.filter((run) => !merge.runs.includes(run)), out]
      runs.sort((a, b) => a.seqMax - b.seqMax)
    }
    most = Math.max(most, runs.length)
  }
  return { runs, most, amplification: (added + written) / added }
}

test('planMerge() finds what to merge among the runs of days of following', () => {
  const runs = Array.from({ length: 200_000 }, (_, i) => aRun({ seqMin: i + 1, bytes: 10_000 }))
  const merge = planMerge(aGeneration({ runs }))
  expect(merge?.runs.length).toBeGreaterThan(8)
  expect(merge?.kept.outsideSeqMin).toBe((merge?.runs.at(-1)?.seqMin ?? 0) + 1)
})

test.each([
  ['a hundredth of the base a day', 114 * MB, () => 1.3 * MB],
  ['a thousandth of it', 114 * MB, () => 0.13 * MB],
  ['a tenth of a permille', 1_140 * MB, () => 0.13 * MB],
])('two years of %s stay few runs and are written few times', (_, baseBytes, sizeOf) => {
  const { amplification, most } = simulateDays(730, baseBytes, sizeOf)
  expect(amplification).toBeLessThan(3.7)
  expect(most).toBeLessThan(120)
})

test('sizes that come and go do not keep runs from being merged', () => {
  const { most } = simulateDays(730, 1_140 * MB, (day) => (day % 2 === 0 ? 0.1 : 0.9) * MB)
  expect(most).toBeLessThan(80)
  expect(simulateDays(400, 114 * MB, (day) => (day % 10 === 0 ? 30 : 0.01) * MB).most).toBeLessThan(
    500,
  )
})

test('runs that are merged are neighbours in time', () => {
  const small = [3, 4, 5, 6, 7, 8, 9, 10].map((seqMin) => aRun({ seqMin }))
  const large = aRun({ seqMin: 2, bytes: 10 * MB })
  const runs = [aRun({ seqMin: 1, bytes: 100 * MB }), large, ...small]
  const merge = planMerge(aGeneration({ runs }))
  expect(merge?.runs).toEqual(small)
  expect(merge?.kept.outsideSeqMin).toBe(1)
})

test('seven runs stay as they are', () => {
  const runs = [1, 2, 3, 4, 5, 6, 7].map((seqMin) => aRun({ seqMin }))
  expect(planMerge(aGeneration({ runs }))).toBeUndefined()
})

test('a generation that no kept point holds goes whole', () => {
  const runs = [aRun({}), aRun({ seqMin: 2, bytes: 100 * MB })]
  expect(planMerge(aGeneration({ runs, points: [] }))).toMatchObject({ reason: 'unseen', runs })
})

test('nothing is counted before a point was let go', () => {
  const runs = [aRun({ versionCount: 100 }), aRun({ seqMin: 2, versionCount: 90 })]
  const points = [2]
  expect(isWorthCounting(aGeneration({ runs, points }))).toBe(false)
  expect(isWorthCounting(aGeneration({ runs, points, expired: expiredBy([[1, 3]]) }))).toBe(true)
})

test('a run that was written since the point went is not counted again', () => {
  const base = aRun({ seqMin: 1, seqMax: 8, versionCount: 190, addedBy: 10 })
  const one = aGeneration({ runs: [base], points: [5, 8], expired: expiredBy([[3, 9]]) })
  expect(isWorthCounting(one)).toBe(false)
  expect(isWorthCounting({ ...one, expired: expiredBy([[3, 11]]) })).toBe(true)
})

test('a window that rolls on is not counted every day', () => {
  // Days of a hundredth; ten are kept; the base was written when point 20 was the first.
  const base = aRun({ seqMin: 1, seqMax: 20, versionCount: 1000, addedBy: 31 })
  const days = (count: number) =>
    Array.from({ length: 10 + count }, (_, i) => aRun({ seqMin: 21 + i, versionCount: 10 }))
  const after = (count: number) => {
    const points = Array.from({ length: 10 }, (_, i) => 20 + count + i)
    const gone = Array.from({ length: count }, (_, i) => [20 + i, 32 + i] as const)
    const runs = [base, ...days(count)]
    return aGeneration({ runs, points, firstRowCount: 1000, expired: expiredBy(gone) })
  }
  const counted = [1, 5, 10, 12, 20, 30].map((count) => isWorthCounting(after(count)))
  expect(counted).toEqual([false, false, false, false, true, true])
})

test('a rewrite takes the runs up to the last that loses much, and leaves the newer ones', () => {
  const runs = [1, 2, 3, 4].map((seqMin) => aRun({ seqMin, versionCount: 100 }))
  const one = aGeneration({ runs, points: [2, 3, 4], expired: expiredBy([[1, 5]]) })
  expect(planRewrite(one, [60, 0, 0, 0])).toMatchObject({
    reason: 'expired',
    runs: runs.slice(0, 2),
  })
  expect(planRewrite(one, [40, 0, 0, 0])).toBeUndefined()
  expect(planRewrite(one, [30, 0, 30, 0])?.runs).toEqual(runs)
})

test('small merges share an entry, but never two of one generation', () => {
  const of = (generation: number, bytes = MB) => {
    const runs = [aRun({ bytes })]
    const merge = planMerge(aGeneration({ generation, runs, points: [] }))
    return merge === undefined ? [] : [merge]
  }
  const steps = cutSteps([...of(1), ...of(2), ...of(2), ...of(3, 90 * MB), ...of(4)])
  expect(steps.map((step) => step.map(({ generation }) => generation))).toEqual([
    [1, 2],
    [2, 3],
    [4],
  ])
})
