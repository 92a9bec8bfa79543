import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { isAccepted, type SideEffect, type WriteOp } from '../side-effect.ts'
import { listTriggers } from './list-side-effects.ts'
import { quoteName, tableOf } from './quote.ts'
import type { Session } from './session.ts'

/**
 * Refuses to write to a table whose triggers would fire, unless they were accepted: no server of this
 * kind can keep them quiet for one session, and what they did is in the rows already.
 *
 * @throws connector.denied naming the trigger, or the right without which none is shown
 */
export async function refuseTriggers(
  {
    accepted,
    session,
    signal,
  }: {
    readonly accepted: readonly SideEffect[]
    readonly session: Session
    readonly signal: AbortSignal
  },
  entity: EntityName,
  op: WriteOp,
): Promise<void> {
  // Opened in the transaction, a table takes no new trigger until that ends.
  await session.query(`SELECT 1 FROM ${quoteName(tableOf(entity))} LIMIT 0`, signal)
  const found = await listTriggers(session, { entity, ops: [op] }, signal)
  const refused = found.find((effect) => !isAccepted(effect, accepted))
  if (refused === undefined) return
  const trigger = refused.name
  const message = `Cannot write to "${entity}": its trigger "${trigger}" would fire; drop it, restore, and create it again`
  throw new AppError('connector.denied', message, { entity, trigger })
}
