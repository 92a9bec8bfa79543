import { expect, test } from 'vitest'
import type { Cut } from '#record/cut'
import { Secret } from '#stdx/secret'
import { describePostgres } from '#test/servers/fresh-database'
import type { Feed } from '../../feed.ts'
import { optionsFor } from '../../testing/contract-system.ts'
import { beginFeed, feedOf, readTransactions } from '../../testing/feed-following.ts'
import { FeedMirror } from '../../testing/feed-mirror.ts'
import { postgresConnector } from '../postgres-connector.ts'
import { truncateWhileMaking, untilAwaited } from '../testing/change-while-making.ts'
import { freshFeedSystem } from '../testing/feed-system.ts'
import { formatPosition, parseLsn } from './lsn.ts'

const never = new AbortController().signal
const TABLES = 'create table other (id int primary key); create table scratch (id int primary key)'

describePostgres('a slot that is made while a table is truncated', (major) => {
  test('cannot be decoded by the server, each time anew, which the feed says', async () => {
    await using system = await freshFeedSystem(major)
    const { feedName, query, url } = system
    await system.exec(`${TABLES}; create publication ${feedName} for all tables`)
    await using source = await postgresConnector.openSource(optionsFor(new Secret(url)))
    let making: ReturnType<typeof query> | undefined
    await using late = await truncateWhileMaking(url, () => {
      making = query(
        `select lsn from pg_create_logical_replication_slot('${feedName}', 'pgoutput')`,
      )
    })
    const [made] = (await making) ?? []
    await late.commit()
    const after: Pick<Cut, 'identity' | 'position'> = {
      identity: source.identity,
      position: formatPosition({ lsn: parseLsn(String(made?.['lsn'])), timeline: 1 }),
    }
    const scope = { name: feedName, isCovered: () => true, entities: [] }
    for (let attempt = 1; attempt <= 2; attempt++) {
      await using feed = await feedOf(source).open({ ...scope, after }, never)
      await expect(readOn(feed)).rejects.toMatchObject({
        code: 'connector.feed-undecodable',
      })
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
