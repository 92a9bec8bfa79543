import type { Observation } from '../../changes/catalogue-watch.ts'
import type { FeedScope } from '../../feed.ts'
import { examineFeed, type MysqlFeedDeps } from './examine-feed.ts'
import { type GtidPosition, parseGtids } from './gtid-position.ts'

/** The catalogue as it is now, and where the log ends after that. */
export async function observeCatalogue(
  deps: MysqlFeedDeps,
  scope: FeedScope,
  signal: AbortSignal,
): Promise<Observation<GtidPosition['gtids']>> {
  await using session = await deps.connect(signal)
  const { catalogue, findings, followed } = await examineFeed(session, scope, signal)
  const [[gtids] = []] = await session.query('SELECT @@GLOBAL.gtid_binlog_pos', signal)
  const message = { kind: 'catalogue', catalogue, followed: new Set(followed), findings } as const
  return { place: parseGtids(gtids ?? ''), message }
}
