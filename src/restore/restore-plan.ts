import type { SideEffect } from '#connector/side-effect'
import type { EntityName } from '#record/entity-name'
import type { NotRestored } from '#record/schema'
import type { ConflictKind } from './judge-undo.ts'

/** What a restore puts back: everything of a point, some entities, or single records and fields. */
export type RestoreScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'entities'; readonly entities: readonly EntityName[] }
  | { readonly kind: 'records'; readonly records: readonly RecordScope[] }

export type RecordScope = {
  readonly entity: EntityName
  /** The key's address. */
  readonly key: string
  /** Only these fields; `null` for the whole record. */
  readonly fields: readonly string[] | null
}

/**
 * One target of a plan. `plan` is the hash of the whole (SHA-256, hex; see `hash-plans.ts`): two plans
 * with the same hash write the same values over the same values of the same records.
 */
export type RestorePlan = TargetPlan & { readonly plan: string }

/** What would be written to one target, by entity, in the order of writing. */
export type TargetPlan = {
  readonly point: string
  readonly target: string
  readonly steps: readonly EntityStep[]
  /** Recorded by name at the point, and not put back. */
  readonly notRestored: readonly NotRestored[]
  /** What writing would set off in the target, kept quiet or not; left out where nobody has looked. */
  readonly sideEffects?: readonly SideEffect[]
  /** Of an undo: the transaction that is taken back; `point` is right before it. */
  readonly undone?: UndoneTransaction
  /** Of an undo: records that it leaves alone, the first of them; steps count all. */
  readonly conflicts?: readonly Conflict[]
}

export type UndoneTransaction = {
  /** Its address: `erp@12.5`. */
  readonly point: string
  /** As the source names it. */
  readonly transaction: string
  /** Of its commit, ISO 8601. */
  readonly time: string
}

/** A record that somebody changed after the transaction that had changed it. */
export type Conflict = {
  readonly entity: EntityName
  /** The key's address. */
  readonly key: string
  /**
   * `changed`: fields are neither as the transaction left them nor as they were before. `gone`: it was
   * deleted since. `back`: the transaction had deleted it, and it was added again.
   */
  readonly found: ConflictKind
  readonly fields: readonly string[]
}

export type EntityStep = {
  readonly entity: EntityName
  /** `create`: the target does not have the table. */
  readonly action: 'create' | 'repair'
  readonly insert: number
  readonly update: number
  readonly delete: number
  /** Rows of the target that the point does not hold and that are left standing. */
  readonly extra: number
  /** Records of the scope that are already what the point says. */
  readonly same: number
  /** Fields that would be written and have another type in the target: not every value may survive. */
  readonly otherTypes: readonly OtherType[]
  /** Of an undo: records that somebody changed since. */
  readonly conflicts?: number
}

export type OtherType = {
  readonly field: string
  /** The type at the point. */
  readonly point: string
  readonly target: string
}

export function countWrites(step: EntityStep): number {
  return step.insert + step.update + step.delete
}
