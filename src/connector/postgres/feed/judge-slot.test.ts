import { expect, test } from 'vitest'
import type { SlotFacts } from './feed-facts.ts'
import { readTimelineEnds } from './feed-session.ts'
import { judgeHealth } from './judge-health.ts'
import { judgeSlot, type SlotQuestion } from './judge-slot.ts'
import { formatPosition, formatTime, parsePosition, toServerTime } from './lsn.ts'

const identity = { system: '7', database: 'erp (16384)' }

function aSlot(changes: Partial<SlotFacts> = {}): SlotFacts {
  return {
    plugin: 'pgoutput',
    database: 'erp',
    isActive: false,
    walStatus: 'reserved',
    safeBytes: null,
    retainedBytes: 100,
    restartLsn: '0/100',
    confirmedLsn: '0/200',
    isTwoPhase: false,
    invalidation: null,
    endLsn: '1/0',
    ...changes,
  }
}

function judge(changes: Partial<SlotQuestion> = {}): string | undefined {
  const after = { position: '0/300@1', identity }
  const question = {
    name: 'f',
    after,
    identity,
    slot: aSlot(),
    timeline: 1,
    timelineEnds: new Map(),
  }
  return judgeSlot({ ...question, ...changes })?.code
}

test('judgeSlot() lets a feed go on that has everything behind the position', () => {
  expect(judge()).toBeUndefined()
  expect(judge({ slot: aSlot({ confirmedLsn: '0/300' }) })).toBeUndefined()
  expect(judge({ slot: aSlot({ endLsn: '0/300' }) })).toBeUndefined()
})

test.each<[string, Partial<SlotQuestion>]>([
  ['connector.feed-missing', { slot: undefined }],
  ['connector.feed-invalidated', { slot: aSlot({ walStatus: 'lost' }) }],
  ['connector.feed-invalidated', { slot: aSlot({ invalidation: 'wal_removed' }) }],
  ['connector.feed-invalidated', { slot: aSlot({ restartLsn: null }) }],
  ['connector.feed-passed', { slot: aSlot({ confirmedLsn: '0/301' }) }],
  ['connector.feed-rewound', { slot: aSlot({ endLsn: '0/250' }) }],
  ['connector.feed-exists', { slot: aSlot({ plugin: 'test_decoding' }) }],
  ['connector.feed-exists', { slot: aSlot({ isTwoPhase: true }) }],
  ['connector.feed-other-source', { identity: { ...identity, system: '8' } }],
  ['connector.feed-other-source', { identity: { ...identity, database: 'erp (2)' } }],
  ['connector.feed-diverged', { timeline: 2, timelineEnds: new Map([[1, 0x2ffn]]) }],
  ['connector.feed-diverged', { timeline: 2, timelineEnds: new Map() }],
])('judgeSlot() calls a hole %s', (code, changes) => {
  expect(judge(changes)).toBe(code)
})

test('judgeSlot() follows a standby that took over behind the position', () => {
  expect(judge({ timeline: 2, timelineEnds: new Map([[1, 0x300n]]) })).toBeUndefined()
})

test('readTimelineEnds() reads the history of a timeline', () => {
  const history = '1\t0/3000060\tno recovery target specified\n\n2\t16/B374D848\tafter a failover\n'
  expect(readTimelineEnds(history)).toEqual(
    new Map([
      [1, 0x3000060n],
      [2, 0x16b374d848n],
    ]),
  )
})

test('a position is read back as it was written, and nothing else is one', () => {
  const position = { lsn: 0x16b374d848n, timeline: 3 }
  expect(formatPosition(position)).toBe('16/B374D848@3')
  expect(parsePosition('16/B374D848@3')).toEqual(position)
  for (const text of ['16/B374D848', '0/0@0', 'x', '16/b374d848@1', '1/1@1 ']) {
    expect(() => parsePosition(text)).toThrow(
      expect.objectContaining({ code: 'connector.feed-unreadable' }),
    )
  }
})

test('formatTime() keeps microseconds', () => {
  expect(formatTime(0)).toBe('2000-01-01T00:00:00.000000Z')
  expect(formatTime(-1)).toBe('1999-12-31T23:59:59.999999Z')
  expect(formatTime(836_179_200_123_456)).toBe('2026-07-01T00:00:00.123456Z')
  expect(toServerTime(Date.UTC(2026, 6, 1))).toBe(836_179_200_000_000n)
})

test('judgeHealth() says what the slot costs and whether it is in danger', () => {
  expect(judgeHealth(undefined, null)).toMatchObject({ state: 'missing', retainedBytes: 0 })
  expect(judgeHealth(aSlot(), null)).toMatchObject({ state: 'safe', leftBytes: null })
  expect(judgeHealth(aSlot(), null).advice).toContain('max_slot_wal_keep_size')
  const bounded = aSlot({ walStatus: 'extended', safeBytes: 5000 })
  expect(judgeHealth(bounded, 9000)).toMatchObject({
    state: 'stretched',
    leftBytes: 5000,
    retainedBytesMax: 9000,
    advice: null,
  })
  expect(judgeHealth(aSlot({ walStatus: 'unreserved' }), 9000).state).toBe('endangered')
  expect(judgeHealth(aSlot({ walStatus: 'lost' }), 9000).state).toBe('given-up')
})
