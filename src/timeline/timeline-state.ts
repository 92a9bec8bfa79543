import type { Cut } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { JsonValue, NotRestored, SchemaVersion } from '#record/schema'
import type { Stamp } from '#record/stamp'
import type { PlacedSegment } from '#segment/segment'
import type { CaptureBody, EntityAtPoint, Transaction } from './entry.ts'
import type { VoidSlot } from './envelope.ts'
import type { ExpiredPoints } from './expired-points.ts'
import type { KnownSessions } from './known-sessions.ts'
import type { PagedLog } from './paged-log.ts'
import type { PointList } from './point-list.ts'

/**
 * A timeline read to its head: everything that can be asked about a source without opening a
 * segment. Folding is pure; the same entries give the same state. What grows with the number of
 * entries may lie in pages that are read when they are asked for.
 */
export type TimelineState = {
  readonly source: string
  readonly headSeq: number
  /** SHA-256 of the head entry's stored bytes, hex. */
  readonly headHash: string
  /** Recovery points, ascending by seq; expired ones are not among them. */
  readonly points: PointList
  /** What feeds could not tell, in the order in which it became known. */
  readonly gaps: readonly Gap[]
  /** Points that were let go, and the entry that did it. */
  readonly expired: ExpiredPoints
  /** The newest entry that said anything of holds or expiry: what the next agreement names. */
  readonly basis: number | null
  /** All schema versions ever, per entity, ascending by version. */
  readonly schemas: ReadonlyMap<EntityName, readonly SchemaVersion[]>
  /** Live segments, per entity, in the order they were added; `seq` is the entry that added them. */
  readonly segments: ReadonlyMap<EntityName, readonly PlacedSegment[]>
  /** Segments that others stand for now; their objects are there until they are collected. */
  readonly replaced: PagedLog<ReplacedSegment>
  /** Sessions that have committed. */
  readonly sessions: KnownSessions
  /** Sessions that were declared dead and can commit no more. */
  readonly fenced: ReadonlySet<string>
  /** What to read in place of a damaged object: keys are `vault:` or `keyring:` and a name. */
  readonly repairs: ReadonlyMap<string, string>
  /** Entries that do not count, and why. */
  readonly uncounted: readonly Incident[]
  /** They, and slots whose object was not authentic, and the like: said in every answer. */
  readonly incidents: readonly Incident[]
  /**
   * Entry from which on nothing can be relied on, or `null`. `points` ends before it; what the
   * newest point is cannot be said, and nothing may be appended.
   */
  readonly damagedFrom: number | null
  /** Whether what lies there is of a format that is not known, rather than damage. */
  readonly isUnsupported: boolean
  /** Kinds of entries that this version does not know: reading goes on, nothing may be appended. */
  readonly unknownKinds: readonly string[]
  /** Void slots at the end, which the next entry has to name. */
  readonly voids: readonly VoidSlot[]
}

/** The live segments of all entities. */
export function liveSegments({ segments }: Pick<TimelineState, 'segments'>): PlacedSegment[] {
  return [...segments.values()].flat()
}

/** Whether a point may be lost: a void slot that a later entry chains over is history, and none hides there. */
export function mayHidePoint({
  damagedFrom,
  voids,
}: Pick<TimelineState, 'damagedFrom' | 'voids'>): boolean {
  return damagedFrom !== null || voids.length > 0
}

/** A segment with the entry that put others in its place. */
export type ReplacedSegment = PlacedSegment & { readonly replacedBy: number }

export type Point = {
  readonly seq: number
  /** `capture`: a scan. `feed`: what a feed told. `reconcile`: a scan that a feed goes on behind. */
  readonly kind: 'capture' | 'feed' | 'reconcile'
  readonly labels: readonly string[]
  /** Whether it must not expire. */
  readonly held: boolean
  /** When the entry was written, by the author's clock, ISO 8601. */
  readonly time: string
  readonly body: CaptureBody
  /** The catalogue in force: this entry's or the newest before it. */
  readonly catalogue: Catalogue
  /** Every entity it holds, in order of name: those of the newest scan, with what was told since. */
  readonly entities: readonly EntityAtPoint[]
  /** One of them, at the cost of looking it up. */
  readonly factsOf: (entity: EntityName) => EntityAtPoint | undefined
  /** As `leftOut` and `sequences` of the newest scan. */
  readonly leftOut: readonly EntityName[]
  readonly sequences: Readonly<Record<string, string>>
  /** Which versions it sees: all of its entry, or those up to `transaction`. */
  readonly asOf: Stamp
  /** The moment of the source: the entry's, or that of `transaction`. */
  readonly cut: Cut
  /** The one that was addressed inside the entry; `null`: the point is the whole entry. */
  readonly transaction: (Transaction & { readonly ordinal: number }) | null
  readonly unproven: Unproven
}

/** Why entities may not be as the point says: each its reason, one reason for all, or `null`: they are. */
export type Unproven = ReadonlyMap<EntityName, string> | string | null

/** What a feed could not tell, and between which points. */
export type Gap = {
  /** Of its entry; where no entry tells it, of the scan up to which all is known. */
  readonly seq: number
  /** The newest point before it. */
  readonly after: number
  /** The first scan after it; `null`: there was none yet. */
  readonly until: number | null
  readonly feed: string
  readonly reason: string
  readonly found: string
  /** `null`: all of them. */
  readonly entities: readonly EntityName[] | null
}

export type Catalogue = {
  readonly definition: JsonValue
  readonly notRestored: readonly NotRestored[]
}

export type Incident = { readonly seq: number; readonly problem: string }
