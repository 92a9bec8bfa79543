import { readVersion } from '../connect.ts'
import { quoteUser } from '../grants.ts'
import { readServerError } from '../mysql-error.ts'
import type { Session } from '../session.ts'

/** A file of the log. */
export type LogFile = { readonly name: string; readonly sizeBytes: number }

export type FeedFacts = {
  readonly isMariadb: boolean
  readonly version: string
  /** As a statement names it. */
  readonly user: string
  readonly settings: ReadonlyMap<string, string>
  /** Rights on everything. */
  readonly rights: ReadonlySet<string>
  /** `null`: it may not be asked, or there is no log. */
  readonly files: readonly LogFile[] | null
}

const SETTINGS = [
  'binlog_checksum',
  'binlog_expire_logs_seconds',
  'binlog_format',
  'binlog_row_image',
  'binlog_row_metadata',
  'expire_logs_days',
  'gtid_strict_mode',
  'innodb_flush_log_at_trx_commit',
  'log_bin',
  'max_binlog_total_size',
  'server_id',
  'sync_binlog',
]

export async function readFeedFacts(session: Session, signal: AbortSignal): Promise<FeedFacts> {
  const { isMariadb, text } = await readVersion(session, signal)
  const list = SETTINGS.map((name) => `'${name}'`).join(', ')
  const known = await session.query(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${list})`,
    signal,
  )
  const settings = new Map(known.map(([name, value]) => [name ?? '', value ?? '']))
  const [[user] = []] = await session.query('SELECT CURRENT_USER()', signal)
  const grants = await session.query('SHOW GRANTS', signal)
  const rights = grants.flatMap(([grant]) => GLOBAL.exec(grant ?? '')?.[1]?.split(', ') ?? [])
  return {
    isMariadb,
    version: text,
    user: quoteUser(user ?? ''),
    settings,
    rights: new Set(rights),
    files: await readLogFiles(session, signal),
  }
}

const GLOBAL = /^GRANT (.+) ON \*\.\* TO /

/** Oldest first. */
export async function readLogFiles(
  session: Session,
  signal: AbortSignal,
): Promise<LogFile[] | null> {
  try {
    const rows = await session.query('SHOW BINARY LOGS', signal)
    return rows.map(([name, size]) => ({ name: name ?? '', sizeBytes: Number(size) }))
  } catch (error) {
    const errno = readServerError(error)?.errno
    if (errno !== NO_LOG && errno !== NO_RIGHT) throw error
    return null
  }
}

const NO_LOG = 1381
const NO_RIGHT = 1227
