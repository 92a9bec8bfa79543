import { createHash } from 'node:crypto'
import type { EntityName } from '#record/entity-name'
import { formatCanonicalJson } from '#stdx/canonical-json'

/**
 * What a migration is held against: the records of a point as a mapping file turns them, and a target
 * as it is. The document as `--json` prints it. The same point, mapping and target give the same one.
 */
export type Reconciliation = ReconciliationFacts & {
  /** SHA-256, hex, over all facts but the list of differences, which has a hash of its own. */
  readonly sha256: string
}

export type ReconciliationFacts = {
  readonly format: typeof RECONCILIATION_FORMAT
  /** `unproven`: something could not be looked at, or the point itself is. */
  readonly verdict: Verdict
  /** The id of the vault that holds the point. */
  readonly vault: string
  readonly point: { readonly address: string; readonly time: string }
  readonly target: {
    readonly name: string
    readonly connector: string
    readonly system: string
    readonly database: string
  }
  /** SHA-256 of the text of the mapping file, hex. */
  readonly mapping: { readonly sha256: string }
  /** Records of the target that no record of the point became do not make it differ. */
  readonly isExtraAllowed: boolean
  /** Those of the target, in the order of the mapping file. */
  readonly entities: readonly ReconciledEntity[]
  /** Entities of the point that go nowhere. */
  readonly notMigrated: readonly { readonly entity: EntityName; readonly records: number }[]
  readonly totals: readonly ReconciledTotal[]
  readonly differences: Differences
}

export type Verdict = 'same' | 'differs' | 'unproven'

export const RECONCILIATION_FORMAT = 'holdfast-reconciliation/1'

export type ReconciledEntity = {
  /** Of the target. */
  readonly entity: EntityName
  readonly verdict: Verdict
  /** Of the point, with how many records each holds and how many of them are mapped. */
  readonly from: readonly {
    readonly entity: EntityName
    readonly records: number
    readonly mapped: number
  }[]
  /** Mapped records of the point. */
  readonly source: RecordsOfSide
  readonly target: RecordsOfSide
  readonly same: number
  /** Mapped records that the target does not have. */
  readonly missing: number
  /** Records of the target that no record of the point became. */
  readonly extra: number
  readonly different: number
  /** Why it is unproven; absent where it is not. */
  readonly reason?: string
}

export type RecordsOfSide = {
  readonly records: number
  /** SHA-256, hex, over the canonical text of all rows in the order of their keys in the target. */
  readonly fingerprint: string
}

export type ReconciledTotal = {
  readonly name: string
  readonly verdict: 'same' | 'differs'
  /** What the groups are of, in the words of the source. */
  readonly by: readonly string[]
  readonly groups: readonly TotalGroup[]
}

/** Amounts are exact decimal text. */
export type TotalGroup = {
  /** In the words of the target. */
  readonly by: readonly (string | null)[]
  readonly source: TotalOfSide
  readonly target: TotalOfSide
  /** What the target holds, less what the source holds. */
  readonly difference: string
}

export type TotalOfSide = {
  readonly records: number
  readonly amount: string
  /** How many records have no amount: they count as nothing. */
  readonly empty: number
  /** How many records have an amount that is no exact decimal number: the group differs. */
  readonly unreadable: number
}

export type Differences = {
  readonly count: number
  /** SHA-256, hex, of the list of all of them as CSV. */
  readonly sha256: string
  /** The first ones. */
  readonly shown: readonly Difference[]
}

export type Difference = {
  readonly kind: 'missing' | 'extra' | 'different'
  readonly entity: EntityName
  /** Address in the target. */
  readonly key: string
  /** The record of the point; `null` where the target's belongs to none. */
  readonly from: { readonly entity: EntityName; readonly key: string } | null
  /** Of records that are different. */
  readonly fields: readonly DifferentField[]
}

export type DifferentField = {
  readonly field: string
  /** As the mapping turns it. */
  readonly wanted: string | null
  readonly found: string | null
}

/** The document with its hash. Pure. */
export function sealReconciliation(facts: ReconciliationFacts): Reconciliation {
  const { count, sha256 } = facts.differences
  const text = formatCanonicalJson({ ...facts, differences: { count, sha256 } })
  return { ...facts, sha256: createHash('sha256').update(text).digest('hex') }
}
