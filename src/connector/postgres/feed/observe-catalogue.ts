import type { Observation } from '../../changes/catalogue-watch.ts'
import type { FeedScope } from '../../feed.ts'
import { examineFeed, type PostgresFeedDeps } from './examine-feed.ts'
import { parseLsn } from './lsn.ts'

/** The catalogue as it is now, and where the log ends after that. */
export async function observeCatalogue(
  deps: PostgresFeedDeps,
  scope: FeedScope,
  signal: AbortSignal,
): Promise<Observation<bigint>> {
  await using session = await deps.connect(signal)
  await session.query('begin isolation level repeatable read read only', signal)
  const { catalogue, findings, followed } = await examineFeed(session, scope, signal)
  await session.query('commit', signal)
  const [[lsn] = []] = await session.query('select pg_catalog.pg_current_wal_insert_lsn()', signal)
  const message = { kind: 'catalogue', catalogue, followed: new Set(followed), findings } as const
  return { place: parseLsn(lsn ?? ''), message }
}
