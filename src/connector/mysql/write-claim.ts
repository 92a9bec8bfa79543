import { createHash } from 'node:crypto'
import type { SourceIdentity } from '#record/cut'
import { AppError } from '#stdx/app-error'
import { quoteText } from './quote.ts'
import type { Session } from './session.ts'

/** As long as other locks are waited for. */
const WAIT_SECONDS = 60

/** What the advisory lock is called that says that a restore writes to a database: at most 64 letters. */
export function claimOf({ database }: Pick<SourceIdentity, 'database'>): string {
  const hash = createHash('sha256').update(database.toLowerCase()).digest('hex')
  return quoteText(`holdfast_write_${hash.slice(0, 32)}`)
}

/** Waits until nobody holds it. @throws connector.busy */
export async function untilUnclaimed(
  session: Session,
  lock: string,
  signal: AbortSignal,
): Promise<void> {
  await take(session, { lock, seconds: WAIT_SECONDS }, signal)
  await release(session, lock, signal)
}

/**
 * Takes it until `release`, or until the server ends the session. Who is there first has it: whoever waited would
 * go on from what is outdated by then.
 *
 * @throws connector.busy
 */
export async function claim(session: Session, lock: string, signal: AbortSignal): Promise<void> {
  await take(session, { lock, seconds: 0 }, signal)
}

export async function release(session: Session, lock: string, signal: AbortSignal): Promise<void> {
  await session.query(`DO RELEASE_LOCK(${lock})`, signal)
}

async function take(
  session: Session,
  { lock, seconds }: { readonly lock: string; readonly seconds: number },
  signal: AbortSignal,
): Promise<void> {
  const sql = `SELECT GET_LOCK(${lock}, ${seconds}), IS_USED_LOCK(${lock})`
  const [[got, holder] = []] = await session.query(sql, signal)
  if (got === '1') return
  const which = holder ? ` (connection ${holder} of the server)` : ''
  const message = `Cannot begin to write: another restore is writing to the database${which}`
  throw new AppError('connector.busy', message, { connection: holder ?? null })
}
