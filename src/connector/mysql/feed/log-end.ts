import type { Cut } from '#record/cut'
import { AppError } from '#stdx/app-error'
import { quoteText } from '../quote.ts'
import type { Session } from '../session.ts'
import { formatPosition, parseGtids } from './gtid-position.ts'

/**
 * Where the log ends, and the time before that was asked.
 *
 * @throws connector.feed-not-ready when there is no log
 */
export async function readLogEnd(
  session: Session,
  signal: AbortSignal,
): Promise<Pick<Cut, 'position' | 'time'>> {
  const now = "SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')"
  const [[time] = []] = await session.query(now, signal)
  const [[file, offset] = []] = await session.query('SHOW MASTER STATUS', signal)
  if (!file) {
    const message = 'Cannot ask where the log ends: the server writes no binary log'
    throw new AppError('connector.feed-not-ready', message)
  }
  const sql = `SELECT BINLOG_GTID_POS(${quoteText(file)}, ${offset})`
  const [[gtids] = []] = await session.query(sql, signal)
  const position = { gtids: parseGtids(gtids ?? ''), file, offset: Number(offset) }
  return { position: formatPosition(position), time: time ?? '' }
}
