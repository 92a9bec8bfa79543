import { AppError } from '#stdx/app-error'
import { readServerError } from './pg-error.ts'
import type { Session } from './session.ts'

/**
 * The advisory lock of a database that says that a restore writes to it: the first 8 bytes of SHA-256 of
 * "holdfast restore". It is held by the very transaction that writes, and so ends with it, however that ends.
 */
const LOCK = 1_333_186_427_084_405_149n

/**
 * Waits until nobody holds it, for as long as locks are waited for. Outside of a transaction.
 * @throws connector.busy
 */
export async function untilUnclaimed(session: Session, signal: AbortSignal): Promise<void> {
  try {
    await session.query(`select pg_catalog.pg_advisory_xact_lock(${LOCK})`, signal)
  } catch (error) {
    if (readServerError(error)?.sqlState !== LOCK_NOT_AVAILABLE) throw error
    throw await claimed(session, signal)
  }
}

const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Takes it for the transaction of a session. Who is there first has it: whoever waited would go on from what is
 * outdated by then.
 *
 * @throws connector.busy
 */
export async function claim(session: Session, signal: AbortSignal): Promise<void> {
  const sql = `select pg_catalog.pg_try_advisory_xact_lock(${LOCK})`
  const [[isOurs] = []] = await session.query(sql, signal)
  if (isOurs !== 't') throw await claimed(session, signal)
}

async function claimed(session: Session, signal: AbortSignal): Promise<AppError> {
  const sql = `select pid from pg_catalog.pg_locks
    where locktype = 'advisory' and objsubid = 1 and granted
      and (classid::bigint << 32 | objid::bigint) = ${LOCK}
      and database = (select oid from pg_catalog.pg_database where datname = current_database())`
  const [[process] = []] = await session.query(sql, signal)
  const which = process ? ` (process ${process} of the server)` : ''
  const message = `Cannot begin to write: another restore is writing to the database${which}`
  return new AppError('connector.busy', message, { process: process ?? null })
}
