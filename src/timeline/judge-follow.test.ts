import { expect, test } from 'vitest'
import type { CaptureBody, Follow, GapBody } from './entry.ts'
import { aFeedEntry, aScan, aSchema, FEED, nameOf } from './testing/a-feed.ts'
import { aCaptureBody, aTimelines } from './testing/a-timeline.ts'

const at = (second: number) => `2026-06-30T12:00:${String(second).padStart(2, '0')}Z`

/** A scan of three entities at entry 1, and what came after. */
async function afterScan(...bodies: readonly (CaptureBody | GapBody)[]) {
  const { append, begin, read } = aTimelines()
  const author = await begin('erp', 0)
  await append('erp', aScan(null, { a: 10, b: 20, c: 30 }, { time: at(0) }), author)
  for (const body of bodies) await append('erp', body, author)
  return await read('erp')
}

const first = aFeedEntry({
  base: 1,
  scan: 1,
  before: { a: 10 },
  done: [
    { time: at(1), changes: [['a', 2, 0, 0]] },
    { time: at(2), changes: [['a', 0, 1, 1]] },
  ],
})

test('a point that a feed told holds what the scan holds, and what was told since in its place', async () => {
  const second = aFeedEntry({
    base: 2,
    scan: 1,
    before: { a: 11, c: 30 },
    done: [{ time: at(3), changes: [['c', 0, 0, 5]] }],
  })
  const state = await afterScan(first, second)
  expect(state.incidents).toEqual([])
  const rows = state.points.map(({ entities }) => entities.map((one) => one.rows))
  expect(rows).toEqual([
    [10, 20, 30],
    [11, 20, 30],
    [11, 20, 25],
  ])
  const kinds = state.points.map(({ kind }) => kind)
  expect(kinds).toEqual(['capture', 'feed', 'feed'])
  const last = state.points.at(-1)
  expect(last?.entities.map((one) => one.fingerprint)).toEqual([null, 'f'.repeat(32), null])
  expect(last?.entities.map((one) => one.deleted)).toEqual([0, 0, 5])
  expect(last?.catalogue).toEqual({ definition: null, notRestored: [] })
})

test('a feed goes on from the newest scan behind a reconcile', async () => {
  const scan = aScan(2, { a: 11, b: 20, c: 30 }, { part: 'reconcile', time: at(4) })
  const done = [{ time: at(5), changes: [['b', 1, 0, 0]] as const }]
  const stale = aFeedEntry({ base: 3, scan: 1, before: { a: 11, b: 20 }, done })
  const next = aFeedEntry({ base: 3, scan: 3, before: { b: 20 }, done })
  const state = await afterScan(first, scan, stale, next)
  expect(state.incidents.map(({ seq }) => seq)).toEqual([4])
  expect(state.points.map(({ kind, seq }) => [seq, kind])).toEqual([
    [1, 'capture'],
    [2, 'feed'],
    [3, 'reconcile'],
    [5, 'feed'],
  ])
})

const follow = first.follow
type Transactions = NonNullable<Follow['transactions']>

function changed(change: Partial<CaptureBody>, told: Partial<Follow> = {}): CaptureBody {
  if (follow === undefined) throw new Error('It is a feed that tells it.')
  return { ...first, ...change, follow: { ...follow, ...told } }
}

function summed(change: Partial<Transactions>): CaptureBody {
  if (!follow?.transactions) throw new Error('It tells transactions.')
  return changed({}, { transactions: { ...follow.transactions, ...change } })
}

const [facts] = first.entities
const table = {
  name: 'segments/erp/s0/0.transactions' as never,
  sizeBytes: 1,
  sha256: '0'.repeat(64),
}

test.each<[string, CaptureBody, RegExp]>([
  ['another scan', changed({}, { scan: 7 }), /goes on from scan 7, the newest is 1/],
  ['no scan', changed({}, { scan: null }), /goes on from scan none/],
  ['another feed', changed({}, { feed: 'other' }), /feed "other" does not begin/],
  ['no transactions', changed({}, { transactions: null }), /tells no transactions/],
  ['a catalogue', changed({ catalogue: { definition: 1, notRestored: [] } }), /only a scan can/],
  ['left out', changed({ leftOut: [nameOf('c')] }), /only a scan can/],
  [
    'an unknown entity',
    changed({ entities: [{ ...facts, entity: nameOf('z') } as never] }),
    /does not hold "main.z"/,
  ],
  [
    'rows that do not add up',
    changed({ entities: [{ ...facts, rows: 12 } as never] }),
    /do not add up/,
  ],
  ['an entity twice', changed({ entities: [facts as never, facts as never] }), /twice/],
  [
    'a schema that is not there',
    changed({ entities: [{ ...facts, schema: 2 } as never] }),
    /schema version/,
  ],
  [
    'another generation',
    changed({ entities: [{ ...facts, generation: 2 } as never] }),
    /schema version/,
  ],
  [
    'a schema of what is not listed',
    changed({ schemas: [aSchema(nameOf('b'), 2)] }),
    /without listing/,
  ],
  ['too few transactions', summed({ count: 3 }), /2 transactions of 3/],
  ['sums that do not add up', summed({ inserted: 3 }), /do not add up/],
  ['an earlier earliest', summed({ earliest: at(0) }), /earliest/],
  ['neither list nor table', summed({ list: null }), /neither/],
  ['both list and table', summed({ table }), /neither/],
  ['a table of another session', summed({ list: null, table }), /none of its objects/],
])('a feed entry with %s does not count', async (_, body, found) => {
  const state = await afterScan(body)
  expect(state.points).toHaveLength(1)
  expect(state.incidents[0]?.problem).toMatch(found)
})

test('what was told before must not be forgotten', async () => {
  const forgetful = aFeedEntry({
    base: 2,
    scan: 1,
    before: { b: 20 },
    done: [{ time: at(3), changes: [['b', 1, 0, 0]] }],
  })
  const state = await afterScan(first, forgetful)
  expect(state.incidents[0]?.problem).toMatch(/it forgets "main.a"/)
})

test('a TRUNCATE counts all rows as deleted and begins a generation', async () => {
  const truncated = aFeedEntry({
    base: 1,
    scan: 1,
    before: { b: 20 },
    done: [{ time: at(1), changes: [['b', 3, 0, 20]] }],
  })
  const entities = truncated.entities.map((one) => ({ ...one, schema: 2, generation: 2 }))
  const schemas = [aSchema(nameOf('b'), 2)]
  const state = await afterScan({ ...truncated, entities, schemas })
  expect(state.incidents).toEqual([])
  expect(state.points.at(-1)?.entities[1]).toMatchObject({ generation: 2, rows: 3 })
})

test('a feed does not go on behind a capture that knows nothing of it', async () => {
  const scan = aScan(1, { a: 10 }, { part: null, time: at(1) })
  const next = aFeedEntry({ base: 2, scan: 2, before: {}, done: [], time: at(2) })
  const state = await afterScan(scan, next)
  expect(state.incidents[0]?.problem).toMatch(/does not begin at the newest point/)
})

test('a scan rests on no other', async () => {
  const scan = aScan(1, { a: 10 }, { time: at(1) })
  const resting = { ...scan, follow: { ...scan.follow, scan: 1 } as Follow }
  expect((await afterScan(resting)).incidents[0]?.problem).toMatch(/rests on no other scan/)
})

const GAP: GapBody = {
  kind: 'gap',
  feed: FEED,
  reason: 'connector.feed-missing',
  found: 'the slot is gone',
  entities: null,
}

test('behind a gap of everything a scan has to come first', async () => {
  const scan = aScan(1, { a: 11, b: 20, c: 30 }, { time: at(4) })
  const state = await afterScan(GAP, first, scan)
  expect(state.incidents.map(({ problem }) => problem)).toEqual([
    expect.stringMatching(/a scan has to come first/),
  ])
  expect(state.gaps).toMatchObject([{ seq: 2, after: 1, until: 4, entities: null }])
})

test('what a feed stopped telling is unproven until the next scan', async () => {
  const heartbeat = (base: number, before = {}) =>
    aFeedEntry({ base, scan: 1, before, done: [], time: at(base), notFollowed: [nameOf('b')] })
  const scan = aScan(4, { a: 11, b: 20, c: 30 }, { part: 'reconcile', time: at(6) })
  const gap = { ...GAP, entities: [nameOf('c')] }
  const state = await afterScan(heartbeat(1), gap, heartbeat(2), scan)
  const unproven = state.points.map((point) =>
    point.unproven instanceof Map ? [...point.unproven.keys()] : point.unproven,
  )
  expect(unproven).toEqual([null, [nameOf('b')], [nameOf('b'), nameOf('c')], null])
})

test('a gap before any point says nothing', async () => {
  const { append, begin, read } = aTimelines()
  const author = await begin('erp', 0)
  await append('erp', GAP, author)
  await append('erp', aCaptureBody(null), author)
  const state = await read('erp')
  expect(state.gaps).toEqual([])
  expect(state.incidents[0]?.problem).toMatch(/no point before it/)
})
