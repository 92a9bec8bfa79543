import type { Cut } from '#record/cut'
import type { Session } from '../session.ts'
import { formatPosition, parseLsn } from './lsn.ts'

/**
 * Where the next record of the log will begin, also behind commits that nobody waited for, and the
 * server's clock just before.
 */
export async function readLogEnd(
  session: Session,
  signal: AbortSignal,
): Promise<Pick<Cut, 'position' | 'time'>> {
  const [[time, lsn, segment, pageBytes] = []] = await session.query(LOG_END, signal)
  const timeline = Number.parseInt((segment ?? '').slice(0, 8), 16)
  const end = endOfRecord(parseLsn(lsn ?? ''), BigInt(pageBytes ?? ''))
  return { position: formatPosition({ lsn: end, timeline }), time: time ?? '' }
}

// `statement_timestamp()` is of before anything of it was evaluated.
const LOG_END = `select pg_catalog.to_char(pg_catalog.statement_timestamp() at time zone 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), lsn, pg_catalog.pg_walfile_name(lsn),
    pg_catalog.current_setting('wal_block_size')
  from (select pg_catalog.pg_current_wal_insert_lsn() as lsn offset 0) at`

/** Of a page, and of the first one of a file. */
const HEADERS_BYTES = [24n, 40n]

/**
 * Where the last record ends. At the end of a page the server counts the header of the next one in
 * before there is any record, and a feed that has told everything stands before that header.
 */
export function endOfRecord(next: bigint, pageBytes: bigint): bigint {
  const within = next % pageBytes
  return HEADERS_BYTES.includes(within) ? next - within : next
}
