import type { MappedType } from '#connector/mapping'
import type { SideEffect } from '#connector/side-effect'
import type { EntityName } from '#record/entity-name'
import type { NotRestored } from '#record/schema'
import type { AdjustingEntry } from './closed-periods.ts'
import type { MovedRecord } from './find-moved.ts'
import type { ConflictKind } from './judge-undo.ts'
import type { MissingRecord } from './needed-records.ts'
import type { Policy } from './policy.ts'
import type { ReferredRecord } from './referring-records.ts'

/** What a restore puts back: everything of a point, some entities, or single records and fields. */
export type RestoreScope =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'entities'
      readonly entities: readonly EntityName[]
      /** Of other entities. */
      readonly records?: readonly RecordScope[]
    }
  | { readonly kind: 'records'; readonly records: readonly RecordScope[] }

export type RecordScope = {
  readonly entity: EntityName
  /** The key's address. */
  readonly key: string
  /** Only these fields; `null` for the whole record. */
  readonly fields: readonly string[] | null
  /**
   * Whether the point holds it, where that is known and the key is spelled exactly: `since` came to
   * what is put back after the point, and is deleted only where that is allowed.
   */
  readonly seen?: 'at-point' | 'since'
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
  /** Of a target of another platform: what becomes of the fields and tables of the point there. */
  readonly mappings?: readonly MappedType[]
  /** Fields that were told to be left out, or to have another name in the target. */
  readonly fits?: readonly FieldFit[]
  /** `ENTITY:FIELD=null`: null takes the place of values that another platform does not hold. */
  readonly inexact?: readonly string[]
  /** The first records that go on in rows of the target which earlier ones became that are gone. */
  readonly moved?: readonly MovedRecord[]
  /** What new records of the target get their numbers from, where planned rows bear numbers beyond it. */
  readonly counters?: readonly CounterMove[]
  /** What writing would set off in the target, kept quiet or not; left out where nobody has looked. */
  readonly sideEffects?: readonly SideEffect[]
  /** Of an undo: the transaction that is taken back; `point` is right before it. */
  readonly undone?: UndoneTransaction
  /** Of an undo: the restore that is taken back; `point` is what that had put back. */
  readonly undoes?: string
  /**
   * The first of them; steps count those that are open. Of an undo: records that it leaves alone. Of a
   * restore: records in which history tells another value than both the point and the target.
   */
  readonly conflicts?: readonly Conflict[]
  /** What would change in closed posting periods, and is to be posted in an open one instead. */
  readonly adjusting?: { readonly records: number; readonly entries: readonly AdjustingEntry[] }
  /** What planned rows need, and the target lacks or must not use. */
  readonly missing?: readonly MissingRecord[]
  /** What would be deleted, though rows of the target that stay refer to it. */
  readonly referred?: readonly ReferredRecord[]
  /** What is deleted all the same, because a person said so: those rows then refer to nothing. */
  readonly dangling?: readonly ReferredRecord[]
}

/** A field of the point that the target calls otherwise; `null`: nothing is written to it. */
export type FieldFit = {
  readonly entity: EntityName
  readonly field: string
  readonly becomes: string | null
}

/** A counter of the target, and the furthest number that it must not give to a new record. */
export type CounterMove = {
  readonly entity: EntityName
  readonly field: string
  /** As the target calls it. */
  readonly counter: string
  /** A whole number in decimal digits. */
  readonly to: string
  /** Why it stays where it is: then the target may give a number that is taken. */
  readonly refused?: string
  /** What moves it, for a person who may. */
  readonly sql?: string
}

export type UndoneTransaction = {
  /** Its address: `erp@12.5`. */
  readonly point: string
  /** As the source names it. */
  readonly transaction: string
  /** Of its commit, ISO 8601. */
  readonly time: string
}

/** A record that somebody changed after what history tells of it: a transaction, or the newest capture. */
export type Conflict = {
  readonly entity: EntityName
  /** The key's address. */
  readonly key: string
  /**
   * `changed`: fields are neither as the transaction left them nor as they were before. `gone`: it was
   * deleted since. `back`: history tells that it was deleted, and it was added again.
   */
  readonly found: ConflictKind
  readonly fields: readonly string[]
  /** Of a restore: what each side holds and what becomes of it. */
  readonly values?: readonly ContestedValue[]
  /** Of a record that the point does not hold and that would be deleted. */
  readonly becomes?: ContestedValue['becomes']
}

/** A field of three values. A value is left out where it is too large to be shown, or not there. */
export type ContestedValue = {
  readonly field: string
  readonly class: string
  readonly point?: string | null
  /** At the newest capture of the source. */
  readonly captured?: string | null
  /** On the target, now. */
  readonly live?: string | null
  readonly policy: Policy
  /** What is there after the restore; `open`: somebody has to decide. */
  readonly becomes: 'point' | 'live' | 'open'
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
  /** Of an undo: records that somebody changed since. Of a restore: those that nobody has decided on. */
  readonly conflicts?: number
  /** Records that differ and that a policy leaves as the target has them, in whole or in part. */
  readonly stay?: number
  /** Records whose references are not put back, because what they name is not there. */
  readonly emptied?: number
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
