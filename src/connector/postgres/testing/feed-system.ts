import { Secret } from '#stdx/secret'
import { type FreshDatabase, freshDatabase } from '#test/servers/fresh-database'
import type { FeedHarness, FeedSystem } from '../../testing/feed-following.ts'
import { postgresConnector } from '../postgres-connector.ts'

/** A database with a name for a feed, whose slot is dropped with it: others keep its server's log. */
export async function freshFeedSystem(
  major: number,
): Promise<FeedSystem & Pick<FreshDatabase, 'query'>> {
  const database = await freshDatabase(major)
  const { name, query, url } = database
  return {
    url,
    address: new Secret(url),
    feedName: `feed_${name}`,
    query,
    async exec(sql) {
      await query(sql)
    },
    async [Symbol.asyncDispose]() {
      await dropSlots(query)
      await database[Symbol.asyncDispose]()
    },
  }
}

/** A database with a slot cannot be dropped, and a slot that is read from neither. */
async function dropSlots(query: FreshDatabase['query']): Promise<void> {
  const of = `from pg_replication_slots where database = current_database()`
  await query(`select pg_terminate_backend(active_pid) ${of} and active`)
  for (let i = 0; i < 50; i++) {
    await query(`select pg_drop_replication_slot(slot_name) ${of} and not active`)
    if ((await query(`select 1 ${of}`)).length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export function feedHarness(major: number): FeedHarness {
  return {
    connector: postgresConnector,
    kind: 'postgres',
    schema: 'public',
    freshSystem: () => freshFeedSystem(major),
    numbers: (count) => `SELECT generate_series(1, ${count}) AS n`,
    isKeptBySource: true,
  }
}
