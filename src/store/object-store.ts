import type { Brand } from '#stdx/brand'

/**
 * A store holds immutable objects by name. It knows nothing of what they mean and is trusted with
 * nothing but availability: whoever runs it can see sizes, names and times, and can lose objects,
 * but cannot read or forge one. An object appears whole or not at all, and is never changed.
 */
export type ObjectStore = {
  /** For messages: a path or a URL without credentials. */
  readonly label: string
  /**
   * Stores `bytes` under `name` unless something is there already. Safe to repeat. When it resolves
   * the object survives a crash of the machine.
   * @throws store.unavailable | store.denied | store.full
   */
  put(name: ObjectName, bytes: Uint8Array, signal: AbortSignal): Promise<PutResult>
  /** Begins an object whose bytes come in pieces. Nothing is visible before `commit`. */
  create(name: ObjectName, signal: AbortSignal): Promise<ObjectWriter>
  /**
   * The object's bytes, or the part `range` names; they are the caller's own.
   * @throws store.not-found | store.unavailable | store.denied | store.short-read when the object ends before the range does
   */
  get(name: ObjectName, options: GetOptions): Promise<Uint8Array<ArrayBuffer>>
  /** Size, or `undefined` when there is no such object. */
  stat(name: ObjectName, signal: AbortSignal): Promise<ObjectStat | undefined>
  /** Names that start with `prefix` (a folder, ended by `/`, or empty), in ascending order of bytes. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectStat>
  /**
   * Names directly in a folder (ended by `/`, or empty) without it, in ascending order of bytes: of
   * objects, and of folders that hold any, ended by `/`. Absent where that costs as much as `list`.
   */
  listFolder?(folder: string, signal: AbortSignal): AsyncIterable<string>
  /**
   * Removes an object; without complaint when it is gone already.
   * @throws store.locked when the store keeps it, until `untilMs` of the details where that is known
   */
  delete(name: ObjectName, signal: AbortSignal): Promise<void>
  /** Absent where objects are not locked against deletion. */
  readonly lock?: ObjectLock
}

/**
 * A store that keeps each new object for the time it is set up to, against everybody, whoever holds
 * its credentials.
 */
export type ObjectLock = {
  /** For how long a new object is kept. */
  readonly keepMs: number
  /**
   * Keeps an object at least until `untilMs`; never shortens. Safe to repeat.
   * @throws store.not-found | store.denied | store.unavailable
   */
  extendRetention(name: ObjectName, untilMs: number, signal: AbortSignal): Promise<void>
  /** The same store, whose new objects are not locked: for what goes again at once. */
  readonly unlocked: ObjectStore
}

/** Slash-separated parts of `[A-Za-z0-9._-]`, none of them `.` or `..`; at most 512 bytes. */
export type ObjectName = Brand<string, 'ObjectName'>

/** Whether this call stored the object, or one of that name was there and stays as it was. */
export type PutResult = 'stored' | 'already-present'
/** What is known of an object without reading it. */
export type ObjectStat = {
  readonly name: ObjectName
  readonly sizeBytes: number
  /** When it was stored, by the store's own clock, in milliseconds since 1970. */
  readonly modifiedMs: number
}
/** Without `range` the whole object; a range past its end is an error, not a short answer. */
export type GetOptions = {
  readonly range?: { readonly offset: number; readonly length: number }
  /** As an entry names it, whoever may find several under one name; a store itself has but one. */
  readonly stated?: StatedObject
  readonly signal: AbortSignal
}

/** An object as an entry names it, and where that is known what it says of its bytes. */
export type StatedObject = {
  readonly name: ObjectName
  readonly bytes?: { readonly sizeBytes: number; readonly sha256: string }
}

/** Owns an unfinished object; disposing it without `commit` leaves nothing behind. */
export type ObjectWriter = AsyncDisposable & {
  /** Pieces are copied or written before this resolves. */
  write(bytes: Uint8Array): Promise<void>
  /** Durable, then visible under its name, unless something is there already. */
  commit(): Promise<PutResult>
}
