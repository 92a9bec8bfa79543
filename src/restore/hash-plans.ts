import { createHash } from 'node:crypto'
import type { SourceIdentity } from '#record/cut'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { PreparedRestore } from './prepared-restore.ts'
import type { RestorePlan } from './restore-plan.ts'

/** As a plan file begins; it says what a plan is a plan for. */
export const PLAN_FORMAT = 'holdfast-plan/1'

/** What was asked for, in words of the command line that it came from. */
export type AskedFor = {
  readonly vault: string
  readonly request: Readonly<Record<string, unknown>>
}

/** One target of a plan as the hash takes it in, and as a plan file names it. */
export type HashedTarget = {
  /** What is put back; of an undone transaction, what was there before it. */
  readonly point: string
  readonly target: string
  /** Which system the name means: the plan is for no other. */
  readonly identity: SourceIdentity
  /** The address of a transaction that is undone. */
  readonly undone?: string | undefined
  /** The id of a restore that is undone. */
  readonly undoes?: string | undefined
  /** Over the lines of all steps that write, see `plan-lines.ts`. */
  readonly writes: string
}

/** A plan, and the system that it is for. */
export type PlanOfTarget = {
  readonly identity: SourceIdentity
  readonly prepared: Pick<PreparedRestore, 'plan' | 'writesHash'>
}

/**
 * Gives the plans of all targets of a restore their one hash, over what was asked for and every write.
 * What is left alone has no part in it: a new row that nobody is about to touch voids no plan.
 */
export function hashPlans(planned: readonly PlanOfTarget[], asked: AskedFor): RestorePlan[] {
  const targets = planned.map(describeTarget)
  const plan = hashPlan(asked, targets)
  return planned.map(({ prepared }) => ({ plan, ...prepared.plan }))
}

/** SHA-256, hex. */
export function hashPlan({ request, vault }: AskedFor, targets: readonly HashedTarget[]): string {
  const facts = formatCanonicalJson({ format: PLAN_FORMAT, vault, request, targets })
  return createHash('sha256').update(facts).digest('hex')
}

export function describeTarget({ identity, prepared }: PlanOfTarget): HashedTarget {
  const { plan, writesHash } = prepared
  const { point, target, undoes, undone } = plan
  const { database, system } = identity
  return {
    point,
    target,
    identity: { system, database },
    ...(undone !== undefined && { undone: undone.point }),
    ...(undoes !== undefined && { undoes }),
    writes: writesHash,
  }
}
