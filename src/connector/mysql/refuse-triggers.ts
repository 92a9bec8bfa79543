import { AppError } from '#stdx/app-error'
import { hasRight, quoteUser } from './grants.ts'
import { quoteName, quoteText } from './quote.ts'
import type { Session } from './session.ts'

/**
 * Refuses to write to a table whose triggers would fire: no server of this kind can keep them quiet
 * for one session, and what they did is in the rows already.
 *
 * @throws connector.denied naming the trigger, or the right without which none is shown
 */
export async function refuseTriggers(
  session: Session,
  { event, table }: { event: 'INSERT' | 'UPDATE' | 'DELETE'; table: string },
  signal: AbortSignal,
): Promise<void> {
  if (!(await hasRight(session, /^TRIGGER$/, signal))) {
    const [[database, user] = []] = await session.query('SELECT DATABASE(), CURRENT_USER()', signal)
    const grant = `GRANT TRIGGER ON ${quoteName(database ?? '')}.* TO ${quoteUser(user ?? '')};`
    const found = 'its triggers would fire, and are shown only to those with the right to them'
    throw new AppError('connector.denied', `Cannot write to "${table}": ${found}. ${grant}`, {
      table,
      grant,
    })
  }
  const [[trigger] = []] = await session.query(
    `SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE()
      AND EVENT_OBJECT_TABLE = ${quoteText(table)} AND EVENT_MANIPULATION = '${event}'`,
    signal,
  )
  if (trigger == null) return
  const found = `its trigger "${trigger}" would fire; drop it, restore, and create it again`
  throw new AppError('connector.denied', `Cannot write to "${table}": ${found}`, { table, trigger })
}
