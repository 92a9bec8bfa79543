import type { EntityName } from '#record/entity-name'
import type { NotRestored } from '#record/schema'

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
 * What would be written, by entity, in the order of writing. `plan` is a hash over every single step
 * (SHA-256, hex): two plans with the same hash write the same values to the same records.
 */
export type RestorePlan = {
  readonly plan: string
  readonly point: string
  readonly target: string
  readonly steps: readonly EntityStep[]
  /** Recorded by name at the point, and not put back. */
  readonly notRestored: readonly NotRestored[]
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
