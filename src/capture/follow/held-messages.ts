import type {
  FeedBegin,
  FeedChanges,
  FeedDescribed,
  FeedTruncate,
  FeedUnfollowed,
} from '#connector/feed'
import type { EntityName } from '#record/entity-name'
import { changesBytes } from './joined-changes.ts'

/** What a transaction consists of. */
export type TransactionPart = FeedChanges | FeedTruncate | FeedDescribed | FeedUnfollowed

/** Of a transaction that is still told, so much is held before it gets an entry of its own. */
const HELD_BYTES_MAX = 1_048_576
const HELD_PARTS_MAX = 4096

/**
 * A transaction while it is told. It is held, so that what it turns out to need can still be done
 * before it: an entry is closed in front of one that empties a table or changes its fields.
 */
export class HeldMessages {
  #begin: FeedBegin | undefined
  #parts: TransactionPart[] = []
  #bytes = 0
  #isPlain = true
  readonly #changing = new Set<EntityName>()

  get begin(): FeedBegin | undefined {
    return this.#begin
  }

  get isFull(): boolean {
    return this.#bytes >= HELD_BYTES_MAX || this.#parts.length >= HELD_PARTS_MAX
  }

  /** Whether it only changes rows: then it may stand behind others in an entry. */
  get isPlain(): boolean {
    return this.#isPlain
  }

  /** Whether something came outside of a transaction, or of one that is not told. */
  get isLoose(): boolean {
    return this.#begin === undefined && this.#parts.length > 0
  }

  /** Whether what is held says how the entity is from here on, or that it is not told. */
  isChanging(entity: EntityName): boolean {
    return this.#changing.has(entity)
  }

  start(begin: FeedBegin): void {
    this.#begin = begin
  }

  add(part: TransactionPart): void {
    this.#parts.push(part)
    if (part.kind === 'described' || part.kind === 'unfollowed') this.#changing.add(part.entity)
    if (part.kind === 'changes' && part.unchanged.size === 0) this.#bytes += changesBytes(part)
    else this.#isPlain = false
  }

  /** Everything that is held, which it is no longer. */
  take(): { readonly begin: FeedBegin | undefined; readonly parts: readonly TransactionPart[] } {
    const held = { begin: this.#begin, parts: this.#parts }
    this.#begin = undefined
    this.#parts = []
    this.#bytes = 0
    this.#isPlain = true
    this.#changing.clear()
    return held
  }
}
