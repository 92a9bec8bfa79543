import type { EntityWrites, SideEffect } from '../side-effect.ts'
import { findCronJobs } from './cron-jobs.ts'
import { findEventTriggers } from './event-triggers.ts'
import { findFiring } from './find-firing.ts'
import type { Session } from './session.ts'

export async function listSideEffects(
  session: Session,
  writes: readonly EntityWrites[],
  signal: AbortSignal,
): Promise<SideEffect[]> {
  const effects: SideEffect[] = []
  if (writes.length > 0) {
    const isCreating = writes.some(({ ops }) => ops.includes('create'))
    const found = await findEventTriggers(session, isCreating, signal)
    effects.push(...found.map(({ effect }) => effect), ...(await findCronJobs(session, signal)))
  }
  for (const { entity, ops } of writes) {
    const firing = await findFiring(session, entity, signal)
    const fires = firing.filter((one) => one.ops.some((op) => ops.includes(op)))
    effects.push(...fires.map(({ effect }) => effect))
  }
  return effects
}
