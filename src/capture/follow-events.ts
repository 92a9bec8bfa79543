import type { EntityName } from '#record/entity-name'
import type { CaptureSummary } from './run-capture.ts'

/** What a follower tells whoever started it, in the order in which it happens. */
export type FollowEvent =
  /** A scan begins: of a feed that begins, or beside one that goes on. */
  | { readonly kind: 'scanning'; readonly part: 'begin' | 'reconcile'; readonly why: string }
  | { readonly kind: 'began'; readonly summary: CaptureSummary }
  | ({ readonly kind: 'reconciled'; readonly summary: CaptureSummary } & Comparison)
  | ({ readonly kind: 'opened' } & OpenedEvent)
  | ({ readonly kind: 'committed' } & CommittedEvent)
  /** The source has told everything up to this moment of its clock. */
  | { readonly kind: 'idle'; readonly time: string }
  /** Something could not be told: since this entry it is not known what these entities hold. */
  | ({ readonly kind: 'gap' } & GapEvent)
  | { readonly kind: 'reconcile-failed'; readonly error: unknown; readonly nextMs: number }
  /** A canary came through: it was told by the feed, and is durable in the vault. */
  | { readonly kind: 'canary'; readonly delayMs: number }
  /** One has not come through in time; told once until one does. */
  | { readonly kind: 'canary-late'; readonly ageMs: number }
  /** The row could not be updated; told once until it can, one comes through or it fails otherwise. */
  | { readonly kind: 'canary-failed'; readonly error: unknown }
  /** Nothing is lost: once more after a while. */
  | { readonly kind: 'waiting'; readonly error: unknown; readonly delayMs: number }

/** The feed is open, behind this point. */
export type OpenedEvent = {
  readonly seq: number
  /** Its cut: what the vault holds of the source up to there is all there was. */
  readonly position: string
  readonly time: string
}

export type CommittedEvent = {
  readonly seq: number
  readonly transactions: number
  /** Rows inserted, updated and deleted. */
  readonly changes: number
  readonly position: string
  /** Of the source, at that position: up to then the vault holds all that it tells. */
  readonly time: string
  readonly bytesStored: number
  /** From the earliest commit in the source until the entry was durable; `null` of a heartbeat. */
  readonly lagMs: number | null
}

export type GapEvent = {
  readonly seq: number
  readonly reason: string
  readonly found: string
  readonly remedy: readonly string[]
  /** `null`: all. */
  readonly entities: readonly EntityName[] | null
}

export type Comparison = {
  /** Entities of which the point before claimed to know what they hold. */
  readonly compared: number
  readonly repairs: Repairs
}

/** Differences that a scan found between what the feed had told and what was there. */
export type Repairs = {
  /** In entities that the feed tells: it should have. */
  readonly told: number
  /** In the others, which only scans see. */
  readonly others: number
}
