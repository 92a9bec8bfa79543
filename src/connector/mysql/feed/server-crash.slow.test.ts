import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { isAppError } from '#stdx/app-error'
import { describeMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { startMariadb } from '#test/servers/start-mariadb'
import {
  type Following,
  loadTables,
  readAll,
  startFollowing,
  startLoad,
} from '../../testing/feed-following.ts'
import { freshFeedSystem, mariadbFeedHarness } from '../testing/feed-system.ts'

const CRASHES = 6
const never = new AbortController().signal

/** What a server needs to keep what it says is committed; small files of the log, so that they change. */
const DURABLE = {
  'innodb-flush-log-at-trx-commit': '1',
  'sync-binlog': '1',
  'max-binlog-size': '262144',
  'binlog-cache-size': '4096',
}

describeMariadb('feed of a server that crashes', () => {
  test('nothing that was committed is lost, and nothing is told twice', async () => {
    await using server = await startMariadb({ options: DURABLE })
    await using system = await freshFeedSystem(server.url)
    await system.exec(loadTables(mariadbFeedHarness))
    const load = { writers: 3, transactions: 1_000_000 }
    await using writing = startLoad(mariadbFeedHarness, system.url, load)
    await writing.untilAccounted(40)
    await using following = await startFollowing(mariadbFeedHarness, system)
    const stamps: string[] = []
    const reading = readThrough(following, stamps)
    for (let i = 0; i < CRASHES; i++) {
      await sleep(1500 + 200 * i)
      await server.crash()
    }
    writing.stop()
    await writing.done
    await using last = await freshMariadb(server.url)
    const { pathname } = new URL(system.url)
    await last.query(`INSERT INTO "${pathname.slice(1)}".ledger VALUES ('end', 0)`)
    await reading
    expect(following.store.sorted()).toEqual((await readAll(mariadbFeedHarness, system)).sorted())
    const wanted = writing.readAccount().map(({ stamp }) => stamp)
    const found = stamps.filter((stamp) => stamp !== 'end')
    expect(new Set(found).size).toBe(found.length)
    const told = new Set([...found, ...following.stampsAtCut])
    expect(wanted.filter((stamp) => !told.has(stamp))).toEqual([])
    expect(found.length).toBeGreaterThan(100)
  })
})

/** Reads until the row that is written last, and opens the feed again whenever it breaks. */
async function readThrough(following: Following, stamps: string[]): Promise<void> {
  let { position } = following
  for (;;) {
    try {
      await using feed = await following.open(position)
      for await (const message of feed.read(never)) {
        const told = following.mirror.take(message)
        if (told === undefined) continue
        position = told.position
        stamps.push(...told.stamps)
        if (told.stamps.includes('end')) return
      }
    } catch (error) {
      const isPassing =
        isAppError(error, 'connector.feed-broken') || isAppError(error, 'connector.unreachable')
      if (!isPassing) throw error
      await sleep(100)
    } finally {
      following.mirror.forget()
    }
  }
}
