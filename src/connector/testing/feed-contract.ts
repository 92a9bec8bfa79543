import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { batchBytes } from '#record/row-batch'
import { isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { FeedMessage } from '../feed.ts'
import { entityIn } from './contract-system.ts'
import {
  type Accounted,
  type FeedHarness,
  type Following,
  loadTables,
  readAll,
  readTransactions,
  scanAll,
  startFollowing,
  startLoad,
} from './feed-following.ts'
import { FeedMirror, MapStore, type ToldTransaction } from './feed-mirror.ts'

const signal = new AbortController().signal

/** What `feed.ts` promises, tried on real systems. Every connector with a feed calls it once. */
export function testFeed(label: string, harness: FeedHarness): void {
  describe(`${label}: feed contract`, () => {
    testLoad(harness)
    testSizes(harness)
    testPositions(harness)
    testCuts(harness)
    testLogEnd(harness)
    testBeginnings(harness)
  })
}

function testLoad(harness: FeedHarness): void {
  test('what it tells makes the cut equal to the tables, transaction by transaction', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using load = startLoad(harness, system.url, { writers: 4, transactions: 100_000 })
    await load.untilAccounted(40)
    await using following = await startFollowing(harness, system)
    const told: ToldTransaction[] = []
    // Left at any place, as by a lost connection: only what was committed is kept.
    for (const messagesMax of [1, 7, 300, 3]) await readOn(following, told, messagesMax)
    load.stop()
    await load.done
    await system.exec("INSERT INTO ledger VALUES ('end', 0)")
    await readOn(following, told, Number.POSITIVE_INFINITY)
    expect(following.store.sorted()).toEqual((await readAll(harness, system)).sorted())
    expectAccounted(told, load.readAccount(), following)
    const times = told.map(({ time }) => time)
    expect(times.every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(time))).toBe(true)
  })
}

/** So often a definition may change under load while it is asked for; the feed is opened again. */
const BROKEN_MAX = 3

async function readOn(
  following: Following,
  told: ToldTransaction[],
  messagesMax: number,
): Promise<void> {
  for (let broken = 0; ; broken++) {
    try {
      return await readSome(following, told, messagesMax)
    } catch (error) {
      if (!isAppError(error, 'connector.feed-broken') || broken >= BROKEN_MAX) throw error
    } finally {
      following.mirror.forget()
    }
  }
}

/** Opens the feed after the last transaction told, and reads up to so many messages or the end. */
async function readSome(
  following: Following,
  told: ToldTransaction[],
  messagesMax: number,
): Promise<void> {
  const { mirror } = following
  await using feed = await following.open(told.at(-1)?.position ?? following.position)
  let count = 0
  for await (const message of feed.read(signal)) {
    const transaction = mirror.take(message)
    if (transaction !== undefined) told.push(transaction)
    if (transaction !== undefined && count % 3 === 0) feed.acknowledge(transaction.position)
    count += 1
    if (count >= messagesMax || transaction?.stamps.includes('end')) break
  }
}

/** Each committed transaction once, in order, with what its writer says it did. */
function expectAccounted(
  told: readonly ToldTransaction[],
  account: readonly Accounted[],
  { stampsAtCut }: Following,
): void {
  const wanted = account.filter(({ stamp }) => !stampsAtCut.has(stamp))
  const found = told
    .filter(({ stamps }) => stamps.length > 0 && !stamps.includes('end'))
    .map(({ amount, deletes, inserts, stamps, updates }) => {
      return { stamp: stamps.join(), inserts, updates, deletes, amount: String(amount) }
    })
  const byStamp = (a: Accounted, b: Accounted) => (a.stamp < b.stamp ? -1 : 1)
  expect(wanted.length).toBeGreaterThan(50)
  expect(found.toSorted(byStamp)).toEqual(wanted.toSorted(byStamp))
  // A writer's transactions are told in the order in which it committed them.
  const order = Map.groupBy(found, ({ stamp }) => stamp.replace(/\.\d+$/, ''))
  for (const [, own] of order) {
    const numbers = own.map(({ stamp }) => Number(stamp.split('.')[2]))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  }
}

function testSizes(harness: FeedHarness): void {
  test('a large transaction comes in batches that need little memory', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using following = await startFollowing(harness, system)
    await system.exec(`INSERT INTO account SELECT n, 'some name that takes a little room', n, NULL
      FROM (${harness.numbers(100_000)}) numbers`)
    await using feed = await following.open(following.position)
    const kinds: string[] = []
    let rows = 0
    let memoryMax = 0
    const before = process.memoryUsage().arrayBuffers
    for await (const message of feed.read(signal)) {
      if (message.kind === 'begin' || message.kind === 'commit') kinds.push(message.kind)
      if (message.kind === 'changes') {
        assert(message.rows.kind === 'rows', 'No row is large.')
        expect(batchBytes(message.rows)).toBeLessThan(2 * 1_048_576)
        expect(message.rows.ends.at(-1)).toBe(message.rows.bytes.length)
        rows += message.ops.length
        memoryMax = Math.max(memoryMax, process.memoryUsage().arrayBuffers - before)
      }
      if (message.kind === 'commit') break
    }
    expect(rows).toBe(100_000)
    expect(kinds).toEqual(['begin', 'commit'])
    expect(memoryMax).toBeLessThan(64 * 1_048_576)
  })

  test('a large value comes whole, and is not sent again when it did not change', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using following = await startFollowing(harness, system)
    await system.exec("INSERT INTO account VALUES (1, 'n', 1, repeat('0123456789\\\\\t', 250000))")
    await system.exec('UPDATE account SET id = 2, amount = 5 WHERE id = 1')
    await using feed = await following.open(following.position)
    const told = await readTransactions(feed, following, 2)
    expect(told.map(({ deletes, inserts, updates }) => [inserts, updates, deletes])).toEqual([
      [1, 0, 0],
      [1, 0, 1],
    ])
    expect(following.store.sorted()).toEqual((await readAll(harness, system)).sorted())
  })
}

function testPositions(harness: FeedHarness): void {
  test('goes on after any position that was told, and not from before what was acknowledged', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using following = await startFollowing(harness, system)
    for (const n of [1, 2, 3]) await system.exec(`INSERT INTO scratch VALUES (${n}, ${n})`)
    const told = await (async () => {
      await using feed = await following.open(following.position)
      return await readTransactions(feed, following, 3)
    })()
    const [first, second, third] = told.map(({ position }) => position)
    assert(first && second && third, 'Three were told.')
    {
      await using feed = await following.open(first)
      const again = await readTransactions(feed, emptyMirror(harness), 2)
      expect(again.map(({ position }) => position)).toEqual([second, third])
      feed.acknowledge(second)
      if (harness.isKeptBySource) await untilAcknowledged(following, system.feedName, first)
    }
    if (harness.isKeptBySource) {
      await expect(following.open(first)).rejects.toMatchObject({ code: 'connector.feed-passed' })
    }
    await using feed = await following.open(second)
    const rest = await readTransactions(feed, emptyMirror(harness), 1)
    expect(rest.map(({ position }) => position)).toEqual([third])
  })

  test('moves on while only others write, and says so', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using following = await startFollowing(harness, system)
    await using feed = await following.feed.open(
      {
        ...following.scope,
        isCovered: (entity) => entity !== entityIn(harness, 'scratch'),
        after: following,
        entities: following.entities,
      },
      signal,
    )
    await system.exec('INSERT INTO scratch VALUES (1, 1)')
    const seen: FeedMessage[] = []
    for await (const message of feed.read(signal)) {
      seen.push(message)
      if (message.kind === 'idle' && message.position !== following.position) break
    }
    expect(seen.filter(({ kind }) => kind !== 'idle' && kind !== 'catalogue')).toEqual([])
    const last = seen.at(-1)
    assert(last?.kind === 'idle', 'The last is a heartbeat.')
    feed.acknowledge(last.position)
    if (!harness.isKeptBySource) return
    await untilAcknowledged(following, system.feedName, following.position)
  })
}

/** Of what is told again. */
function emptyMirror(harness: FeedHarness): { mirror: FeedMirror } {
  return { mirror: new FeedMirror(new MapStore(), entityIn(harness, 'ledger')) }
}

const CUTS = 5

function testCuts(harness: FeedHarness): void {
  test('a cut beside an open feed shows exactly what the feed tells up to it', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using load = startLoad(harness, system.url, { writers: 2, transactions: 100_000 })
    await load.untilAccounted(10)
    await using following = await startFollowing(harness, system)
    await using feed = await following.open(following.position)
    const messages = feed.read(signal)[Symbol.asyncIterator]()
    const told: number[] = []
    for (let i = 0; i < CUTS; i++) {
      const accounted = load.readAccount().length
      if (i < CUTS - 1) await load.untilAccounted(accounted + 20)
      // The last one while nobody writes.
      else {
        load.stop()
        await load.done
      }
      const { position, rows } = await scanCut(following)
      const { count, next } = await readUpTo(position, messages, following)
      expect(following.store.sorted()).toEqual(rows.sorted())
      if (next !== undefined) following.mirror.take(next)
      told.push(count)
    }
    expect(told.reduce((sum, count) => sum + count)).toBeGreaterThan(20 * (CUTS - 1))
    await messages.return?.()
  })
}

function testLogEnd(harness: FeedHarness): void {
  test('all that was committed before the end of the log was asked for is told up to it', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using load = startLoad(harness, system.url, { writers: 2, transactions: 100_000 })
    await load.untilAccounted(10)
    await using following = await startFollowing(harness, system)
    await using feed = await following.open(following.position)
    const messages = feed.read(signal)[Symbol.asyncIterator]()
    const { mirror, stampsAtCut } = following
    const told = new Set(stampsAtCut)
    for (let i = 0; i < CUTS; i++) {
      if (i === CUTS - 1) {
        load.stop()
        await load.done
      } else await load.untilAccounted(load.readAccount().length + 20)
      const accounted = load.readAccount()
      const end = await following.feed.readPosition(system.feedName, signal)
      for (let isThere = false; !isThere; ) {
        const { value: message } = await messages.next()
        assert(message !== undefined, 'A feed does not end.')
        for (const stamp of mirror.take(message)?.stamps ?? []) told.add(stamp)
        const isEnd = message.kind === 'commit' || message.kind === 'idle'
        isThere = isEnd && following.feed.isUpTo(end.position, message.position)
      }
      expect(accounted.filter(({ stamp }) => !told.has(stamp))).toEqual([])
      expect(Math.abs(Date.parse(end.time) - Date.now())).toBeLessThan(60_000)
    }
    await messages.return?.()
  })
}

/** What a cut beside the feed shows. A table that is truncated before its turn voids the cut: once more. */
async function scanCut({ feed, scope }: Following): Promise<{ position: string; rows: MapStore }> {
  for (let attempt = 1; ; attempt++) {
    await using opened = await feed.openCut(scope.name, signal)
    const { position } = opened.cut
    try {
      return { position, rows: (await scanAll(opened)).store }
    } catch (error) {
      if (!isAppError(error, 'connector.scan-failed') || attempt > 20) throw error
    }
  }
}

/** Takes all transactions up to the cut; returns how many there were, and the commit behind it. */
async function readUpTo(
  cut: string,
  messages: AsyncIterator<FeedMessage>,
  { feed, mirror }: Following,
): Promise<{ count: number; next: FeedMessage | undefined }> {
  for (let count = 0; ; ) {
    const { value: message } = await messages.next()
    assert(message !== undefined, 'A feed does not end.')
    if (message.kind === 'commit') {
      if (!feed.isUpTo(message.position, cut)) return { count, next: message }
      count += 1
    }
    mirror.take(message)
    const isEnd = message.kind === 'commit' || message.kind === 'idle'
    if (isEnd && feed.isUpTo(cut, message.position)) return { count, next: undefined }
  }
}

/** Until the source has heard that something behind `before` is durable. */
async function untilAcknowledged({ feed }: Following, name: string, before: string): Promise<void> {
  const first = (await feed.readHealth(name, signal)).acknowledged
  for (let i = 0; i < 600; i++) {
    const { acknowledged } = await feed.readHealth(name, signal)
    if (acknowledged !== null && acknowledged !== first) return
    if (acknowledged !== null && !before.startsWith(acknowledged)) return
    await sleep(50)
  }
  throw new Error('The source took no acknowledgement within 30 s')
}

function testBeginnings(harness: FeedHarness): void {
  const testKept = test.runIf(harness.isKeptBySource)

  testKept('only one reads it at a time, and one that has gone makes room', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using following = await startFollowing(harness, system)
    {
      await using _feed = await following.open(following.position)
      await expect(following.open(following.position)).rejects.toMatchObject({
        code: 'connector.feed-busy',
      })
    }
    await using _again = await following.open(following.position)
  })

  testKept('one that exists is not begun again unless that is wanted', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using following = await startFollowing(harness, system)
    const { feed, scope } = following
    await expect(feed.start({ ...scope, mayReplace: false }, signal)).rejects.toMatchObject({
      code: 'connector.feed-exists',
    })
    await system.exec('INSERT INTO scratch VALUES (1, 1)')
    await using cut = await feed.start({ ...scope, mayReplace: true }, signal)
    await expect(following.open(following.position)).rejects.toMatchObject({
      code: 'connector.feed-passed',
    })
    await using _open = await following.open(cut.cut.position)
  })

  test('one of another system leaves a hole', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using following = await startFollowing(harness, system)
    const { entities, feed, identity, position, scope } = following
    const other = { ...identity, system: 'another' }
    const after = { position, identity: other }
    await expect(feed.open({ ...scope, after, entities }, signal)).rejects.toMatchObject({
      code: 'connector.feed-other-source',
    })
  })

  testKept('one that was dropped leaves a hole', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using following = await startFollowing(harness, system)
    const { feed, position, scope } = following
    await feed.drop(scope.name, signal)
    await feed.drop(scope.name, signal)
    expect(await feed.readHealth(scope.name, signal)).toMatchObject({ state: 'missing' })
    await expect(following.open(position)).rejects.toMatchObject({ code: 'connector.feed-missing' })
  })

  test('reading ends with the reason of its signal, also while nothing happens', async () => {
    await using system = await harness.freshSystem()
    await system.exec(loadTables(harness))
    await using following = await startFollowing(harness, system)
    await using feed = await following.open(following.position)
    const stop = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => stop.abort(reason), 200)
    const reading = (async () => {
      for await (const _ of feed.read(stop.signal));
    })()
    await expect(reading).rejects.toBe(reason)
    expect(isAppError(reason)).toBe(false)
  })
}
