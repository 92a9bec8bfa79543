import { expect, test } from 'vitest'
import type { Cut } from '#record/cut'
import { Secret } from '#stdx/secret'
import { describePostgres } from '#test/servers/fresh-database'
import { startPostgres } from '#test/servers/start-postgres'
import type { Feed } from '../../feed.ts'
import { optionsFor } from '../../testing/contract-system.ts'
import { beginFeed, feedOf, readTransactions } from '../../testing/feed-following.ts'
import { FeedMirror } from '../../testing/feed-mirror.ts'
import { parseAddress } from '../address.ts'
import { connectToLog } from '../connect.ts'
import { postgresConnector } from '../postgres-connector.ts'
import { run, truncateWhileMaking, untilAwaited } from '../testing/change-while-making.ts'
import { freshFeedSystem } from '../testing/feed-system.ts'
import { makeSlot } from './feed-session.ts'
import { formatPosition } from './lsn.ts'

const never = new AbortController().signal
const TABLES = 'create table other (id int primary key); create table scratch (id int primary key)'

describePostgres('a slot that is made while a table is truncated', (major) => {
  // On a server of its own: what another slot notes of the same log helps this one out.
  test('cannot be decoded by the server, each time anew, which the feed says', async () => {
    await using server = await startPostgres({ major })
    const { url } = server
    await run(url, `${TABLES}; create publication broken for all tables`)
    await using log = await connectToLog(parseAddress(url), never)
    let making: ReturnType<typeof makeSlot> | undefined
    await using late = await truncateWhileMaking(url, () => {
      making = makeSlot(log, 'broken', never)
    })
    const made = await making
    await late.commit()
    await using source = await postgresConnector.openSource(optionsFor(new Secret(url)))
    const after: Pick<Cut, 'identity' | 'position'> = {
      identity: source.identity,
      position: formatPosition({ lsn: made?.lsn ?? 0n, timeline: 1 }),
    }
    const scope = { name: 'broken', isCovered: () => true, entities: [] }
    for (let attempt = 1; attempt <= 2; attempt++) {
      await using feed = await feedOf(source).open({ ...scope, after }, never)
      await expect(readOn(feed)).rejects.toMatchObject({ code: 'connector.feed-undecodable' })
    }
  })

  test('is made once more by start(), and tells what comes then', async () => {
    await using system = await freshFeedSystem(major)
    await system.exec(TABLES)
    await using source = await postgresConnector.openSource(optionsFor(new Secret(system.url)))
    const scope = { name: system.feedName, isCovered: () => true }
    let beginning: ReturnType<typeof beginFeed> | undefined
    await using late = await truncateWhileMaking(system.url, () => {
      beginning = beginFeed(feedOf(source), scope)
      beginning.catch(() => {})
    })
    await untilAwaited(system.url, late)
    await late.commit()
    const begun = await beginning
    expect(begun?.store.sorted()).toEqual({ 'public.other': ['1\n'], 'public.scratch': ['1\n'] })
    if (begun === undefined) return
    await system.exec('truncate scratch; insert into scratch values (2)')
    await using feed = await feedOf(source).open({ ...scope, ...begun }, never)
    await readTransactions(feed, { mirror: new FeedMirror(begun.store, 'none') }, 1)
    expect(begun.store.sorted()).toEqual({ 'public.other': ['1\n'], 'public.scratch': ['2\n'] })
  })
})

async function readOn(feed: Feed): Promise<void> {
  for await (const _ of feed.read(never));
}
