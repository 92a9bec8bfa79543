import { AppError } from '#stdx/app-error'
import type { OpenFeedOptions } from '../../feed.ts'
import { quoteName } from '../quote.ts'
import { readServerVersion } from '../read-catalogue.ts'
import type { Session } from '../session.ts'
import { examineFeed, type PostgresFeedDeps, refuseUnready } from './examine-feed.ts'
import { readSlot } from './feed-facts.ts'
import { readLogIdentity } from './feed-session.ts'
import { judgeSlot } from './judge-slot.ts'
import { formatLsn, parsePosition } from './lsn.ts'
import { PostgresFeed } from './postgres-feed.ts'

/** A server that has just lost its reader needs a moment to notice. */
const BUSY_WAIT_MS = 5000
const BUSY_POLL_MS = 200

/** @throws those of `SourceFeed.open` */
export async function openFeed(
  deps: PostgresFeedDeps,
  options: OpenFeedOptions,
  signal: AbortSignal,
): Promise<PostgresFeed> {
  const held = new AsyncDisposableStack()
  try {
    const session = held.use(await deps.connect(signal))
    const judged = await examineFeed(session, options, signal)
    refuseUnready(options.name, judged)
    if (judged.createSql !== null) {
      const message = `Cannot read the feed "${options.name}": its publication is not there any more`
      throw new AppError('connector.feed-missing', message, { name: options.name })
    }
    const log = held.use(await deps.connectToLog(signal))
    const identity = await readLogIdentity(log, signal)
    await refuseHole(deps, options, { session, ...identity, signal })
    const { lsn } = parsePosition(options.after.position)
    const { timeoutMs, encoding } = await readSettings(session, signal)
    const feed = new PostgresFeed(deps, options, {
      session,
      log,
      after: lsn,
      timeline: identity.timeline,
      timeoutMs,
      isUnchecked: encoding === 'SQL_ASCII',
    })
    await feed.begin(startSql(options.name, lsn), signal)
    held.move()
    return feed
  } catch (error) {
    await held.disposeAsync()
    signal.throwIfAborted()
    throw error
  }
}

type Asking = {
  readonly session: Session
  readonly timeline: number
  readonly timelineEnds: ReadonlyMap<number, bigint>
  readonly signal: AbortSignal
}

async function refuseHole(
  { clock, identity }: PostgresFeedDeps,
  { after, name }: OpenFeedOptions,
  { session, signal, timeline, timelineEnds }: Asking,
): Promise<void> {
  const version = await readServerVersion(session, signal)
  for (let waitedMs = 0; ; waitedMs += BUSY_POLL_MS) {
    const slot = await readSlot(session, { name, version }, signal)
    if (slot?.isActive && waitedMs < BUSY_WAIT_MS) {
      await clock.sleep(BUSY_POLL_MS, signal)
      continue
    }
    // Whoever else reads it moves the slot: what is left for us is not known while they do.
    if (slot?.isActive) {
      const message = `Cannot read the feed "${name}": another process is reading it`
      throw new AppError('connector.feed-busy', message, { name })
    }
    const refusal = judgeSlot({ name, after, identity, slot, timeline, timelineEnds })
    if (refusal !== undefined) throw refusal
    return
  }
}

async function readSettings(
  session: Session,
  signal: AbortSignal,
): Promise<{ timeoutMs: number; encoding: string }> {
  const sql = `select (select setting from pg_catalog.pg_settings where name = 'wal_sender_timeout'),
    pg_catalog.current_setting('server_encoding')`
  const [[timeout, encoding] = []] = await session.query(sql, signal)
  return { timeoutMs: Number(timeout), encoding: encoding ?? '' }
}

/**
 * Protocol 1: the server puts transactions together itself, on its disk where they are large, and
 * sends each whole after its commit. The server leaves out what was committed before `lsn`.
 */
function startSql(name: string, lsn: bigint): string {
  const options = `proto_version '1', publication_names '${quoteName(name)}'`
  return `START_REPLICATION SLOT ${quoteName(name)} LOGICAL ${formatLsn(lsn)} (${options})`
}
