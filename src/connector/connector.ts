import type { Cut, SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { RowBatch } from '#record/row-batch'
import type { Catalogue, DescribedEntity, JsonValue, SchemaVersion } from '#record/schema'
import type { Clock } from '#stdx/clock'
import type { Secret } from '#stdx/secret'
import type { Canaries } from './canary.ts'
import type { Counter } from './counter.ts'
import type { SourceFeed } from './feed.ts'
import type { EntityWrites, SideEffect } from './side-effect.ts'

/**
 * A connector reads from and writes to one kind of system. Reading, it describes every table that
 * the system's catalogue knows and streams their rows as canonical text, all at one consistent cut.
 * Writing, it creates tables from what it once described and puts rows back, in one transaction that
 * either commits whole or leaves no trace. Everything above it is the same for all systems.
 *
 * A connector keeps no state between calls, guesses nothing, and pins whatever would change the text
 * form of a value. A value it cannot deliver exactly fails the scan, naming entity and field.
 */
export type Connector = {
  readonly kind: string
  /** @throws connector.unreachable | connector.denied */
  openSource(options: ConnectorOptions): Promise<Source>
  /** @throws connector.unreachable | connector.denied | connector.read-only */
  openTarget(options: ConnectorOptions): Promise<Target>
  /** Absent where a system has no feed that a canary could prove. */
  readonly canaries?: Canaries
}

/** How to reach a system, and how much of it may be used. Nothing here outlives what it opens. */
export type ConnectorOptions = {
  /** Where the system is: a URL with its password, or a path. Never printed. */
  readonly address: Secret
  /** Most connections held at a time, at least 1. */
  readonly connectionsMax: number
  /** Most bytes per second read over all connections; 0 is no limit. */
  readonly bytesPerSecondMax: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** A system that may be read, connected and known by its identity. Disposing it ends every connection. */
export type Source = AsyncDisposable & {
  readonly identity: SourceIdentity
  /** Fixes one moment that every scan of the cut sees. Close it soon: it holds back the source's own cleaning. */
  openCut(signal: AbortSignal): Promise<SourceCut>
  /** Tells what is committed from a cut on. Absent where a system has nothing of the kind. */
  readonly feed?: SourceFeed
}

/** One moment of a source. Everything read through it belongs together, however long it takes. */
export type SourceCut = AsyncDisposable & {
  readonly cut: Cut
  /**
   * Describes every table at the cut, readable or not: `missingGrant` tells.
   * `mayRead` leaves tables out before anything expensive is asked about them.
   */
  readCatalogue(mayRead: (entity: EntityName) => boolean): Promise<Catalogue>
  /**
   * About how many rows the entities have that `isCounted` picks, as the system knows without
   * looking; `null` when it does not. Absent where a system keeps nothing of the kind.
   */
  estimateRows?(isCounted: (entity: EntityName) => boolean): Promise<number | null>
  /**
   * What a person should look at before this cut may follow a capture that held `before`. Absent where
   * a system's own word is enough: of a database, that a table is not there means that it was dropped.
   */
  findDoubts?(before: readonly EntityBefore[]): Promise<readonly Doubt[]>
  /**
   * Which number the system would give to a new record of an entity, above all that it has given and
   * all that are there; `null` where it numbers no records of it by itself. What others are given until
   * then is not held back. Absent where a system numbers nothing.
   */
  readNextKey?(entity: DescribedEntity): Promise<NextKey | null>
  /** What new records of an entity get their numbers from. Absent where a system numbers nothing. */
  readCounters?(entity: DescribedEntity): Promise<readonly Counter[]>
  /**
   * Streams all rows of one entity, `fields` in the order given. In key order when the entity says
   * `scanOrder: 'key'`. Values are printed as the types of `entity.fields` say. Several scans may
   * run at a time, up to `connectionsMax`; more wait.
   * @throws connector.scan-failed when the connection is lost or the table vanished: the run is void
   * @throws connector.value-refused when a value has no exact text
   */
  scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<RowBatch>
}

/** The next number of an entity's only key field, and by how much the one after it is greater. */
export type NextKey = { readonly next: bigint; readonly step: bigint }

/** What a capture held of an entity. */
export type EntityBefore = { readonly schema: SchemaVersion; readonly rows: number }

/** `found` completes "found", in a message that names the entity. Several may be about one. */
export type Doubt = { readonly entity: EntityName; readonly found: string }

/** A system that may be written. Reading it works as for a source, for plans and for reading back. */
export type Target = Source & {
  /**
   * What would run by itself when `writes` are done: triggers, rules, event triggers, and events that
   * run by the clock. Those that are `quiet` are kept from it by the write; the others are `runs`.
   * Foreign keys are not among them: they are never switched off.
   * @throws connector.denied when the user is not told of them
   */
  listSideEffects(
    writes: readonly EntityWrites[],
    signal: AbortSignal,
  ): Promise<readonly SideEffect[]>
  /**
   * Nothing there keeps programs from leaving references to what is not there. A write keeps itself from it,
   * where it is not told to `leaveDangling`.
   */
  readonly mayDangle?: boolean
  /**
   * Waits while a write is `claim`ed, by whatever program: what it committed is seen by every cut that is
   * opened from then on. Absent where opening the target waits already.
   * @throws connector.busy when it takes longer than locks are waited for
   */
  untilUnclaimed?(signal: AbortSignal): Promise<void>
  /**
   * Begins the one transaction of a restore. Disposing it without `commit` rolls back.
   *
   * With `since`, an open cut of this target, the transaction sees what the cut saw: writing a row
   * that somebody changed after the cut fails with connector.target-changed instead of undoing their
   * change. The cut may, and should, be closed as soon as this resolves.
   *
   * `schemas` are those of the point under which rows will be given: the text of a value depends on
   * the type of its field. An entity without one is taken as the target describes it.
   *
   * Nothing runs by itself but what is `accepted`. What is kept quiet is so inside the transaction
   * only, and is as before when it ends, in whatever way. What cannot be kept quiet and was not
   * accepted, because somebody made it since it was listed, fails the first write that would run it
   * with connector.denied.
   */
  openWrite(
    signal: AbortSignal,
    since?: SourceCut,
    schemas?: readonly SchemaVersion[],
    accepted?: readonly SideEffect[],
  ): Promise<TargetWrite>
}

/** What a table needs before and after its rows: `createTables` first, `finishTables` last. */
export type CreatePlan = {
  readonly schemas: readonly SchemaVersion[]
  /** The catalogue's `definition` and `sequences` of the same point. */
  readonly definition: JsonValue
  readonly sequences: Readonly<Record<string, string>>
  /** The rows are of a later moment than `sequences`: none that belongs to a field may be behind it. */
  readonly mayTrail?: boolean
}

/** Something that could not be put back with a table: a default whose function is missing there. */
export type LeftOut = { readonly kind: string; readonly name: string; readonly reason: string }

/** One transaction on a target: all of it or nothing. Calls run one after the other, never at once. */
export type TargetWrite = AsyncDisposable & {
  /**
   * Keeps other writes that claim the target out, until this one ends, in whatever way: its process may be
   * killed. Absent where beginning to write does it.
   * @throws connector.busy at once where another has it
   */
  claim?(): Promise<void>
  /** Creates types and tables without constraints and indexes. Returns what had to be left out. */
  createTables(plan: CreatePlan): Promise<readonly LeftOut[]>
  /** Adds keys, constraints, indexes and foreign keys, sets sequences to their positions. */
  finishTables(plan: CreatePlan): Promise<readonly LeftOut[]>
  /**
   * Makes foreign keys among `entities` wait for the commit. Undone by the end of the transaction.
   * Returns whether they all wait: who does not own a table may not be allowed to say so.
   */
  deferForeignKeys(entities: readonly EntityName[]): Promise<boolean>
  /** Adds rows holding `fields`; other fields get their defaults. Returns the number added. */
  insertRows(
    entity: EntityName,
    fields: readonly string[],
    rows: AsyncIterable<RowBatch>,
  ): Promise<number>
  /**
   * Lets the system give no number up to `last` to a record of its own, from now on and for good,
   * whether this commits or not. Before the rows that take them. Absent where adding them does it.
   */
  takeKeys?(entity: EntityName, last: bigint): Promise<void>
  /**
   * Lets a counter that rows do not move give no number up to `to` to a new record. It never goes back, and
   * stays where it is whether this commits or not. After the rows. Returns why it could not be moved; `null`:
   * it is beyond. Absent where rows move all counters.
   */
  moveCounter?(counter: Counter, to: bigint): Promise<string | null>
  /**
   * Sets all `fields` that are not in `key` on the rows that `key` finds. Every row must be found
   * exactly once; they may exchange values that have to be unique. Returns the number changed.
   * @throws connector.target-changed when a row is not there any more
   */
  updateRows(entity: EntityName, rows: KeyedRows): Promise<number>
  /** Deletes the rows that `key` finds, each exactly once; with `key` empty, one row equal in all `fields` per row given. */
  deleteRows(entity: EntityName, rows: KeyedRows): Promise<number>
  /**
   * The same of several entities at once, each with a key: for rows whose foreign keys take each other along
   * when they go. Absent where none acts during a write.
   */
  deleteTogether?(parts: readonly DeletedRows[]): Promise<number>
  /**
   * So many references of each entity may be left to what is not there, beside those that were so before. Absent
   * where the system allows none.
   */
  leaveDangling?(counts: ReadonlyMap<EntityName, number>): void
  /** Streams the rows that this transaction sees, its own among them; otherwise as a cut does. */
  scan(
    entity: DescribedEntity,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<RowBatch>
  /** @throws connector.value-refused | connector.constraint-violated, with everything rolled back */
  commit(): Promise<void>
}

/** What is deleted of one entity. */
export type DeletedRows = { readonly entity: EntityName; readonly rows: KeyedRows }

/** Rows and how to find them in the target. */
export type KeyedRows = {
  readonly key: readonly string[]
  /** All fields of a row, key fields among them, in the order of the row text. */
  readonly fields: readonly string[]
  readonly rows: AsyncIterable<RowBatch>
}
