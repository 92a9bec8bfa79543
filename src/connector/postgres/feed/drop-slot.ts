import { AppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import { readServerError, withoutValues } from '../pg-error.ts'
import { quoteLiteral } from '../quote.ts'
import type { Session } from '../session.ts'

/**
 * Waits a little for a reader that has just gone: the server needs a moment to notice.
 * @throws connector.feed-busy while somebody reads from it
 */
export async function dropSlot(
  { clock, session }: { readonly clock: Clock; readonly session: Session },
  name: string,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const sql = `select pg_catalog.pg_drop_replication_slot(${quoteLiteral(name)})`
      await session.query(sql, signal)
      return
    } catch (error) {
      if (readServerError(error)?.sqlState !== '55006') throw error
      if (attempt >= DROP_ATTEMPTS_MAX) {
        const message = `Cannot remove the feed "${name}": somebody is reading it`
        const cause = withoutValues(error)
        throw new AppError('connector.feed-busy', message, { name }, { cause })
      }
      await clock.sleep(DROP_DELAY_MS, signal)
    }
  }
}

const DROP_ATTEMPTS_MAX = 20
const DROP_DELAY_MS = 250
