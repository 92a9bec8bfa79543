import { createHash } from 'node:crypto'
import type { SourceIdentity } from '#record/cut'
import { AppError } from '#stdx/app-error'
import { quoteText } from '../quote.ts'
import type { Session } from '../session.ts'

/** A server that has just lost its reader needs a moment to notice. */
const WAIT_SECONDS = 5

/** What the server's advisory lock of a feed is called: at most 64 letters. */
export function lockOf(name: string, { database }: Pick<SourceIdentity, 'database'>): string {
  const hash = createHash('sha256').update(`${database}\0${name}`).digest('hex')
  return `holdfast_feed_${hash.slice(0, 32)}`
}

/**
 * Takes the lock in the session that will read the log: it is given back when the server ends that,
 * and no moment earlier.
 *
 * @throws connector.feed-busy
 */
export async function lockFeed(
  session: Session,
  { lock, name }: { lock: string; name: string },
  signal: AbortSignal,
): Promise<void> {
  const [[got] = []] = await session.query(
    `SELECT GET_LOCK(${quoteText(lock)}, ${WAIT_SECONDS})`,
    signal,
  )
  if (got === '1') return
  const message = `Cannot read the feed "${name}": another process is reading it`
  throw new AppError('connector.feed-busy', message, { name })
}

export async function isLocked(
  session: Session,
  lock: string,
  signal: AbortSignal,
): Promise<boolean> {
  const [[isFree] = []] = await session.query(`SELECT IS_FREE_LOCK(${quoteText(lock)})`, signal)
  return isFree === '0'
}
