import { AppError } from '#stdx/app-error'
import type { Feed, OpenFeedOptions } from '../../feed.ts'
import { quoteText } from '../quote.ts'
import type { Session } from '../session.ts'
import { Charsets } from './charsets.ts'
import { DumpCommand } from './dump-command.ts'
import { examineFeed, type MysqlFeedDeps, refuseUnready } from './examine-feed.ts'
import { type LogFile, readLogFiles } from './feed-facts.ts'
import { lockFeed, lockOf } from './feed-lock.ts'
import {
  formatGtids,
  type GtidPosition,
  isUpTo,
  parseGtids,
  parsePosition,
} from './gtid-position.ts'
import { judgeHole, numberOf } from './judge-hole.ts'
import { HEARTBEAT_MS, MysqlFeed, type MysqlFeedParts } from './mysql-feed.ts'

/** @throws those of `SourceFeed.open` */
export async function openFeed(
  deps: MysqlFeedDeps,
  options: OpenFeedOptions,
  { acknowledge, signal }: Pick<MysqlFeedParts, 'acknowledge'> & { signal: AbortSignal },
): Promise<Feed> {
  const held = new AsyncDisposableStack()
  try {
    const session = held.use(await deps.connect(signal))
    refuseUnready(options.name, await examineFeed(session, options, signal))
    const after = parsePosition(options.after.position)
    const log = held.use(await deps.connect(signal))
    const { name } = options
    await lockFeed(log, { name, lock: lockOf(name, deps.identity) }, signal)
    await refuseHole(deps, options, { after, session, signal })
    const aheadMs = await readClock(deps, session, signal)
    const charsets = await Charsets.read(session, signal)
    const dump = await beginDump(log, after, signal)
    const parts = { session, log, dump, after, charsets, aheadMs, acknowledge }
    const feed = new MysqlFeed(deps, options, parts)
    await feed.begin(signal)
    held.move()
    return feed
  } catch (error) {
    await held.disposeAsync()
    signal.throwIfAborted()
    throw error
  }
}

async function refuseHole(
  { identity }: MysqlFeedDeps,
  { after, name }: OpenFeedOptions,
  asking: { after: GtidPosition; session: Session; signal: AbortSignal },
): Promise<void> {
  const { session, signal, after: position } = asking
  const files = (await readLogFiles(session, signal)) ?? []
  const [[end] = []] = await session.query('SELECT @@GLOBAL.gtid_binlog_pos', signal)
  const there = await readThere(session, position, signal)
  const refusal = judgeHole({
    name,
    after,
    position,
    identity,
    files,
    end: parseGtids(end ?? ''),
    there,
  })
  if (refusal !== undefined) throw refusal
}

/** The server reads the file up to there, which for a long one takes a second. */
async function readThere(
  session: Session,
  { file, offset }: Pick<GtidPosition, 'file' | 'offset'>,
  signal: AbortSignal,
): Promise<GtidPosition['gtids'] | null> {
  const sql = `SELECT BINLOG_GTID_POS(${quoteText(file ?? '')}, ${offset})`
  const [[gtids] = []] = await session.query(sql, signal)
  return gtids === null || gtids === undefined ? null : parseGtids(gtids)
}

/** Whether the server dropped log that lies behind `read`: what comes before its first file says so. */
export async function hasDropped(
  session: Session,
  { files, read }: { readonly files: readonly LogFile[]; readonly read: GtidPosition },
  signal: AbortSignal,
): Promise<boolean> {
  const first = files[0]?.name ?? ''
  if (numberOf(read.file ?? '') >= numberOf(first)) return false
  const before = await readThere(session, { file: first, offset: FIRST_EVENT }, signal)
  return before === null || !isUpTo(before, read.gtids)
}

/** Every file begins with four bytes that say what it is. */
const FIRST_EVENT = 4

/** How far the server's clock is ahead of what has passed here, never more than it is. */
async function readClock(
  { clock }: MysqlFeedDeps,
  session: Session,
  signal: AbortSignal,
): Promise<number> {
  const [[now] = []] = await session.query('SELECT UNIX_TIMESTAMP(NOW(3)) * 1000', signal)
  return Math.round(Number(now)) - clock.passedMs()
}

/**
 * MariaDB, "Replication protocol: slave registration": the session says what it understands (4:
 * GTIDs), where it stands, and how often it wants to hear from a server with nothing to say.
 */
async function beginDump(
  log: Session,
  { gtids }: GtidPosition,
  signal: AbortSignal,
): Promise<DumpCommand> {
  const settings = [
    '@mariadb_slave_capability = 4',
    `@slave_connect_state = ${quoteText(formatGtids(gtids))}`,
    '@slave_gtid_strict_mode = 0',
    '@slave_gtid_ignore_duplicates = 0',
    '@master_binlog_checksum = @@GLOBAL.binlog_checksum',
    `@master_heartbeat_period = ${HEARTBEAT_MS * 1_000_000}`,
  ]
  await log.query(`SET ${settings.join(', ')}`, signal)
  const [[id] = []] = await log.query('SELECT CONNECTION_ID()', signal)
  const dump = new DumpCommand(serverIdOf(Number(id)))
  log.runForEver(dump)
  return dump
}

/** Nobody's who is connected to the server as well: it ends whoever reads under the same number. */
function serverIdOf(connectionId: number): number {
  if (connectionId > 0) return 0x8000_0000 + (connectionId % 0x7fff_ffff)
  throw new AppError('connector.feed-unreadable', 'Cannot read the feed: the session has no number')
}
