import type { EntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { CatalogueWatch } from '../../changes/catalogue-watch.ts'
import type { ChangeShape } from '../../changes/change-block.ts'
import type { Feed, FeedMessage, FeedUnfollowed, OpenFeedOptions } from '../../feed.ts'
import type { CopyBoth } from '../copy-both.ts'
import { isChanging, isConnectionLost, WAS_CHANGED, withoutValues } from '../pg-error.ts'
import type { Session } from '../session.ts'
import { describeRelation } from './describe-relation.ts'
import type { PostgresFeedDeps } from './examine-feed.ts'
import { FeedDecoder } from './feed-decoder.ts'
import { FrameReader } from './frame-reader.ts'
import {
  formerEntities,
  hasOtherPartitions,
  judgeRelation,
  type RelationAnswer,
} from './judge-relation.ts'
import { HEADER_BYTES_MAX } from './judge-slot.ts'
import { parsePosition, toServerTime } from './lsn.ts'
import { observeCatalogue } from './observe-catalogue.ts'
import { planRows, type Relation } from './relation.ts'
import {
  FRAME,
  formatStatus,
  LOG_HEADER_BYTES,
  PAYLOAD,
  readErrorFrame,
  readKeepalive,
  toFeedError,
} from './server-messages.ts'

export type PostgresFeedParts = {
  /** Asks the catalogue. Both are ours to close. */
  readonly session: Session
  readonly log: Session
  readonly after: bigint
  readonly timeline: number
  /** `wal_sender_timeout`; 0: none. */
  readonly timeoutMs: number
  readonly isUnchecked: boolean
}

const HEARTBEAT_MS = 10_000
const WATCH_TICK_MS = 1000
/** How often a relation that fits nothing is looked up, and how long after. */
const LOOKS_MAX = 4
const LOOK_AGAIN_MS = 150
const SILENCE_DEFAULT_MS = 120_000

/** One replication connection, and a session that is asked what its tables are. */
export class PostgresFeed implements Feed {
  readonly #deps: PostgresFeedDeps
  readonly #options: OpenFeedOptions
  readonly #parts: PostgresFeedParts
  readonly #frames = new FrameReader()
  readonly #decoder: FeedDecoder
  readonly #watch: CatalogueWatch<bigint>
  readonly #known: Map<EntityName, DescribedEntity>
  readonly #shapes = new Map<EntityName, ChangeShape>()
  readonly #unfollowed = new Set<EntityName>()
  readonly #closed = new AbortController()
  #copy: CopyBoth | undefined
  #acknowledged: bigint
  /** Up to where somebody wants to know that everything was told. */
  #awaited = 0n
  #isRead = false

  constructor(deps: PostgresFeedDeps, options: OpenFeedOptions, parts: PostgresFeedParts) {
    this.#deps = deps
    this.#options = options
    this.#parts = parts
    this.#decoder = new FeedDecoder(parts)
    this.#watch = new CatalogueWatch({
      clock: deps.clock,
      intervalMs: options.watchIntervalMs,
      observe: (signal) => observeCatalogue(deps, options, signal),
      hasCome: (at, place) => at + HEADER_BYTES_MAX >= place,
    })
    this.#known = new Map(options.entities.map((described) => [described.entity, described]))
    this.#acknowledged = parts.after
  }

  /** @throws connector.feed-busy and others, when the server refuses */
  async begin(sql: string, signal: AbortSignal): Promise<void> {
    const copy = this.#parts.log.copyBoth(sql)
    this.#copy = copy
    const onAbort = () => copy.fail(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (!this.#frames.next()) await this.#refill(copy, signal)
      if (this.#frames.type !== FRAME.copyBoth) throw this.#endOfStream()
    } catch (error) {
      throw this.#toFeedError(error)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async *read(signal: AbortSignal): AsyncGenerator<FeedMessage, void, undefined> {
    assert(!this.#isRead, 'A feed is read once.')
    this.#isRead = true
    const copy = this.#copy
    assert(copy !== undefined, 'A feed is read after it began.')
    signal.throwIfAborted()
    const onAbort = () => copy.fail(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    // A server that shuts down ends it, and waits for ever for whoever reads its log.
    this.#parts.session.onceLost(() => copy.fail(this.#broken('the connection was lost')))
    const beside = Promise.all([this.#beat(copy), this.#look(copy)])
    try {
      for (;;) {
        // Most frames are there and need nothing: a wait for each costs more than to read it.
        while (!this.#frames.next()) await this.#refill(copy, signal)
        if (this.#frames.type !== FRAME.copyData) this.#passOver()
        else {
          const wanted = this.#takePayload()
          if (wanted !== undefined) await this.#judgeAndTake(wanted, signal)
        }
        if (this.#decoder.out.length === 0) continue
        for (const message of this.#decoder.out.splice(0)) yield message
      }
    } catch (error) {
      signal.throwIfAborted()
      throw this.#toFeedError(error)
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#closed.abort()
      await beside
    }
  }

  acknowledge(position: string): void {
    const { lsn, timeline } = parsePosition(position)
    if (lsn <= this.#acknowledged) return
    assert(timeline === this.#parts.timeline, 'A position to acknowledge was told by this feed.')
    assert(lsn <= this.#decoder.position, 'Only what was told can be durable.')
    this.#acknowledged = lsn
    this.#sendStatus(false)
  }

  /** Lets the server say soon that it has come to `position`, which it does not while nobody writes. */
  comeTo(position: bigint): void {
    if (position > this.#awaited) this.#awaited = position
    this.#sendStatus(true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    this.#sendStatus(false)
    this.#copy?.stop()
    await Promise.all(
      [this.#parts.log, this.#parts.session].map((one) => one[Symbol.asyncDispose]()),
    )
  }

  async #refill(copy: CopyBoth, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#frames.push(await copy.next())
  }

  /** @returns what has to be judged before the payload can be taken */
  #takePayload(): Relation | undefined {
    const { buffer, start } = this.#frames
    if (buffer[start] !== PAYLOAD.keepalive) {
      return this.#decoder.take(buffer, start + LOG_HEADER_BYTES)
    }
    const { position, time, wantsAnswer } = readKeepalive(buffer, start)
    if (wantsAnswer) this.#sendStatus(false)
    if (this.#decoder.idle(position, time)) this.#tellCatalogue()
    return undefined
  }

  async #judgeAndTake(relation: Relation, signal: AbortSignal): Promise<void> {
    let wanted: Relation | undefined = relation
    while (wanted !== undefined) {
      await this.#judge(wanted, signal)
      wanted = this.#takePayload()
    }
  }

  /** Frames that are no data: notices and settings say nothing, everything else is the end. */
  #passOver(): void {
    const { type } = this.#frames
    if (type === NOTICE || type === SETTING || type === NOTIFICATION) return
    throw this.#endOfStream()
  }

  #endOfStream(): AppError {
    const { buffer, end, start, type } = this.#frames
    const said =
      type === FRAME.error
        ? readErrorFrame(buffer.subarray(start, end))
        : { sqlState: '', text: 'it ended' }
    return toFeedError(this.#options.name, said)
  }

  /** Decides what the rows of a relation are, before the first of them is taken. */
  async #judge(relation: Relation, signal: AbortSignal): Promise<void> {
    const { answer, former } = await this.#lookUp(relation, signal)
    for (const entity of former) this.#tellFormer(entity)
    if (answer.kind === 'follow') {
      const { described, siblings } = answer
      this.#tellDescribed(described)
      const plan = planRows(relation, this.#shapeOf(described), siblings)
      this.#decoder.judge(relation, { kind: 'follow', plan })
      return
    }
    if (answer.kind === 'unfollowed' && !this.#unfollowed.has(answer.entity)) {
      this.#unfollowed.add(answer.entity)
      this.#decoder.interject(answer)
    }
    this.#decoder.judge(relation, { kind: 'ignore' })
  }

  /**
   * The log tells a commit a moment before the catalogue shows it, and with synchronous standbys not
   * until they have answered: what fits nothing is looked up again before it is given up.
   */
  async #lookUp(
    relation: Relation,
    signal: AbortSignal,
  ): Promise<{ readonly answer: RelationAnswer; readonly former: readonly EntityName[] }> {
    const { isCovered } = this.#options
    for (let look = 1; ; look++) {
      const { keys, live, types } = await describeRelation(this.#parts.session, relation, signal)
      const question = { relation, types, keys, live, known: this.#known, isCovered }
      const answer = judgeRelation(question)
      const isLast = look === LOOKS_MAX || answer.kind !== 'unfollowed'
      if (isLast || this.#unfollowed.has(answer.entity)) {
        return { answer, former: formerEntities(question) }
      }
      await this.#deps.clock.sleep(LOOK_AGAIN_MS, signal)
    }
  }

  #tellFormer(entity: EntityName): void {
    if (this.#unfollowed.has(entity)) return
    this.#unfollowed.add(entity)
    this.#watch.outdate()
    const reason = 'it is called otherwise now, or is a part of another'
    this.#decoder.interject({ kind: 'unfollowed', entity, reason, remedy: [] })
  }

  #tellDescribed(described: DescribedEntity): void {
    const { entity } = described
    const known = this.#known.get(entity)
    const isSame = known !== undefined && isSameDescription(known, described)
    if (isSame && !this.#unfollowed.has(entity)) return
    if (hasOtherPartitions(known, described)) this.#decoder.interject(untoldParts(entity))
    this.#unfollowed.delete(entity)
    this.#known.set(entity, described)
    this.#watch.outdate()
    this.#decoder.interject({ kind: 'described', entity, described })
  }

  /** One object as long as rows are told alike, so that partitions share a block. */
  #shapeOf({ entity, fields, key }: DescribedEntity): ChangeShape {
    const wanted = { entity, fields: fields.map(({ name }) => name), key: key?.fields ?? [] }
    const known = this.#shapes.get(entity)
    const isSame = known !== undefined && formatCanonicalJson(known) === formatCanonicalJson(wanted)
    const shape = isSame ? known : wanted
    this.#shapes.set(entity, shape)
    return shape
  }

  #tellCatalogue(): void {
    const message = this.#watch.takeAt(this.#decoder.position)
    if (message === undefined) return
    const changed = message.catalogue.entities.filter((described) =>
      hasOtherPartitions(this.#known.get(described.entity), described),
    )
    // Before the end that was told just now: with it they hold, and not only with the next.
    const { out } = this.#decoder
    assert(out.at(-1)?.kind === 'idle', 'The catalogue is told when the stream stands still.')
    out.splice(-1, 0, ...changed.map(({ entity }) => untoldParts(entity)))
    this.#known.clear()
    for (const described of message.catalogue.entities) this.#known.set(described.entity, described)
    out.push(message)
  }

  /**
   * Keeps the connection alive from our side, also while the consumer is busy and nothing is read:
   * repeats what was acknowledged, asks for an answer, and gives up a server that sends none.
   */
  async #beat(copy: CopyBoth): Promise<void> {
    const { clock } = this.#deps
    const { timeoutMs } = this.#parts
    const { signal } = this.#closed
    const beatMs = timeoutMs === 0 ? HEARTBEAT_MS : Math.min(HEARTBEAT_MS, timeoutMs / 3)
    const silenceMaxMs = timeoutMs === 0 ? SILENCE_DEFAULT_MS : 2 * timeoutMs
    try {
      for (let silentMs = 0; silentMs < silenceMaxMs; silentMs += beatMs) {
        await clock.sleep(beatMs, signal)
        if (copy.hasHeard || copy.isPaused) silentMs = 0
        copy.hasHeard = false
        this.#sendStatus(true)
      }
      const found = `the server was silent for ${Math.round(silenceMaxMs / 1000)} s`
      copy.fail(this.#broken(found))
    } catch (error) {
      if (!signal.aborted) copy.fail(error)
    }
  }

  /** Looks at the catalogue when it is time, beside the reading. */
  async #look(copy: CopyBoth): Promise<void> {
    const { signal } = this.#closed
    try {
      for (;;) {
        // The answer says whether the stream has come to where the catalogue was looked at, or a
        // cut was opened.
        const hasSeen = await this.#lookOnce(signal)
        if (hasSeen || this.#decoder.position < this.#awaited) this.#sendStatus(true)
        await this.#deps.clock.sleep(WATCH_TICK_MS, signal)
      }
    } catch (error) {
      if (!signal.aborted) copy.fail(error)
    }
  }

  async #lookOnce(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#watch.look(signal)
    } catch (error) {
      if (!isChanging(error)) throw error
      // The catalogue changed while it was read: it is looked at again with the next tick.
      this.#watch.outdate()
      return false
    }
  }

  #sendStatus(wantsAnswer: boolean): void {
    const time = toServerTime(this.#deps.clock.nowMs())
    this.#copy?.send(formatStatus(this.#acknowledged, time, wantsAnswer))
  }

  #toFeedError(error: unknown): unknown {
    if (error instanceof AppError) return error
    if (isChanging(error)) return this.#broken(WAS_CHANGED, withoutValues(error))
    if (!isConnectionLost(error)) return error
    return this.#broken('the connection was lost', withoutValues(error))
  }

  #broken(found: string, cause?: unknown): AppError {
    const { name } = this.#options
    const message = `Cannot read the feed "${name}": ${found}`
    return new AppError('connector.feed-broken', message, { name }, { cause })
  }
}

/** What the rows of a partition did to the table when it came or went stands in no log. */
function untoldParts(entity: EntityName): FeedUnfollowed {
  const reason = 'a partition of it was added, attached, detached or dropped'
  return { kind: 'unfollowed', entity, reason, remedy: [] }
}

function isSameDescription(a: DescribedEntity, b: DescribedEntity): boolean {
  return formatCanonicalJson(a) === formatCanonicalJson(b)
}

const NOTICE = 0x4e
const SETTING = 0x53
const NOTIFICATION = 0x41
