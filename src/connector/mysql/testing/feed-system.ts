import { Secret } from '#stdx/secret'
import { type FreshMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import type { FeedHarness, FeedSystem } from '../../testing/feed-following.ts'
import { mysqlConnector } from '../mysql-connector.ts'

/** @param server the shared one unless told otherwise */
export async function freshFeedSystem(
  server?: string,
): Promise<FeedSystem & Pick<FreshMariadb, 'query'>> {
  const database = await freshMariadb(server)
  const { name, query, url } = database
  return {
    url,
    address: new Secret(url),
    feedName: `feed_${name}`,
    query,
    async exec(sql) {
      await query(sql)
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

export const mariadbFeedHarness: FeedHarness = {
  connector: mysqlConnector,
  kind: 'mariadb',
  schema: '',
  freshSystem: () => freshFeedSystem(),
  numbers: (count) => `
    WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < ${count})
    SELECT n FROM n`,
  isKeptBySource: false,
}
