import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { isAccepted, type SideEffect, type WriteOp } from '../side-effect.ts'
import { type Firing, findFiring } from './find-firing.ts'
import { quoteEntity } from './quote.ts'
import type { Session } from './session.ts'

/** What was switched off, and what could not be. */
export type QuietTable = {
  /** Statements that put back what was switched off, to be run before the commit. */
  readonly undo: readonly string[]
  readonly loud: readonly Firing[]
}

/**
 * Keeps the triggers and rules of a table and its partitions from firing in this transaction: what
 * they did when the rows were first written is in the rows, and mails are not sent twice. All at
 * once, before the first write: a table with checks still waiting cannot be altered.
 *
 * @param look a session in no transaction: the snapshot of one shows no trigger that was made since
 */
export async function quietTable(
  { look, session }: { readonly look: Session; readonly session: Session },
  entity: EntityName,
  signal: AbortSignal,
): Promise<QuietTable> {
  await holdTriggers(session, entity, signal)
  const found = await findFiring(look, entity, signal)
  const undo: string[] = []
  for (const { effect, mode, table, what } of found) {
    if (effect.state === 'runs') continue
    await session.query(`alter table only ${table} disable ${what}`, signal)
    undo.push(`alter table only ${table} enable ${mode}${what}`)
  }
  return { undo, loud: found.filter(({ effect }) => effect.state === 'runs') }
}

/**
 * From here on nobody makes a trigger or a rule there: that would wait for the end of the transaction.
 * Who has rights on columns only may not hold a table.
 */
async function holdTriggers(
  session: Session,
  entity: EntityName,
  signal: AbortSignal,
): Promise<void> {
  const sql = `select relkind, pg_catalog.has_table_privilege(oid, 'insert, update, delete')
    from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1)`
  const [[kind, mayHold] = []] = await session.query(sql, signal, [quoteEntity(entity)])
  if (mayHold !== 't') return
  const only = kind === 'p' ? '' : 'only '
  await session.query(`lock table ${only}${quoteEntity(entity)} in row exclusive mode`, signal)
}

/**
 * Whether something will run.
 * @throws connector.denied when nobody accepted it
 */
export function refuseLoud(
  entity: EntityName,
  op: WriteOp,
  { accepted, loud }: { accepted: readonly SideEffect[]; loud: readonly Firing[] },
): boolean {
  const firing = loud.filter(({ ops }) => ops.includes(op))
  const refused = firing.find(({ effect }) => !isAccepted(effect, accepted))
  if (refused === undefined) return firing.length > 0
  const { kind, name } = refused.effect
  const message = `Cannot write to "${entity}": its ${kind} "${name}" would fire, and only its owner may keep it from that`
  throw new AppError('connector.denied', message, { entity, [kind]: name })
}
