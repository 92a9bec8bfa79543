import { createHash } from 'node:crypto'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { PreparedRestore } from './plan-restore.ts'
import type { RestorePlan } from './restore-plan.ts'

/**
 * Gives the plans of all targets of a restore their one hash. What is left alone has no part in it: a
 * new row that nobody is about to touch voids no plan.
 */
export function hashPlans(
  prepared: readonly Pick<PreparedRestore, 'plan' | 'writesHash'>[],
): RestorePlan[] {
  const targets = prepared.map(({ plan: { point, target }, writesHash }) => {
    return { point, target, writes: writesHash }
  })
  const plan = createHash('sha256').update(formatCanonicalJson(targets)).digest('hex')
  return prepared.map((one) => ({ plan, ...one.plan }))
}
