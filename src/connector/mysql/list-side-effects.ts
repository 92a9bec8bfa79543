import { AppError } from '#stdx/app-error'
import type { EntityWrites, SideEffect } from '../side-effect.ts'
import { hasRight, quoteUser } from './grants.ts'
import { quoteName, quoteText, tableOf } from './quote.ts'
import type { Session } from './session.ts'

/** Triggers of the tables, and events of the database while the server runs events. */
export async function listSideEffects(
  session: Session,
  writes: readonly EntityWrites[],
  signal: AbortSignal,
): Promise<SideEffect[]> {
  if (writes.length === 0) return []
  const effects = await listEvents(session, signal)
  for (const one of writes) effects.push(...(await listTriggers(session, one, signal)))
  return effects
}

/** @throws connector.denied with the right without which no trigger is shown */
export async function listTriggers(
  session: Session,
  { entity, ops }: EntityWrites,
  signal: AbortSignal,
): Promise<SideEffect[]> {
  const events = ops.filter((op) => op !== 'create').map((op) => quoteText(op.toUpperCase()))
  // A table that is made first has none.
  if (events.length === 0 || ops.includes('create')) return []
  const table = tableOf(entity)
  if (!(await hasRight(session, /^TRIGGER$/, signal))) {
    const [[database, user] = []] = await session.query('SELECT DATABASE(), CURRENT_USER()', signal)
    const grant = `GRANT TRIGGER ON ${quoteName(database ?? '')}.* TO ${quoteUser(user ?? '')};`
    const found = 'its triggers would fire, and are shown only to those with the right to them'
    throw new AppError('connector.denied', `Cannot write to "${table}": ${found}. ${grant}`, {
      table,
      grant,
    })
  }
  const found = await session.query(
    `SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE()
      AND EVENT_OBJECT_TABLE = ${quoteText(table)} AND EVENT_MANIPULATION IN (${events.join(', ')})
      ORDER BY 1`,
    signal,
  )
  return found.map(([name]) => ({ kind: 'trigger', name: name ?? '', entity, state: 'runs' }))
}

/** They run by the clock and find the rows of a restore as they find all others. */
async function listEvents(session: Session, signal: AbortSignal): Promise<SideEffect[]> {
  const [[scheduler] = []] = await session.query('SELECT @@GLOBAL.event_scheduler', signal)
  if (scheduler !== 'ON') return []
  const event = (name: string): SideEffect => ({ kind: 'event', name, entity: null, state: 'runs' })
  if (!(await hasRight(session, /^EVENT$/, signal))) return [event('*')]
  const found = await session.query(
    `SELECT EVENT_NAME FROM information_schema.EVENTS
      WHERE EVENT_SCHEMA = DATABASE() AND STATUS = 'ENABLED' ORDER BY 1`,
    signal,
  )
  return found.map(([name]) => event(name ?? ''))
}
