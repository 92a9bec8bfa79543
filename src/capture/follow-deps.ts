import type { Source } from '#connector/connector'
import type { EntityName } from '#record/entity-name'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { Vault } from '#vault/vault'
import type { CaptureEntity, CaptureProgress } from './capture-entity.ts'
import type { FollowEvent } from './follow-events.ts'

export type FollowDeps = {
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  readonly tempDir: string
  /** Opens the source anew: after a failure it may be another server behind the same address. */
  openSource(signal: AbortSignal): Promise<Source>
  /** Where scans are captured; a pool each time, because keys may have changed. */
  openCapturePool(
    signal: AbortSignal,
  ): Promise<AsyncDisposable & { readonly captureEntity: CaptureEntity }>
  readonly begun: BegunMark
  /** Of scans. */
  readonly progress: CaptureProgress
  tell(event: FollowEvent): void
  /** Called after each entry that was committed, before anything else happens. */
  afterCommit(): Promise<void>
}

/**
 * Remembers that a feed was begun whose first scan is not in the vault yet: a process that dies
 * meanwhile leaves a feed behind that no entry speaks of, and the next may take its place.
 */
export type BegunMark = {
  read(): Promise<boolean>
  /** Never fails: without it a person has to remove the feed. */
  write(isBegun: boolean): Promise<void>
}

export type FollowRequest = {
  readonly source: string
  readonly connector: string
  /** What the feed is called in the source. */
  readonly feed: string
  readonly isIncluded: (entity: EntityName) => boolean
  readonly scansMax: number
  readonly sortBytesMax: number
  /** Longest a transaction waits for others, in an entry. */
  readonly commitMs: number
  /** How often a source that tells nothing gets an entry, so that it need not keep its log. */
  readonly heartbeatMs: number
  /** How often all is scanned and compared with what was told; `null`: only when it has to be. */
  readonly reconcileMs: number | null
  /** Scans at once, and ends when that is committed. */
  readonly isOneScan?: boolean
}

/** What goes on from one attempt to follow to the next. Moments are those of `Clock.passedMs`. */
export type FollowMemory = {
  /** Whether the feed was ever open: from then on everything that may pass is waited for. */
  hasFollowed: boolean
  /** The newest point when the timeline was read last; `null`: there was none. */
  newestSeq: number | null
  lastEntryMs: number
  /** Before then no scan but by the schedule: a scan may take long, and reasons come in crowds. */
  pauseUntilMs: number
  /** How often scans beside the feed have failed since the newest. */
  scansFailed: number
  /** When the next scan is due, and why; `undefined`: by the schedule. */
  reconcile: { readonly dueMs: number; readonly why: string } | undefined
}
