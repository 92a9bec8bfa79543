import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CaptureBody } from './entry.ts'
import { ExpiredPoints } from './expired-points.ts'
import { KnownSessions } from './known-sessions.ts'
import { PagedLog } from './paged-log.ts'
import { PointList, type SlotRecord } from './point-list.ts'
import { parsePointAddress, resolvePoint } from './resolve-point.ts'
import { aCaptureBody } from './testing/a-timeline.ts'
import { parseTimeNs } from './time-ns.ts'
import type { TimelineState } from './timeline-state.ts'

/** Points 2, 5 and 9 of erp, one a day; 5 by a clock that ran behind. */
function aState(change: Partial<TimelineState> = {}): TimelineState {
  const days = ['2026-06-28', '2026-06-27', '2026-06-30']
  const points = [2, 5, 9].map((seq, i) => {
    const identity = { system: 'here', database: 'erp' }
    const cut = { position: '1', time: `${days[i]}T12:00:00.000001Z`, identity }
    return { seq, time: cut.time, body: aCaptureBody(null, { cut }) }
  })
  return {
    source: 'erp',
    headSeq: 9,
    headHash: '',
    points: aList(points),
    gaps: [],
    expired: new ExpiredPoints(),
    basis: null,
    schemas: new Map(),
    segments: new Map(),
    replaced: new PagedLog(),
    sessions: new KnownSessions(),
    fenced: new Set(),
    repairs: new Map(),
    uncounted: [],
    incidents: [],
    damagedFrom: null,
    isUnsupported: false,
    unknownKinds: [],
    voids: [],
    ...change,
  }
}

function aList(points: readonly { seq: number; time: string; body: CaptureBody }[]): PointList {
  let log = new PagedLog<SlotRecord>()
  for (let seq = 0; seq < 10; seq++) {
    const point = points.find((one) => one.seq === seq)
    log = log.add({ hash: '', ...(point && { point }) })
  }
  return new PointList(log)
}

const resolve = (text: string, state = aState()) => resolvePoint(state, parsePointAddress(text)).seq

test.each([
  ['erp@12', { source: 'erp', kind: 'seq', seq: 12, transaction: null }],
  ['erp@12.5', { source: 'erp', kind: 'seq', seq: 12, transaction: 5 }],
  ['erp@latest', { source: 'erp', kind: 'latest' }],
  ['erp@live', { source: 'erp', kind: 'live' }],
  ['@live', { source: null, kind: 'live' }],
  ['erp@fy26-close', { source: 'erp', kind: 'label', label: 'fy26-close' }],
  ['@fy26-close', { source: null, kind: 'label', label: 'fy26-close' }],
  ['@2026-06-30T12:00:00Z', { source: null, kind: 'time', timeNs: 1782820800_000000000n }],
  ['e-1@2026-06-30T14:00+02:00', { source: 'e-1', kind: 'time', timeNs: 1782820800_000000000n }],
] as const)('parsePointAddress() reads %s', (text, expected) => {
  expect(parsePointAddress(text)).toEqual({ text, ...expected })
})

test.each([
  ['erp', 'such as erp@latest'],
  ['', 'such as erp@latest'],
  ['@', 'need a number'],
  ['erp@', 'need a number'],
  ['Erp@1', '"Erp" is no name of a source'],
  ['@12', 'only a time, a label or live'],
  ['@latest', 'only a time, a label or live'],
  ['erp@-1', 'need a number'],
  ['erp@01', 'need a number'],
  ['erp@1.2.3', 'need a number'],
  ['erp@2026-06-30T12:00:00', 'no zone, need 2026-06-30T12:00:00Z'],
  ['erp@2026-06-30', 'need a time such as'],
  ['erp@2026-02-30T12:00:00Z', 'need a time such as'],
  ['erp@2026-06-30T25:00:00Z', 'need a time such as'],
])('parsePointAddress() refuses %j and says what is wanted', (text, wanted) => {
  expect(() => parsePointAddress(text)).toThrow(
    expect.objectContaining({
      code: 'timeline.address-invalid',
      message: expect.stringContaining(wanted),
    }),
  )
})

test('parseTimeNs() agrees with Date and keeps what Date drops', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }), (date) => {
      const text = date.toISOString()
      expect(parseTimeNs(text)).toBe(BigInt(date.getTime()) * 1_000_000n)
      expect(parseTimeNs(text.replace('Z', '789Z'))).toBe(
        BigInt(date.getTime()) * 1_000_000n + 789_000n,
      )
    }),
  )
})

test('resolvePoint() finds a point by number, as its one transaction, and the latest', () => {
  expect(resolve('erp@5')).toBe(5)
  expect(resolve('erp@5.1')).toBe(5)
  expect(resolve('erp@latest')).toBe(9)
})

test('resolvePoint() takes the last point in commit order at or before a time', () => {
  expect(resolve('erp@2026-06-30T12:00:00.000001Z')).toBe(9)
  expect(resolve('erp@2026-06-30T12:00:00Z')).toBe(5)
  expect(resolve('erp@2026-06-28T12:00:01Z')).toBe(5)
  expect(resolve('erp@2026-06-28T11:00:00Z')).toBe(5)
  expect(resolve('erp@2036-06-28T11:00:00+09:00')).toBe(9)
})

test.each([
  ['erp@0', 'entry 0 is the genesis and no point, its neighbours are erp@2'],
  ['erp@4', 'entry 4 is no point, its neighbours are erp@2 and erp@5'],
  ['erp@10', 'the newest entry is 9, its neighbours are erp@9'],
  ['erp@5.2', 'point 5 is one transaction, need 5 or 5.1'],
  ['erp@close', 'no point is labelled "close"'],
  ['erp@live', 'that is the system itself'],
  ['erp@2020-01-01T00:00:00Z', 'the first point is erp@2 at 2026-06-28T12:00:00.000001Z'],
])('resolvePoint() says of %s that %s', (text, found) => {
  expect(() => resolve(text)).toThrow(
    expect.objectContaining({
      code: 'timeline.point-unknown',
      message: expect.stringContaining(found),
    }),
  )
})

test('resolvePoint() says that nothing was captured yet', () => {
  const empty = aState({ points: new PointList(), headSeq: 0 })
  expect(() => resolve('erp@latest', empty)).toThrow('nothing was captured yet')
  expect(() => resolve('erp@2026-06-30T12:00:00Z', empty)).toThrow('nothing was captured yet')
  expect(() => resolve('erp@1', empty)).toThrow('there is no point yet')
})

test('resolvePoint() gives points before a damage by number, and guesses nothing after it', () => {
  const incidents = [{ seq: 7, problem: 'Entry 7 is missing' }]
  const { points } = aState()
  const damaged = aState({ damagedFrom: 7, incidents, points: aList(points.slice(0, 2)) })
  expect(resolve('erp@5', damaged)).toBe(5)
  for (const text of ['erp@9', 'erp@latest', 'erp@2026-06-28T12:00:01Z']) {
    expect(() => resolve(text, damaged)).toThrow(
      expect.objectContaining({
        code: 'timeline.damaged',
        message: expect.stringContaining('entry 7 is missing'),
      }),
    )
  }
})
