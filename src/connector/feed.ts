import type { Cut } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { Catalogue, DescribedEntity } from '#record/schema'
import type { SourceCut } from './connector.ts'

/**
 * A change feed tells every transaction that a system commits, whole and in commit order, from a
 * position on. It starts exactly at a cut, and is opened again after whatever position was kept
 * last: nothing is lost and nothing told twice, or opening fails and says why, so that the hole is
 * recorded. A feed never guesses: a value that the system did not send is marked, an entity that
 * it cannot follow exactly is named.
 *
 * Feeds of all systems keep this contract; `testing/feed-contract.ts` is it in executable form.
 */
export type SourceFeed = {
  /** What stands in the way of following, and what would help. Changes nothing in the source. */
  check(scope: FeedScope, signal: AbortSignal): Promise<FeedReport>
  /**
   * Begins a feed under `scope.name` and returns the cut that it begins at: what the cut shows and
   * all that `open` tells after its position is all that ever happened. From here on the source
   * keeps its log for us: `drop` what is given up. Entities that `check` calls not followed are
   * in the cut only.
   *
   * @throws connector.feed-not-ready naming what blocks, with the statements that help
   * @throws connector.feed-exists when there is one of that name and `mayReplace` is false
   * @throws connector.feed-waiting when a transaction that is still open keeps it from beginning
   */
  start(
    options: FeedScope & { readonly mayReplace: boolean },
    signal: AbortSignal,
  ): Promise<SourceCut>
  /**
   * Opens the feed behind `after`. Only one can be open at a time.
   *
   * @throws connector.feed-busy while another process, or the remains of one, reads it
   * @throws connector.feed-missing | connector.feed-invalidated | connector.feed-passed |
   *   connector.feed-rewound | connector.feed-diverged | connector.feed-other-source when what was
   *   committed behind `after` cannot be had any more: a hole
   * @throws connector.feed-not-ready as `start`
   */
  open(options: OpenFeedOptions, signal: AbortSignal): Promise<Feed>
  /**
   * Lets the feed tell covered entities that it could and does not, where we have the right, and
   * returns them: what is committed to them from now on is told. What they held before is not: scan
   * them afterwards. Where we have no right, `check` prints the statement.
   */
  extend(scope: FeedScope, signal: AbortSignal): Promise<readonly EntityName[]>
  /**
   * Opens a cut whose position is comparable with those of the feed of that name: all that the feed
   * tells up to it is in the cut, and nothing that it tells behind it is. The feed, open or not,
   * needs not exist and is left alone; one that is open comes to the position soon, also when
   * nobody writes. The caller closes the cut.
   *
   * @throws connector.feed-not-ready when the source has no room for it, saying what to raise
   * @throws connector.feed-waiting when a transaction that is still open keeps it from opening
   */
  openCut(name: string, signal: AbortSignal): Promise<SourceCut>
  /**
   * Whether what ended at `position` is in a cut at `cut`: for a commit, whether the cut shows the
   * transaction. Both are positions of one feed or of its cuts, and never of two histories, which
   * `open` tells apart. Asks nobody.
   *
   * The feed has told all that a cut shows once it gave a commit or an idle whose position has the
   * cut's up to it: `isUpTo(cut, position)`. Of a commit that is not up to the cut itself, the
   * transaction is behind it.
   */
  isUpTo(position: string, cut: string): boolean
  /**
   * Where the log ends, and what the source's clock said just before: whoever was told until that time
   * that a transaction is committed, finds it told up to that position, which a feed comes to soon, also
   * when nobody writes. A commit takes its time a moment before it is written: for all that were
   * committed at a time ask a second later.
   *
   * @throws connector.feed-not-ready when the source does not tell
   */
  readPosition(name: string, signal: AbortSignal): Promise<Pick<Cut, 'position' | 'time'>>
  /**
   * How the source fares with keeping its log for the feed of that name; may be asked at any time.
   *
   * @param after up to where its log was kept; only who says so hears of one that remembers no reader
   *   whether it dropped what lies behind
   */
  readHealth(name: string, signal: AbortSignal, after?: string): Promise<FeedHealth>
  /** Removes all that `start` made. What happened since cannot be told any more. Safe to repeat. */
  drop(name: string, signal: AbortSignal): Promise<void>
}

export type FeedScope = {
  /** What the feed is called in the source: lower-case letters, digits and `_`, at most 63. */
  readonly name: string
  readonly isCovered: (entity: EntityName) => boolean
}

export type OpenFeedOptions = FeedScope & {
  /** A position that this feed gave, or its cut; and whose it was. */
  readonly after: Pick<Cut, 'position' | 'identity'>
  /** The entities as they were known at that position. Anything else is told as `described`. */
  readonly entities: readonly DescribedEntity[]
  /** How often the catalogue is looked at for what a feed does not tell. */
  readonly watchIntervalMs?: number
}

export type FeedReport = {
  readonly findings: readonly FeedFinding[]
  /** Covered entities that the feed tells everything of. The others are seen by scans only. */
  readonly followed: readonly EntityName[]
  /** No finding blocks. */
  readonly isReady: boolean
}

export type FeedFinding = {
  /**
   * - `blocks`: no feed without it
   * - `not-followed`: one entity is left to scans
   * - `danger`: the source or its applications suffer, or will
   * - `advice`: better, not needed
   */
  readonly kind: 'blocks' | 'not-followed' | 'danger' | 'advice'
  readonly entity: EntityName | null
  readonly found: string
  readonly means: string
  /** Statements or settings, ready to be run by whoever may. */
  readonly remedy: readonly string[]
  /** What the remedy costs, `null` for next to nothing. */
  readonly costs: string | null
}

export type FeedHealth = {
  /**
   * `given-up`: the source dropped log that was not read yet. `endangered`: it will at any moment.
   * `stretched`: it keeps more than it would by itself.
   */
  readonly state: 'safe' | 'stretched' | 'endangered' | 'given-up' | 'missing'
  readonly isOpen: boolean
  /** The position acknowledged last. */
  readonly acknowledged: string | null
  /** Bytes of log kept for the feed alone or among others. */
  readonly retainedBytes: number
  /** Bytes that may still be written before the source gives the feed up; `null`: never. */
  readonly leftBytes: number | null
  /** Bound on `retainedBytes` that the source was given; `null`: until its disk is full. */
  readonly retainedBytesMax: number | null
  /** Says how to set a bound; `null` when there is one. */
  readonly advice: string | null
}

export type Feed = AsyncDisposable & {
  /**
   * Tells what happened, for ever, in commit order; may be called once. What is not taken is not
   * read: the source waits. Ends by an exception only: `signal`'s reason, or a failure, after
   * which the feed is opened again behind the last position that was kept. Reconnecting is up to
   * the caller.
   *
   * @throws connector.feed-broken when the connection is lost or stays silent
   * @throws connector.feed-undecodable when the source fails at its own log, mostly each time
   * @throws connector.feed-missing and the others of `open` when the source gives the feed up
   * @throws connector.feed-unreadable | connector.value-refused naming the entity
   */
  read(signal: AbortSignal): AsyncIterable<FeedMessage>
  /**
   * Lets the source forget what came at or before `position`, which `read` gave in a `commit` or
   * an `idle`. Only ever call it with what is durable: also an idle position must have been kept,
   * because a later `open` behind an older one fails with connector.feed-passed. Nothing is
   * acknowledged in any other way. Returns at once; told to the source best effort.
   */
  acknowledge(position: string): void
}

/**
 * Between `begin` and `commit` everything belongs to one transaction. All others come between
 * transactions, but `described` and `unfollowed`, which come right before the first change that
 * depends on them.
 */
export type FeedMessage =
  | FeedBegin
  | FeedChanges
  | FeedTruncate
  | FeedCommit
  | FeedDescribed
  | FeedUnfollowed
  | FeedCatalogue
  | FeedIdle

/** Transactions that changed nothing that is covered are not told. */
export type FeedBegin = {
  readonly kind: 'begin'
  /** As the source names it; unique together with the position of its commit. */
  readonly transaction: string
  /** Of the commit: ISO 8601 in UTC, as precisely as the source tells. Not monotone. */
  readonly time: string
}

export type FeedCommit = {
  readonly kind: 'commit'
  readonly transaction: string
  readonly time: string
  /** Right behind the transaction: what `open` and `acknowledge` take. */
  readonly position: string
}

/** Operations of a change, as a segment keeps them. */
export const INSERT = 1
export const UPDATE = 2
export const DELETE = 3

/**
 * Changes of one entity, in order. Inside a transaction, batches of one entity are in order, those
 * of different entities among each other are not. At most about 1 MiB, or one larger row. Belongs
 * to whoever receives it.
 */
export type FeedChanges = {
  readonly kind: 'changes'
  readonly entity: EntityName
  /** The fields of an insert's or update's row, in the source's order. */
  readonly fields: readonly string[]
  /** The fields of a delete's row, in key order. */
  readonly key: readonly string[]
  /**
   * `INSERT`, `UPDATE` or `DELETE`, one a row. An update leaves the key as it is; one that moves it
   * is a delete and an insert right after. Inserts less deletes are what a transaction added.
   */
  readonly ops: Uint8Array<ArrayBuffer>
  readonly rows: FeedRows
  /** By row: fields that the source did not send because they are as before. Mostly empty. */
  readonly unchanged: ReadonlyMap<number, Unchanged>
}

/** Canonical text, as `row-text.ts` defines it. */
export type FeedRows =
  /** `ends[i]`: where row i ends, its newline included. */
  | {
      readonly kind: 'rows'
      readonly bytes: Uint8Array<ArrayBuffer>
      readonly ends: Uint32Array<ArrayBuffer>
    }
  /** Exactly one row longer than `LARGE_ROW_BYTES`, in pieces that were never joined. */
  | { readonly kind: 'large'; readonly parts: readonly Uint8Array<ArrayBuffer>[] }

export type Unchanged = {
  /** Indexes into `fields`. Their place in the row is empty and means nothing. */
  readonly fields: readonly number[]
  /** Row of the key fields under which the record stood before, of an insert after a delete; `null`: under the same key. */
  readonly oldKey: Uint8Array<ArrayBuffer> | null
}

export type FeedTruncate = {
  readonly kind: 'truncate'
  readonly entity: EntityName
  /** `false`: a part of it, and which records those were is not known: scan it. */
  readonly isWhole: boolean
}

/**
 * From here on the rows of the entity are as described. What it means for rows that were told
 * before is for `evolveSchema` to say: where the layout changes, no feed tells their new text, and
 * the entity is scanned.
 *
 * The description is the catalogue's of now, which may be a little ahead of this position in what
 * is not about fields; fields, types and the key are those of the rows that follow.
 */
export type FeedDescribed = {
  readonly kind: 'described'
  readonly entity: EntityName
  readonly described: DescribedEntity
}

/**
 * From here on changes of the entity are not told, until it is `described` again: scan it. Comes
 * once for each stretch.
 */
export type FeedUnfollowed = {
  readonly kind: 'unfollowed'
  readonly entity: EntityName
  readonly reason: string
  readonly remedy: readonly string[]
}

/**
 * The catalogue as it is now, and everything told before is in it; what comes after may be, too.
 * Comes when the feed was opened and then when something in it changed: how tables without
 * changes, dropped tables, new ones, and definitions become known.
 */
export type FeedCatalogue = {
  readonly kind: 'catalogue'
  readonly catalogue: Catalogue
  /** As in the report of `check`. */
  readonly followed: ReadonlySet<EntityName>
  readonly findings: readonly FeedFinding[]
}

/** Nothing happened up to here that was not told. A heartbeat, every ten seconds at least. */
export type FeedIdle = {
  readonly kind: 'idle'
  readonly position: string
  /** The source's clock when it said so; ISO 8601 in UTC. */
  readonly time: string
}
