import type { CanaryRow } from '#connector/canary'
import { changedFeed } from '#connector/changed-feed'
import type { Source } from '#connector/connector'
import type { FeedMessage, SourceFeed } from '#connector/feed'
import type { EntityName } from '#record/entity-name'
import { isAppError } from '#stdx/app-error'
import type { FollowDeps } from './follow-deps.ts'
import type { FollowEvent } from './follow-events.ts'

export type CanaryDeps = Pick<FollowDeps, 'clock' | 'random' | 'tell'> & {
  /** Connects as the one who may update the row. */
  openRow(signal: AbortSignal): Promise<CanaryRow>
}

export type CanaryOptions = {
  readonly table: EntityName
  /** How often the row is updated. */
  readonly everyMs: number
  /** When one that has not come through is told of. */
  readonly lateMs: number
}

type Sent = { readonly mark: string; readonly sentMs: number }

/** So often it is looked whether something is due or late. */
const TICK_MS = 500
/** Nobody needs more of them to know that the way is closed. */
const SENT_MAX = 100

/**
 * Proves the way from a source to the vault while it is followed: updates one row of the source and waits
 * until the feed has told the very text that was written, in a transaction whose entry was committed and
 * read back. The delay is by one clock, ours, from before the update until then.
 */
export class Canary {
  readonly #deps: CanaryDeps
  readonly #options: CanaryOptions
  /** Oldest first. */
  #sent: Sent[] = []
  /** In transactions that were told, and are not committed yet: the mark, and where its one ends. */
  #told: { readonly mark: string; readonly position: string }[] = []
  #inside: string | undefined
  #feed: SourceFeed | undefined
  #writing: Promise<void> | undefined
  #writtenMs = Number.NEGATIVE_INFINITY
  #isOpen = false
  #isLate = false
  /** With what the newest one failed that was told of. */
  #failedAs: string | undefined

  constructor(deps: CanaryDeps, options: CanaryOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** The same follower, whose feed and entries are looked at as they pass. */
  attach(deps: FollowDeps): FollowDeps {
    return {
      ...deps,
      openSource: async (signal) => this.#watch(await deps.openSource(signal)),
      tell: (event) => {
        deps.tell(event)
        this.#take(event)
      },
    }
  }

  /** From the first time that the feed is open, until it is to stop. */
  async run(stop: AbortSignal): Promise<void> {
    const { clock } = this.#deps
    await using held = new AsyncDisposableStack()
    const rows: { open: CanaryRow | undefined } = { open: undefined }
    held.defer(async () => await rows.open?.[Symbol.asyncDispose]())
    while (!stop.aborted) {
      const nowMs = clock.passedMs()
      if (this.#isDue(nowMs)) {
        this.#writtenMs = nowMs
        this.#writing = this.#write(rows, stop).finally(() => {
          this.#writing = undefined
        })
      }
      this.#judgeLate(nowMs)
      await clock.sleep(TICK_MS, stop).catch(() => {})
    }
    await this.#writing
  }

  #isDue(nowMs: number): boolean {
    const isTime = nowMs - this.#writtenMs >= this.#options.everyMs
    return this.#isOpen && isTime && this.#writing === undefined && this.#sent.length < SENT_MAX
  }

  async #write(rows: { open: CanaryRow | undefined }, stop: AbortSignal): Promise<void> {
    const { clock, openRow, random, tell } = this.#deps
    const mark = Buffer.from(random.bytes(16)).toString('hex')
    try {
      rows.open ??= await openRow(stop)
      this.#sent.push({ mark, sentMs: clock.passedMs() })
      await rows.open.write(mark, stop)
      this.#failedAs = undefined
    } catch (error) {
      this.#sent = this.#sent.filter((one) => one.mark !== mark)
      await closeLost(rows.open)
      rows.open = undefined
      if (stop.aborted) return
      const code = isAppError(error) ? error.code : 'another'
      if (code !== this.#failedAs) tell({ kind: 'canary-failed', error })
      this.#failedAs = code
    }
  }

  #judgeLate(nowMs: number): void {
    const oldest = this.#sent[0]
    if (oldest === undefined || this.#isLate) return
    const ageMs = nowMs - oldest.sentMs
    if (ageMs < this.#options.lateMs) return
    this.#isLate = true
    this.#deps.tell({ kind: 'canary-late', ageMs })
  }

  #take(event: FollowEvent): void {
    if (event.kind === 'opened') this.#isOpen = true
    if (event.kind !== 'committed') return
    const feed = this.#feed
    const durable = this.#told.filter(({ position }) => feed?.isUpTo(position, event.position))
    const marks = new Set(durable.map(({ mark }) => mark))
    this.#told = this.#told.filter(({ mark }) => !marks.has(mark))
    const index = this.#sent.findLastIndex(({ mark }) => marks.has(mark))
    const arrived = this.#sent[index]
    if (arrived === undefined) return
    // Those before it came through in another way, or are told of no more.
    this.#sent = this.#sent.slice(index + 1)
    this.#isLate = false
    // Whoever hears that one came through believes all is well: what is not is told again.
    this.#failedAs = undefined
    this.#deps.tell({ kind: 'canary', delayMs: this.#deps.clock.passedMs() - arrived.sentMs })
  }

  #watch(source: Source): Source {
    const { feed } = source
    if (feed === undefined) return source
    this.#feed = feed
    const look = (message: FeedMessage) => this.#look(message)
    return {
      identity: source.identity,
      openCut: (signal) => source.openCut(signal),
      feed: lookedAt(feed, look),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    }
  }

  #look(message: FeedMessage): void {
    if (message.kind === 'begin') this.#inside = undefined
    if (message.kind === 'changes' && message.entity === this.#options.table) {
      const { rows } = message
      const text = rows.kind === 'rows' ? Buffer.from(rows.bytes).toString('latin1') : ''
      this.#inside = this.#sent.findLast(({ mark }) => text.includes(mark))?.mark ?? this.#inside
    }
    if (message.kind !== 'commit' || this.#inside === undefined) return
    this.#told.push({ mark: this.#inside, position: message.position })
    this.#inside = undefined
  }
}

/** A connection that is lost may not even be closed. */
async function closeLost(row: CanaryRow | undefined): Promise<void> {
  try {
    await row?.[Symbol.asyncDispose]()
  } catch {
    // It is gone.
  }
}

function lookedAt(feed: SourceFeed, look: (message: FeedMessage) => void): SourceFeed {
  return changedFeed(feed, {
    async open(options, signal) {
      const opened = await feed.open(options, signal)
      return {
        async *read(until) {
          for await (const message of opened.read(until)) {
            look(message)
            yield message
          }
        },
        acknowledge: (position) => opened.acknowledge(position),
        [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
      }
    },
  })
}
