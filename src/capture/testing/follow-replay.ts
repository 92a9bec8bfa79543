import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { entityIn, optionsFor } from '#connector/testing/contract-system'
import {
  beginFeed,
  type FeedHarness,
  type FeedSystem,
  feedOf,
  loadTables,
  startLoad,
} from '#connector/testing/feed-following'
import { FeedMirror, type MapStore, type ToldTransaction } from '#connector/testing/feed-mirror'
import { parseRow } from '#record/row-text'
import type { DescribedEntity } from '#record/schema'
import { assert } from '#stdx/assert'
import { locatePoint } from '#timeline/locate-point'
import { parsePointAddress } from '#timeline/resolve-point'
import { signal } from '#vault/testing/a-vault'
import { aFollowing, type FollowedLife, type RecordTexts } from './a-following.ts'

/**
 * Follows a system under load, stopped and begun again several times, and holds every transaction that
 * the vault has against what another reader of the same log says.
 *
 * @param prepare so that every value of a row is told
 */
export async function proveFollowing(harness: FeedHarness, prepare: string): Promise<void> {
  await using system = await harness.freshSystem()
  await system.exec(`${loadTables(harness)} ${prepare}`)
  await using account = await aReplay(harness, system)
  await using load = startLoad(harness, system.url, { writers: 1, transactions: 100_000 })
  await load.untilAccounted(20)
  const life = await aFollowing(harness, system)
  for (const enough of [60, 90, 120]) {
    await using follower = life.follow()
    await follower.until('opened')
    await load.untilAccounted(enough)
  }
  load.stop()
  await load.done
  await system.exec("INSERT INTO ledger VALUES ('end', 0)")
  await account.readToEnd()
  {
    await using follower = life.follow()
    const end = account.told.at(-1)?.position
    await follower.until('committed', ({ position }) => position === end)
  }
  await expectSame(life, account)
}

/** By entity. */
type Tables = Readonly<Record<string, string>>

/** What another reader of the same log says: the tables after each transaction, by its position. */
type Replay = AsyncDisposable & {
  readonly tables: ReadonlyMap<string, Tables>
  readonly told: readonly ToldTransaction[]
  readonly entities: readonly DescribedEntity[]
  readToEnd(): Promise<void>
}

async function aReplay(harness: FeedHarness, system: FeedSystem): Promise<Replay> {
  const source = await harness.connector.openSource(optionsFor(system.address))
  const feed = feedOf(source)
  const scope = { name: `${system.feedName}_2`, isCovered: () => true }
  const { after, entities, store } = await beginFeed(feed, scope)
  const ledger = entityIn(harness, 'ledger')
  const tables = new Map<string, Tables>()
  const told: ToldTransaction[] = []
  return {
    tables,
    told,
    entities,
    async readToEnd() {
      const mirror = new FeedMirror(store, ledger)
      await using opened = await feed.open({ ...scope, after, entities }, signal)
      for await (const message of opened.read(signal)) {
        const transaction = mirror.take(message)
        if (transaction === undefined) continue
        told.push(transaction)
        tables.set(transaction.position, tablesOf(store, entities))
        if (transaction.stamps.includes('end')) break
      }
    },
    async [Symbol.asyncDispose]() {
      await feed.drop(scope.name, signal)
      await source[Symbol.asyncDispose]()
    },
  }
}

function tablesOf(store: MapStore, entities: readonly DescribedEntity[]): Tables {
  const tables = entities.map(({ entity, fields }) => {
    const own = [...(store.rows.get(entity)?.values() ?? [])].map((row) => {
      const values = parseRow(row)
      return Object.fromEntries(fields.map(({ name }, i) => [name, values[i] ?? null]))
    })
    return [entity, describeRows(own)] as const
  })
  return Object.fromEntries(tables)
}

/** How many rows, and what they are. */
function describeRows(rows: readonly RecordTexts[]): string {
  const lines = rows
    .map((row) => JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .toSorted()
  return `${rows.length} ${createHash('sha256').update(lines.join('\n')).digest('hex')}`
}

/** Every transaction that the vault holds is in the replay, in its order, and leaves the same tables. */
async function expectSame(life: FollowedLife, replay: Replay): Promise<void> {
  const state = await life.state()
  const { vault } = life.inHand
  const positions: string[] = []
  for (const point of state.points) {
    if (point.kind !== 'feed') continue
    const transactions = await vault.readTransactions(state.source, point.body, signal)
    for (const [i, { position }] of transactions.entries()) {
      positions.push(position)
      const address = parsePointAddress(`${state.source}@${point.seq}.${i + 1}`)
      const at = await locatePoint(vault, state, address, signal)
      const rows = await Promise.all(
        replay.entities.map(async ({ entity }) => {
          const own = await life.rowsAt(at, entity)
          expect(own.length).toBe(at.entities.find((one) => one.entity === entity)?.rows)
          return [entity, describeRows(own)] as const
        }),
      )
      expect([position, Object.fromEntries(rows)]).toEqual([position, replay.tables.get(position)])
    }
  }
  const all = replay.told.map(({ position }) => position)
  const first = all.indexOf(positions[0] ?? '')
  assert(first >= 0, 'The follower tells what the replay tells.')
  expect(positions).toEqual(all.slice(first))
  expect(positions.length).toBeGreaterThan(60)
}
