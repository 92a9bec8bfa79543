import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CaptureBody, EntryBody } from './entry.ts'
import { foldTimeline } from './fold-timeline.ts'
import { formatPoint } from './format-point.ts'
import { SOURCE_FORM } from './kept-forms.ts'
import { KeptPages } from './kept-pages.ts'
import { locatePoint } from './locate-point.ts'
import { parsePointAddress } from './resolve-point.ts'
import { aFeedEntry, aScan, type Done, FEED, nameOf, type Rows } from './testing/a-feed.ts'
import { signal } from './testing/a-timeline.ts'
import type { TimelineState } from './timeline-state.ts'

const at = (second: number) => new Date(Date.UTC(2026, 5, 30, 12, 0, second)).toISOString()

const deps = {
  readTransactions: async (_: string, { follow }: CaptureBody) => follow?.transactions?.list ?? [],
}

function fold(bodies: readonly EntryBody[]): TimelineState {
  const all: EntryBody[] = [{ kind: 'genesis', source: 'erp' }, ...bodies]
  const entries = all.map((body, seq) => {
    const said = { source: 'erp', previous: null, voids: [], author: '', time: at(0) }
    return { ...said, seq, body }
  })
  return foldTimeline({ ...LINKS, entries, headSeq: entries.length - 1 })
}

const LINKS = {
  source: 'erp',
  headSeq: 0,
  headHash: '',
  authors: new Map(),
  incidents: [],
  damagedFrom: null,
  isUnsupported: false,
  unknownKinds: [],
  voids: [],
  rolledBack: null,
}

async function find(state: TimelineState, moment: string) {
  return await locatePoint(deps, state, parsePointAddress(`erp@${moment}`), signal)
}

async function tell(state: TimelineState, moment: string) {
  const point = await find(state, moment)
  const rows = Object.fromEntries(point.entities.map((one) => [one.entity, one.rows]))
  return { at: formatPoint('erp', point), rows }
}

/** Scan at second 10, transactions at 12, 11 and 14, scan at 20, a gap, a scan at 30. */
const LIFE: readonly EntryBody[] = [
  aScan(null, { a: 10, b: 5 }, { time: at(10) }),
  aFeedEntry({
    base: 1,
    scan: 1,
    before: { a: 10, b: 5 },
    done: [
      { time: at(12), changes: [['a', 1, 0, 0]] },
      { time: at(11), changes: [['b', 0, 2, 0]] },
      {
        time: at(14),
        changes: [
          ['a', 0, 0, 4],
          ['b', 1, 0, 0],
        ],
      },
    ],
  }),
  { kind: 'label', label: 'close', point: 2, ordinal: 2 },
  aScan(2, { a: 7, b: 6 }, { part: 'reconcile', time: at(20) }),
  {
    kind: 'gap',
    feed: FEED,
    reason: 'connector.feed-missing',
    found: 'it is gone',
    entities: null,
  },
  aScan(4, { a: 9, b: 6 }, { time: at(30) }),
]

test.each([
  ['1', 'erp@1', 10, 5],
  ['2', 'erp@2', 7, 6],
  ['2.1', 'erp@2.1', 11, 5],
  ['2.2', 'erp@2.2', 11, 5],
  ['2.3', 'erp@2.3', 7, 6],
  ['close', 'erp@2.2', 11, 5],
  ['latest', 'erp@6', 9, 6],
  [at(10), 'erp@1', 10, 5],
  // The last in the order of commits, whose time is before that of the one before it.
  [at(11), 'erp@2.2', 11, 5],
  [at(13), 'erp@2.2', 11, 5],
  [at(14), 'erp@2', 7, 6],
  [at(19), 'erp@2', 7, 6],
  [at(20), 'erp@4', 7, 6],
])('locatePoint() finds erp@%s', async (moment, address, a, b) => {
  const found = await tell(fold(LIFE), moment)
  expect(found).toEqual({ at: address, rows: { [nameOf('a')]: a, [nameOf('b')]: b } })
})

test('a point inside an entry says what its transactions did, and when', async () => {
  const state = fold(LIFE)
  const point = await find(state, '2.2')
  expect(point.cut).toMatchObject({ time: at(11), position: 'p2' })
  expect(point.transaction).toMatchObject({ ordinal: 2, transaction: 'x2' })
  expect(point.entities).toMatchObject([
    { inserted: 1, updated: 0, deleted: 0, fingerprint: null },
    { inserted: 0, updated: 2, deleted: 0, fingerprint: null },
  ])
  const [, untouched] = (await find(state, '2.1')).entities
  expect(untouched).toMatchObject({ inserted: 0, updated: 0, fingerprint: 'f'.repeat(32) })
  expect((await find(state, '2')).transaction).toBeNull()
})

test.each([
  ['2.4', 'point 2 has 3 transactions, need 2, or 2.1 to 2.3'],
  ['2.0', 'point 2 has 3 transactions'],
  ['4.2', 'point 4 is one transaction, need 4 or 4.1'],
  ['5', 'entry 5 is no point'],
])('locatePoint() says of erp@%s that %s', async (moment, found) => {
  await expect(find(fold(LIFE), moment)).rejects.toMatchObject({
    code: 'timeline.point-unknown',
    message: expect.stringContaining(found),
  })
})

test('a time in a gap is unproven, a time up to a cut is not', async () => {
  const state = fold(LIFE)
  expect((await find(state, at(20))).unproven).toBeNull()
  expect((await find(state, at(21))).unproven).toMatch(/entry 5 says: it is gone/)
  expect((await find(state, '4')).unproven).toBeNull()
  expect((await find(state, at(30))).unproven).toBeNull()
  expect((await find(state, at(40))).unproven).toBeNull()
})

test('what a reconcile put right is unproven since the scan before it, and nothing else', async () => {
  const rows = { a: 10, b: 5 }
  const told = (time: string) =>
    ({ before: rows, done: [{ time, changes: [['b', 0, 1, 0]] }] }) as const
  const state = fold([
    aScan(null, rows, { time: at(10) }),
    aFeedEntry({ base: 1, scan: 1, ...told(at(12)) }),
    aScan(2, rows, { part: 'reconcile', time: at(20) }),
    aFeedEntry({ base: 3, scan: 3, ...told(at(24)) }),
    aScan(4, { ...rows, c: 1 }, { part: 'reconcile', repaired: 'ac', time: at(30) }),
  ])
  const why = 'the feed had not told all that happened, the scan of entry 5 put it right'
  const unproven = new Map([[nameOf('a'), why]])
  for (const moment of ['1', '2', '2.1', '3', '5', at(10), at(13), at(20), at(30)]) {
    expect((await find(state, moment)).unproven, moment).toBeNull()
  }
  for (const moment of ['4', '4.1', at(21), at(29)]) {
    expect((await find(state, moment)).unproven, moment).toEqual(unproven)
  }
})

test('what nobody claimed to know was not lost when a reconcile changes it', async () => {
  const rows = { a: 10, b: 5 }
  const done = [{ time: at(12), changes: [['a', 1, 0, 0]] }] as const
  const state = fold([
    aScan(null, rows, { time: at(10) }),
    aFeedEntry({ base: 1, scan: 1, before: { a: 10 }, done, notFollowed: [nameOf('b')] }),
    aScan(2, { a: 11, b: 5 }, { part: 'reconcile', repaired: 'b', time: at(20) }),
    aScan(3, { a: 11, b: 5 }, { part: null, time: at(30) }),
    aScan(4, { a: 11, b: 5 }, { part: 'reconcile', repaired: 'a', time: at(40) }),
  ])
  expect(state.gaps).toEqual([])
  const { unproven } = await find(state, '2')
  expect(unproven).toEqual(
    new Map([[nameOf('b'), 'it is not followed, and was last read in entry 1']]),
  )
})

test('what is not followed is unproven behind the cut of its scan', async () => {
  const notFollowed = [nameOf('b')]
  const scan = aScan(null, { a: 10, b: 5 }, { time: at(10) })
  const begin = { ...scan, ...(scan.follow && { follow: { ...scan.follow, notFollowed } }) }
  const done = [{ time: at(12), changes: [['a', 1, 0, 0]] as const }]
  const told = aFeedEntry({ base: 1, scan: 1, before: { a: 10 }, done, notFollowed })
  const state = fold([begin, told])
  expect((await find(state, at(10))).unproven).toBeNull()
  for (const moment of [at(11), at(12), '2', '2.1']) {
    const { unproven } = await find(state, moment)
    expect(unproven).toEqual(
      new Map([[nameOf('b'), expect.stringMatching(/last read in entry 1/)]]),
    )
  }
})

type Step =
  | { readonly kind: 'scan'; readonly part: 'begin' | 'reconcile' | null; readonly second: number }
  | { readonly kind: 'feed'; readonly done: readonly Done[]; readonly idle: number | null }
  | { readonly kind: 'gap'; readonly letter: string | null }
  | { readonly kind: 'expire'; readonly at: number }

const second = fc.integer({ min: 0, max: 59 })
const change = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(9), fc.nat(9), fc.nat(2))
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('scan' as const),
    part: fc.constantFrom('begin' as const, 'reconcile' as const, null),
    second,
  }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('feed' as const),
      done: fc.array(
        fc.record({ time: second.map(at), changes: fc.array(change, { maxLength: 3 }) }),
        { maxLength: 4 },
      ),
      idle: fc.option(second),
    }),
  },
  fc.record({ kind: fc.constant('gap' as const), letter: fc.constantFrom(null, 'a', 'b') }),
  fc.record({ kind: fc.constant('expire' as const), at: fc.nat(20) }),
)

type Moment = { readonly at: string; readonly seq: number; readonly time: string; rows: Rows }

/** What points and transactions there should be, written down one by one. */
class Life {
  readonly bodies: EntryBody[] = [aScan(null, { a: 50, b: 60, c: 70 }, { time: at(0) })]
  moments: Moment[] = []
  readonly unprovenAt = new Map<number, ReadonlySet<string>>()
  #rows: Rows = { a: 50, b: 60, c: 70 }
  #newest = 1
  #scan = 1
  #basis: number | null = null
  #told = new Set<string>()
  #isBehindScan = true
  #unproven: ReadonlySet<string> = new Set()

  constructor(steps: readonly Step[]) {
    this.#add(1, at(0))
    this.unprovenAt.set(1, this.#unproven)
    for (const one of steps) {
      if (one.kind === 'gap') this.#lose(one.letter)
      else if (one.kind === 'expire') this.#expire(one.at)
      else if (one.kind === 'scan') this.#read(one)
      else if (this.#isBehindScan) this.#tell(one)
    }
  }

  get #seq(): number {
    return this.bodies.length + 1
  }

  #add(seq: number, time: string, ordinal?: number): void {
    const inside = ordinal === undefined ? '' : `.${ordinal}`
    this.moments.push({ at: `erp@${seq}${inside}`, seq, time, rows: this.#rows })
  }

  #lose(letter: string | null): void {
    const entities = letter === null ? null : [nameOf(letter)]
    this.bodies.push({ kind: 'gap', feed: FEED, reason: 'x', found: 'y', entities })
    if (entities === null) this.#isBehindScan = false
    this.#unproven = new Set([...this.#unproven, ...(entities ?? [])])
  }

  #expire(index: number): void {
    const seqs = [...new Set(this.moments.map((moment) => moment.seq))]
    const point = seqs[index % seqs.length] ?? 0
    if (point === this.#newest) return
    const cosigned = { author: '0'.repeat(32), signature: '0'.repeat(128) }
    const basis = this.#basis
    this.#basis = this.#seq
    this.bodies.push({ kind: 'expire', basis, points: [point], cosigned })
    this.moments = this.moments.filter((moment) => moment.seq !== point)
  }

  #read({ part, second }: Extract<Step, { kind: 'scan' }>): void {
    const seq = this.#seq
    const grown = Object.entries(this.#rows).map(([letter, count]) => [letter, count + 1] as const)
    this.#rows = Object.fromEntries(grown)
    this.bodies.push(aScan(this.#newest, this.#rows, { part, time: at(second) }))
    this.#add(seq, at(second))
    this.#newest = seq
    this.#scan = seq
    this.#told = new Set()
    this.#unproven = new Set()
    this.#isBehindScan = part !== null
    this.unprovenAt.set(seq, this.#unproven)
  }

  #tell({ done, idle }: Extract<Step, { kind: 'feed' }>): void {
    const seq = this.#seq
    for (const [letter] of done.flatMap(({ changes }) => changes)) this.#told.add(letter)
    const listed = [...this.#told].map((letter) => [letter, this.#rows[letter] ?? 0] as const)
    const last = idle ?? (done.length === 0 ? 30 : null)
    const body = aFeedEntry({
      base: this.#newest,
      scan: this.#scan,
      before: Object.fromEntries(listed),
      done,
      ...(last !== null && { time: at(last) }),
    })
    this.bodies.push(body)
    for (const [index, { changes, time }] of done.entries()) {
      for (const [letter, inserted, , deleted] of changes) {
        const count = (this.#rows[letter] ?? 0) + inserted - deleted
        this.#rows = { ...this.#rows, [letter]: count }
      }
      this.#add(seq, time, index + 1)
    }
    this.#add(seq, body.cut.time)
    this.#newest = seq
    this.unprovenAt.set(seq, this.#unproven)
  }
}

function named(rows: Rows) {
  return Object.fromEntries(Object.entries(rows).map(([letter, count]) => [nameOf(letter), count]))
}

test('whatever is scanned, told, lost and let go: every moment is what it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const { bodies, moments, unprovenAt } = new Life(steps)
      const whole = fold(bodies)
      expect(whole.incidents).toEqual([])
      const folder = '/nowhere'
      const pages = new KeptPages({ folder, headPath: folder, timeline: 'erp' } as never)
      const json = SOURCE_FORM.format({ links: LINKS, keptSeq: 0, state: whole })
      const kept = SOURCE_FORM.parse(pages, JSON.parse(JSON.stringify(json))).state
      for (const state of [whole, kept]) {
        for (const moment of moments) {
          const found = await tell(state, moment.at.slice('erp@'.length))
          expect(found).toEqual({ at: moment.at, rows: named(moment.rows) })
        }
        for (const { seq, unproven } of state.points) {
          expect(
            [...((unproven as ReadonlyMap<string, string>) ?? new Map()).keys()].sort(),
          ).toEqual([...(unprovenAt.get(seq) ?? [])].sort())
        }
        for (let second = 0; second < 60; second += 7) {
          const last = moments.findLast((moment) => moment.time <= at(second))
          if (last === undefined) continue
          expect((await tell(state, at(second))).rows).toEqual(named(last.rows))
        }
      }
    }),
    { numRuns: 300 },
  )
}, 30_000)
