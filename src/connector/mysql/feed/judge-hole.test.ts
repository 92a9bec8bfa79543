import { expect, test } from 'vitest'
import { formatPosition, isUpTo, parseGtids, parsePosition } from './gtid-position.ts'
import { type HoleQuestion, judgeHole } from './judge-hole.ts'

const AFTER = '0-1-100,7-2-5 (binlog.000007:4711)'
const identity = { system: 'db:3306 (1)', database: 'shop' }

function judge(change: Partial<HoleQuestion> = {}, after = AFTER): string | undefined {
  return judgeHole({
    name: 'f',
    after: { position: after, identity },
    position: parsePosition(after),
    identity,
    files: ['000006', '000007', '000008'].map((number) => ({
      name: `binlog.${number}`,
      sizeBytes: 9999,
    })),
    end: parseGtids('0-1-300,7-2-9'),
    there: parseGtids('0-1-100,7-2-5'),
    ...change,
  })?.code
}

test('positions are written as they are read', () => {
  expect(formatPosition(parsePosition(AFTER))).toBe(AFTER)
  expect(formatPosition(parsePosition('my-bin.000001:328'))).toBe('my-bin.000001:328')
  expect(() => parsePosition('0/16B3748')).toThrow(/none of a feed of MariaDB/)
})

test('isUpTo() compares each stream by itself', () => {
  const upTo = (a: string, b: string) => isUpTo(parseGtids(a), parseGtids(b))
  expect(upTo('0-1-9', '0-2-10')).toBe(true)
  expect(upTo('0-1-9,7-1-1', '0-1-10')).toBe(false)
  expect(upTo('', '0-1-1')).toBe(true)
  expect(upTo('0-1-11', '0-1-10')).toBe(false)
})

test('judgeHole() goes on where the log is as it was', () => {
  expect(judge()).toBeUndefined()
  // The file went, and whether what lies behind it is there the server says itself.
  const later = [{ name: 'binlog.000008', sizeBytes: 1 }]
  expect(judge({ files: later, there: null })).toBeUndefined()
})

test.each<[string, string, Partial<HoleQuestion>]>([
  ['another system', 'connector.feed-other-source', { identity: { ...identity, system: 'other' } }],
  ['another database', 'connector.feed-other-source', { identity: { ...identity, database: 'b' } }],
  ['a log that ends before', 'connector.feed-rewound', { end: parseGtids('0-1-99,7-2-9') }],
  ['a stream that is not there', 'connector.feed-rewound', { end: parseGtids('0-1-300') }],
  [
    'files that begin anew',
    'connector.feed-rewound',
    { files: [{ name: 'binlog.000001', sizeBytes: 99999 }], there: null },
  ],
  ['other transactions before', 'connector.feed-diverged', { there: parseGtids('0-1-98,7-2-5') }],
  ['no event at the place', 'connector.feed-diverged', { there: null }],
  [
    'a file that is shorter',
    'connector.feed-diverged',
    { files: [{ name: 'binlog.000007', sizeBytes: 4000 }] },
  ],
])('judgeHole() refuses %s', (_, code, change) => {
  expect(judge(change)).toBe(code)
})

test('judgeHole() refuses a log that went where no transaction says how far it was read', () => {
  const files = [{ name: 'binlog.000003', sizeBytes: 9999 }]
  expect(judge({ files, there: null }, 'binlog.000001:328')).toBe('connector.feed-invalidated')
})
