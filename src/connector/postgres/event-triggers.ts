import { AppError } from '#stdx/app-error'
import { isAccepted, type SideEffect } from '../side-effect.ts'
import { quoteName } from './quote.ts'
import type { Session } from './session.ts'

type EventTrigger = { readonly effect: SideEffect; readonly mode: string }

/**
 * What every change of a definition sets off in this database: a restore makes a table for the rows
 * it is given, and alters those whose triggers it keeps quiet. Event triggers that belong to an
 * extension are part of it and stay as they are.
 *
 * @param isCreating tables are made again, with all that comes with them
 */
export async function findEventTriggers(
  session: Session,
  isCreating: boolean,
  signal: AbortSignal,
): Promise<EventTrigger[]> {
  const found = await session.query(EVENT_TRIGGERS, signal, [isCreating])
  return found.map(([name, mode, mayDisable]) => ({
    effect: {
      kind: 'event trigger',
      name: name ?? '',
      entity: null,
      state: mayDisable === 't' ? 'quiet' : 'runs',
    },
    mode: mode ?? '',
  }))
}

type Quieting = {
  readonly accepted: readonly SideEffect[]
  readonly isCreating: boolean
  /** In no transaction: the snapshot of one does not show what was made since. */
  readonly look: Session
}

/**
 * Switches them off in this transaction.
 *
 * @returns the statements that put them back, to be run before the commit
 * @throws connector.denied when one would run that nobody accepted
 */
export async function quietEventTriggers(
  session: Session,
  { accepted, isCreating, look }: Quieting,
  signal: AbortSignal,
): Promise<string[]> {
  const undo: string[] = []
  // Of two restores at once the second would find them changed under its hands.
  const held = await look.query(SOME_ARE_OWNED, signal)
  if (held.length > 0)
    await session.query(`select pg_catalog.pg_advisory_xact_lock(${LOCK})`, signal)
  for (const { effect, mode } of await findEventTriggers(look, isCreating, signal)) {
    const alter = `alter event trigger ${quoteName(effect.name)}`
    if (effect.state === 'quiet') {
      await session.query(`${alter} disable`, signal)
      undo.push(`${alter} enable${mode}`)
    } else if (!isAccepted(effect, accepted)) {
      const message = `Cannot write to the database: its event trigger "${effect.name}" would fire, and only its owner may keep it from that`
      throw new AppError('connector.denied', message, { eventTrigger: effect.name })
    }
  }
  return undo
}

/** A number for locks that nobody else is likely to use. */
const LOCK = 5_197_246_034_112_409n

const SOME_ARE_OWNED = `select from pg_catalog.pg_event_trigger
  where evtevent <> 'login' and pg_catalog.pg_has_role(evtowner, 'USAGE') limit 1`

/** Without a list of commands one fires at all of them. */
const EVENT_TRIGGERS = `select evtname, case evtenabled when 'A' then ' always' else '' end,
    pg_catalog.pg_has_role(evtowner, 'USAGE')
  from pg_catalog.pg_event_trigger e
  where evtenabled in ('O', 'A') and evtevent <> 'login'
    and coalesce(pg_catalog.current_setting('event_triggers', true), 'on') <> 'off'
    and ($1::bool or evttags is null or evttags && '{ALTER TABLE,CREATE TABLE AS,DROP TABLE}'::text[])
    and not exists (select from pg_catalog.pg_depend d where d.deptype = 'e' and d.objid = e.oid
      and d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass)
  order by 1`
