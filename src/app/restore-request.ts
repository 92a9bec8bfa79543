import type { LeftOut } from '#connector/connector'
import { splitFieldAddress, splitRecordAddress } from '#record/address'
import { parseEntityName } from '#record/entity-name'
import type { PlanFile, StepLines } from '#restore/plan-file'
import type { CounterMove, RecordScope, RestorePlan, RestoreScope } from '#restore/restore-plan'
import { AppError } from '#stdx/app-error'
import type { ChosenTarget } from './choose-targets.ts'
import type { Context } from './context.ts'
import type { OpenedMapping } from './open-mapping.ts'
import type { OpenedMask } from './open-mask.ts'
import type { ParentPolicy } from './plan-with-parents.ts'
import type { Provenness } from './unproven.ts'

export type RestoreDeps = Pick<
  Context,
  'clock' | 'configPath' | 'openTarget' | 'progress' | 'random' | 'readConfig'
>

export type TargetRequest = ChosenTarget & {
  /** What is put back of this one source; absent: what the request names. */
  readonly scope?: RestoreScope
  /** The id of a restore that is taken back; `point` is what that had put back. */
  readonly undoes?: string
}

export type AskedCustomers = {
  readonly ids: readonly string[]
  /** Of every source that was looked at, as exact addresses. */
  readonly points: readonly string[]
  /** SHA-256 of the text of the customer map, hex. */
  readonly map: string
}

export type RestoreRequest = {
  /** What is put back where; all of it is planned before anything is written. */
  readonly targets: readonly TargetRequest[]
  readonly entities: readonly string[]
  /** `ENTITY:KEY` */
  readonly records: readonly string[]
  /** `ENTITY:KEY:FIELD` */
  readonly fields: readonly string[]
  readonly isDeleteAllowed: boolean
  readonly isPlanOnly: boolean
  /** What `targets` were chosen from; a plan made again chooses from the same. */
  readonly customers?: AskedCustomers
  /** What the writes set off and the target cannot keep quiet may run. */
  readonly mayRunSideEffects?: boolean
  /** Who wins where the target was changed since the last capture: `theirs`, `bank=ours`. */
  readonly onConflict?: readonly string[]
  /** What becomes of rows that need a record which the target lacks; absent: they are refused. */
  readonly missingParents?: ParentPolicy
  /**
   * The target is thrown away: nothing is kept of what it held, and what came of it is not said as a
   * restore. A drill says it itself.
   */
  readonly isDrill?: boolean
  /** The customer map that names the classes of fields; absent: where it is looked for. */
  readonly mapFile?: string | undefined
  /** Whether records keep their keys or get numbers of the target: `mint`, `public.country=keep`. */
  readonly keys?: readonly string[]
  /** Fields of the point that are not put back: `ENTITY:FIELD`. */
  readonly leaveOut?: readonly string[]
  /** Fields that the target calls otherwise: `ENTITY:FIELD=NAME`. */
  readonly renamed?: readonly string[]
  /** Fields of which null is put where another platform does not hold a value: `ENTITY:FIELD=null`. */
  readonly inexact?: readonly string[]
  /** What becomes of values on their way into a test system. */
  readonly mask?: OpenedMask
  /** The shape of what is written, where the target's tables have another. */
  readonly mapping?: OpenedMapping
  /** Takes back the transaction that the point names, instead of putting back what was there then. */
  readonly undo?: UndoOptions
  /** Told before the plan of each target whether what is put back is known to be what was there. */
  readonly onProvenness?: (found: Provenness, target: string) => void
  /** Told the whole plan, with every step, before it is judged; throws to stop there. */
  readonly onPlanned?: (plan: WholePlan) => Promise<void>
  /** Told the plan that is refused until somebody has decided: conflicts, what is missing, closed periods. */
  readonly onUndecided?: (plan: AgreedPlan) => void
  /** Told the plan of each target in turn before anything is written; throws to stop there. */
  agree(plan: AgreedPlan, facts: PlanFacts): Promise<void>
  /** Told what was written to a target, and read back as planned. */
  readonly onWritten?: (plan: AgreedPlan, summary: RestoreSummary) => void
}

/** Everything that a plan file says. */
export type WholePlan = PlanFile & {
  readonly plans: readonly AgreedPlan[]
  /** Of each target. */
  readonly steps: readonly StepLines[]
}

/** One target of the plan that is agreed to. */
export type AgreedPlan = RestorePlan

export type UndoOptions = {
  /** Records that somebody changed since stay as they are; otherwise nothing is written. */
  readonly isSkippingConflicts: boolean
  /** Of a restore that is undone: they become what they were, whatever was done since. */
  readonly isForcing?: boolean
  /** Told the plan that is refused because of its conflicts. */
  refused(plan: AgreedPlan): void
}

export type PlanFacts = {
  /** The target holds no row of what is put back. */
  readonly isEmpty: boolean
  /** Records that are inserted, updated or deleted. */
  readonly writes: number
}

export type RestoreSummary = {
  readonly restore: string
  readonly plan: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly skipped: number
  readonly extra: number
  /** Of an undo: records that were left as somebody made them since. */
  readonly conflicts?: number
  /** Records that differ and that a policy left as the target has them, in whole or in part. */
  readonly stay?: number
  readonly leftOut: readonly LeftOut[]
  /** Counters that the rows left behind, and whether they are beyond them now. */
  readonly counters?: readonly CounterMove[]
  /** Restores that were interrupted when the same was asked for: each may have written, or not. */
  readonly settles?: readonly string[]
  /** Nothing was to be written, for this one had done the same before. */
  readonly earlier?: string
  readonly verified: { readonly records: number; readonly different: number }
  /** Of `durationMs`: until it was known what to write. */
  readonly planMs: number
  /** Planning and writing; not what a person took to agree. */
  readonly durationMs: number
  readonly readBackMs: number
  /** Both: from the look at the target until it was proved. */
  readonly recoveryMs: number
}

export type RestoreOutcome = {
  /** Of all targets, in the order of the request; they bear one hash. */
  readonly plans: readonly AgreedPlan[]
  /** One for each plan; `null` when only the plan was asked for. */
  readonly summaries: readonly RestoreSummary[] | null
}

/** What is put back into one target. */
export function scopeOf(request: RestoreRequest, { scope }: TargetRequest): RestoreScope {
  return scope ?? formatScope(request)
}

/** @throws app.scope-mixed | record.address-invalid | record.entity-invalid */
function formatScope({
  entities,
  fields,
  records,
}: Pick<RestoreRequest, 'entities' | 'fields' | 'records'>): RestoreScope {
  const picked: RecordScope[] = [
    ...records.map((text) => ({ ...splitRecordAddress(text), fields: null })),
    ...fields.map((text) => {
      const { entity, field, key } = splitFieldAddress(text)
      return { entity, key, fields: [field] }
    }),
  ]
  if (picked.length > 0 && entities.length > 0) {
    const message =
      'Cannot plan the restore: found --entity beside --record or --field, need one kind'
    throw new AppError('app.scope-mixed', message)
  }
  if (picked.length > 0) return { kind: 'records', records: picked }
  if (entities.length > 0) return { kind: 'entities', entities: entities.map(parseEntityName) }
  return { kind: 'all' }
}
