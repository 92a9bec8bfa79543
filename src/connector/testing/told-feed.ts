import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import type { SourceCut } from '../connector.ts'
import type { Feed, FeedMessage, SourceFeed } from '../feed.ts'

export type ToldFeedDeps = {
  /** Of now, which is `position`. */
  openCut(position: string): SourceCut
  /** Entities whose changes are told. */
  followed(): readonly EntityName[]
  /** ISO 8601 */
  time(): string
  /** What passes, when all was told, before it is looked whether there is more. */
  rest(signal: AbortSignal): Promise<void>
}

/**
 * The log of a system in memory: whole transactions in the order of their commits. A position is how
 * many came before it.
 */
export class ToldLog {
  readonly #steps: (readonly FeedMessage[])[] = []
  #isKept = true

  /** Where the log ends. */
  get position(): string {
    return String(this.#steps.length)
  }

  /** @param parts none: the log grew by what is none of ours */
  add(transaction: string, time: string, parts: readonly FeedMessage[]): void {
    const position = String(this.#steps.length + 1)
    const begin: FeedMessage = { kind: 'begin', transaction, time }
    const commit: FeedMessage = { kind: 'commit', transaction, time, position }
    this.#steps.push(parts.length === 0 ? [] : [begin, ...parts, commit])
  }

  /** Forgets what nobody has read yet: only a new feed goes on. */
  lose(): void {
    this.#isKept = false
  }

  /** A feed of this log, of which one may be open at a time. */
  feed(deps: ToldFeedDeps): SourceFeed {
    const openCut = async () => deps.openCut(this.position)
    return {
      check: async () => ({ findings: [], followed: deps.followed(), isReady: true }),
      start: async () => {
        this.#isKept = true
        return await openCut()
      },
      open: async ({ after }) => this.#open(Number(after.position), deps),
      extend: async () => [],
      openCut,
      isUpTo: (position, cut) => Number(position) <= Number(cut),
      readPosition: async () => ({ position: this.position, time: deps.time() }),
      readHealth: async () => ({
        state: this.#isKept ? 'safe' : 'missing',
        isOpen: false,
        acknowledged: null,
        retainedBytes: 0,
        leftBytes: null,
        retainedBytesMax: null,
        advice: null,
      }),
      drop: async () => {},
    }
  }

  #open(after: number, deps: ToldFeedDeps): Feed {
    this.#refuseLost()
    return {
      read: (signal) => this.#read(after, deps, signal),
      acknowledge() {},
      async [Symbol.asyncDispose]() {},
    }
  }

  async *#read(
    after: number,
    { rest, time }: ToldFeedDeps,
    signal: AbortSignal,
  ): AsyncGenerator<FeedMessage> {
    let at = after
    for (;;) {
      signal.throwIfAborted()
      this.#refuseLost()
      const step = this.#steps[at]
      if (step === undefined) {
        yield { kind: 'idle', position: String(at), time: time() }
        await rest(signal)
        continue
      }
      yield* step
      at += 1
    }
  }

  #refuseLost(): void {
    if (this.#isKept) return
    throw new AppError('connector.feed-missing', 'Cannot read the feed: its log was forgotten')
  }
}
