import { readVersion } from '../connect.ts'
import { quoteUser } from '../grants.ts'
import { readServerError } from '../mysql-error.ts'
import type { AnswerRow, Session } from '../session.ts'

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
  readonly database: string
  /** Databases that alone are in the log, when there are any; and those that are not. */
  readonly logged: { readonly only: readonly string[]; readonly not: readonly string[] }
  /** Whether it follows another server itself. */
  readonly isReplica: boolean
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
  'log_slave_updates',
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
  const [[user, database] = []] = await session.query('SELECT CURRENT_USER(), DATABASE()', signal)
  const running = await session.query("SHOW GLOBAL STATUS LIKE 'Slaves_running'", signal)
  const grants = await session.query('SHOW GRANTS', signal)
  const rights = grants.flatMap(([grant]) => GLOBAL.exec(grant ?? '')?.[1]?.split(', ') ?? [])
  return {
    isMariadb,
    version: text,
    user: quoteUser(user ?? ''),
    settings,
    rights: new Set(rights),
    files: await readLogFiles(session, signal),
    database: database ?? '',
    logged: await readLogged(session, signal),
    isReplica: Number(running[0]?.[1] ?? 0) > 0,
  }
}

const GLOBAL = /^GRANT (.+) ON \*\.\* TO /

/** Oldest first. */
export async function readLogFiles(
  session: Session,
  signal: AbortSignal,
): Promise<LogFile[] | null> {
  const rows = await ask(session, 'SHOW BINARY LOGS', signal)
  return rows?.map(([name, size]) => ({ name: name ?? '', sizeBytes: Number(size) })) ?? null
}

async function readLogged(session: Session, signal: AbortSignal): Promise<FeedFacts['logged']> {
  const rows = await ask(session, 'SHOW MASTER STATUS', signal)
  const [, , only, not] = rows?.[0] ?? []
  const listOf = (text: string | null | undefined) => (text ? text.split(',') : [])
  return { only: listOf(only), not: listOf(not) }
}

/** `null`: it may not be asked, or there is no log. */
async function ask(
  session: Session,
  sql: string,
  signal: AbortSignal,
): Promise<AnswerRow[] | null> {
  try {
    return await session.query(sql, signal)
  } catch (error) {
    const errno = readServerError(error)?.errno
    if (errno !== NO_LOG && errno !== NO_RIGHT) throw error
    return null
  }
}

const NO_LOG = 1381
const NO_RIGHT = 1227
