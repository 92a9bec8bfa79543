import type { SourceCut } from '#connector/connector'
import type {
  Feed,
  FeedCatalogue,
  FeedChanges,
  FeedCommit,
  FeedDescribed,
  FeedIdle,
  FeedMessage,
  FeedTruncate,
  FeedUnfollowed,
} from '#connector/feed'
import { describeSchema } from '#record/describe-schema'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import { assert } from '#stdx/assert'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { FollowMemory } from '../follow-deps.ts'
import { EntryWriter } from './entry-writer.ts'
import { followedEntities } from './followed-entities.ts'
import type { Gathering } from './gathering.ts'
import { HeldMessages, type TransactionPart } from './held-messages.ts'
import { changesBytes } from './joined-changes.ts'
import { judgeCatalogue } from './judge-catalogue.ts'
import { type ScanDeps, scopeOf } from './scan-beside.ts'
import { TimedReader, type TimedReaderOptions } from './timed-reader.ts'

/** Why reading ended: it was to stop, or the feed has told all that is in a cut, which is to be scanned. */
export type ReadEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'scan'; readonly cut: SourceCut; readonly why: string }

/** An entry is closed when it has so many transactions or bytes of rows. */
const TRANSACTIONS_MAX = 20_000
const ENTRY_BYTES = 32 * 1_048_576
/** So much is read ahead while an entry is committed. */
const READING: TimedReaderOptions<FeedMessage> = {
  bytesOf: (message) => (message.kind === 'changes' ? changesBytes(message) : 0),
  bytesMax: 1_048_576,
}
/** So much of the longest wait is waited at least, for others. */
const SOON = 0.1
/** Gaps that end by a scan, and that nothing but a scan ends. */
const SCANNED_SOON: ReadonlySet<string> = new Set(['capture.shape-changed', 'capture.not-told'])
/** How long after a cut could not be opened it is tried again. */
const CUT_RETRY_MS = 60_000
/** A wait for a scan of next month is made of waits that a timer can be set to. */
const WAKE_MAX_MS = 3_600_000

/**
 * Reads the feed behind the newest point and commits what it tells, until it is to stop or a scan is
 * due. Everything that was told whole is committed before it ends; a failure leaves what waits, which
 * is told again.
 */
export async function readFeed(
  scan: ScanDeps,
  { memory, state }: { readonly memory: FollowMemory; readonly state: TimelineState },
  stop: AbortSignal,
): Promise<ReadEnd> {
  const point = state.points.at(-1)
  assert(point !== undefined, 'A feed is read behind a point.')
  const known = followedEntities(state, point)
  await using feed = await scan.feed.open(
    {
      ...scopeOf(scan.request),
      after: point.body.cut,
      entities: [...known.values()].map(({ schema }) => describeSchema(schema)),
    },
    stop,
  )
  const failing = new AbortController()
  const parts = { failing, feed, memory, point, state }
  const writer = await EntryWriter.open(scan, parts, stop)
  memory.hasFollowed = true
  memory.reconcile ??= nextScan(scan, { point, state })
  const { position, time } = point.body.cut
  scan.deps.tell({ kind: 'opened', seq: point.seq, position, time })
  await using reading = new FeedReading(scan, { ...parts, writer })
  return await reading.run(stop)
}

/** When the next scan is due by the schedule: after the newest one, whoever made it. */
function nextScan(
  { deps, request }: ScanDeps,
  { point, state }: { readonly point: Point; readonly state: TimelineState },
): FollowMemory['reconcile'] {
  if (request.reconcileMs === null) return undefined
  const scan = state.points.bySeq(point.body.follow?.scan ?? point.seq)
  const agoMs = Math.max(0, deps.clock.nowMs() - Date.parse(scan?.time ?? ''))
  const lastMs = deps.clock.passedMs() - (Number.isNaN(agoMs) ? 0 : agoMs)
  return { dueMs: lastMs + request.reconcileMs, why: 'it is time to' }
}

type ReadingParts = {
  readonly failing: AbortController
  readonly feed: Feed
  readonly memory: FollowMemory
  readonly point: Point
  readonly state: TimelineState
  readonly writer: EntryWriter
}

class FeedReading implements AsyncDisposable {
  readonly #scan: ScanDeps
  readonly #parts: ReadingParts
  readonly #held = new HeldMessages()
  readonly #closed = new AbortController()
  /** Entities that are not told, or not as they are: scans see them. */
  readonly #ignored: Set<EntityName>
  /** Those of them that no gap is about: the catalogue says when that changes. */
  readonly #notFollowed: ReadonlySet<EntityName>
  /** Whether the transaction that is told stands in the entry already, because it is large. */
  #isStreaming = false
  #deadlineMs: number | undefined
  #opening: Promise<void> | undefined
  /** Where the source's log ended, for the next entry of a quiet source. */
  #end: Pick<FeedIdle, 'position' | 'time'> | undefined
  #until: { readonly cut: SourceCut; readonly why: string } | undefined

  constructor(scan: ScanDeps, parts: ReadingParts) {
    this.#scan = scan
    this.#parts = parts
    const open = parts.state.gaps.filter(({ until }) => until === null)
    this.#notFollowed = new Set(parts.point.body.follow?.notFollowed)
    this.#ignored = new Set([
      ...this.#notFollowed,
      ...open.flatMap(({ entities }) => entities ?? []),
    ])
    const changed = open.find(({ reason }) => SCANNED_SOON.has(reason))
    if (changed !== undefined) this.#wantScan(changed.found)
  }

  async run(stop: AbortSignal): Promise<ReadEnd> {
    const { failing, feed } = this.#parts
    const { clock } = this.#scan.deps
    const signal = AbortSignal.any([stop, failing.signal, this.#closed.signal])
    await using messages = new TimedReader<FeedMessage>(clock, feed.read(signal), READING)
    // Before the reader goes, whatever it waits for has to end.
    using _closing = { [Symbol.dispose]: () => this.#closed.abort() }
    for (;;) {
      const message = messages.take() ?? (await this.#next(messages, stop))
      if (message === 'stopped' || stop.aborted) return await this.#endForStop()
      const taken = message === 'late' ? this.#commitWhenDue() : this.#take(message)
      // Most messages need no waiting, and waiting costs more than they do.
      if (taken === undefined) continue
      if ((await taken) === true) return await this.#endForScan()
      this.#openCutWhenDue()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    await this.#opening
    await this.#until?.cut[Symbol.asyncDispose]()
    await this.#parts.writer.discard()
  }

  async #next(
    messages: TimedReader<FeedMessage>,
    stop: AbortSignal,
  ): Promise<FeedMessage | 'late' | 'stopped'> {
    try {
      const message = await messages.next(this.#wakeMs)
      assert(message !== 'end', 'A feed ends by an exception.')
      return stop.aborted ? 'stopped' : message
    } catch (error) {
      if (stop.aborted) return 'stopped'
      throw error
    }
  }

  /** @returns what to wait for; it gives `true` when all was told that is in the cut */
  #take(message: FeedMessage): Promise<unknown> | undefined {
    switch (message.kind) {
      case 'begin':
        this.#held.start(message)
        return undefined
      case 'changes':
      case 'truncate':
      case 'described':
      case 'unfollowed':
        return this.#takePart(message)
      case 'commit':
        return this.#takeCommit(message)
      case 'idle':
        return this.#takeIdle(message)
      case 'catalogue':
        return this.#takeCatalogue(message)
    }
  }

  #takePart(told: TransactionPart): Promise<void> | undefined {
    if (this.#isNothing(told)) return undefined
    const part = this.#isUnknown(told) ? lostAsNew(told.entity) : told
    if (this.#isStreaming) return this.#apply(part)
    this.#held.add(part)
    if (!this.#held.isFull || this.#held.begin === undefined) return undefined
    return this.#beginStreaming()
  }

  async #beginStreaming(): Promise<void> {
    // A large one begins an entry, so that others need not wait for its end.
    await this.#commit()
    await this.#release()
    this.#isStreaming = true
  }

  async #takeCommit(commit: FeedCommit): Promise<boolean> {
    const { writer } = this.#parts
    const cut = this.#until?.cut.cut.position
    if (cut !== undefined && !this.#isUpTo(commit.position, cut)) {
      if (this.#isStreaming) await writer.discard()
      return true
    }
    if (!this.#isStreaming) {
      if (!this.#held.isPlain) await this.#commit()
      await this.#release()
    }
    writer.gathering.commit(commit)
    this.#end = undefined
    this.#setDeadline()
    // A large one has waited long enough.
    if (this.#isStreaming || this.#isDue(writer.gathering)) await this.#commit()
    this.#isStreaming = false
    return cut !== undefined && this.#isUpTo(cut, commit.position)
  }

  async #takeIdle(idle: FeedIdle): Promise<boolean> {
    const { deps, request } = this.#scan
    const { memory, writer } = this.#parts
    if (this.#held.isLoose) await this.#applyLoose()
    writer.cameTo(idle)
    deps.tell({ kind: 'idle', time: idle.time })
    const isQuiet =
      writer.isEmpty && deps.clock.passedMs() - memory.lastEntryMs >= request.heartbeatMs
    if (isQuiet && !this.#isUpTo(idle.position, writer.position)) await this.#beat(idle)
    const cut = this.#until?.cut.cut.position
    return cut !== undefined && this.#isUpTo(cut, idle.position)
  }

  /**
   * A source says what its clock shows also while it has more to tell. Up to when all was told is known
   * of the end of its log, once the feed has come there.
   */
  async #beat(idle: FeedIdle): Promise<void> {
    const { feed, request } = this.#scan
    const { writer } = this.#parts
    const end = this.#end
    if (end !== undefined && this.#isUpTo(end.position, idle.position)) {
      this.#end = undefined
      writer.cameTo({ ...idle, time: end.time })
      return await writer.beat()
    }
    // A source that does not answer now is asked at the next occasion.
    this.#end ??= await feed.readPosition(request.feed, this.#closed.signal).catch(() => undefined)
  }

  async #takeCatalogue(message: FeedCatalogue): Promise<void> {
    const { isIncluded } = this.#scan.request
    const { writer } = this.#parts
    const notFollowed = this.#notFollowed
    const lost = new Set([...this.#ignored].filter((entity) => !notFollowed.has(entity)))
    const facts = { entities: writer.followed, notFollowed, ignored: lost, isIncluded }
    const answer = judgeCatalogue(facts, message)
    if (answer.lost.length > 0 || answer.evolved.length > 0) await this.#commit()
    for (const { entity, found } of answer.lost) {
      await this.#lose(entity, { reason: 'capture.not-told', found, remedy: [] })
    }
    for (const schema of answer.evolved) writer.gathering.evolve(schema)
    if (answer.evolved.length > 0) this.#setDeadline()
    if (answer.scanWhy !== null) this.#wantScan(answer.scanWhy)
  }

  /** What says nothing new, or is about what only scans see. */
  #isNothing(part: TransactionPart): boolean {
    const { entity } = part
    if (part.kind === 'described') return !this.#isNews(part)
    return this.#ignored.has(entity)
  }

  /** Rows of what no scan has seen: from the first of them on the entity is missing. */
  #isUnknown({ entity, kind }: TransactionPart): boolean {
    return kind !== 'unfollowed' && !this.#parts.writer.followed.has(entity)
  }

  #isNews({ described, entity }: FeedDescribed): boolean {
    if (this.#notFollowed.has(entity)) return false
    // What is held counts before it: an entity that it loses is told again from here on.
    if (this.#held.isChanging(entity)) return true
    const known = this.#parts.writer.schemaOf(entity)
    if (known === undefined || this.#ignored.has(entity)) return true
    return evolveSchema(known, described).change !== 'none'
  }

  /** What was told with no transaction behind it holds from here on, too. */
  async #applyLoose(): Promise<void> {
    await this.#commit()
    for (const part of this.#held.take().parts) await this.#apply(part)
    if (!this.#parts.writer.isEmpty) this.#setDeadline()
  }

  /** Puts what is held into the entry. */
  async #release(): Promise<void> {
    const { begin, parts } = this.#held.take()
    assert(begin !== undefined, 'A transaction began before it ends.')
    this.#parts.writer.gathering.begin(begin)
    for (const part of parts) {
      const applied = this.#apply(part)
      if (applied !== undefined) await applied
    }
  }

  #apply(part: TransactionPart): Promise<void> | undefined {
    // What came before in this transaction may have changed that.
    if (part.kind !== 'described' && this.#ignored.has(part.entity)) return undefined
    switch (part.kind) {
      case 'changes':
        return this.#applyChanges(part)
      case 'truncate':
        return this.#applyTruncate(part)
      case 'described':
        return this.#applyDescribed(part)
      case 'unfollowed':
        return this.#applyUnfollowed(part)
    }
  }

  #applyChanges(changes: FeedChanges): Promise<void> | undefined {
    if (changes.unchanged.size > 0) return this.#loseUnsent(changes.entity)
    return this.#parts.writer.gathering.add(changes)
  }

  async #loseUnsent(entity: EntityName): Promise<void> {
    const found = 'the source left out values of it that an update did not change'
    const { findings } = await this.#scan.feed.check(
      scopeOf(this.#scan.request),
      this.#closed.signal,
    )
    const remedy = findings.flatMap((one) =>
      one.entity === entity && one.kind === 'advice' ? one.remedy : [],
    )
    await this.#lose(entity, { reason: 'capture.values-not-sent', found, remedy })
  }

  async #applyTruncate({ entity, isWhole }: FeedTruncate): Promise<void> {
    if (isWhole) return await this.#parts.writer.gathering.truncate(entity)
    const found = 'a part of it was truncated'
    await this.#lose(entity, { reason: 'capture.shape-changed', found, remedy: [] })
    this.#wantScan(`a part of ${entity} was truncated`)
  }

  async #applyDescribed({ described, entity }: FeedDescribed): Promise<void> {
    const { gathering } = this.#parts.writer
    const known = this.#parts.writer.schemaOf(entity)
    assert(known !== undefined, 'What no scan has seen is lost before.')
    if (this.#ignored.has(entity)) return this.#wantScan(`${entity} can be followed now`)
    const { change, schema } = evolveSchema(known, described)
    const isInPlace = change === 'fields' || change === 'definition'
    if (change === 'none') return
    if (isInPlace && !gathering.hasRowsOf(entity)) return gathering.evolve(schema)
    const found = 'its fields or its key were changed'
    await this.#lose(entity, { reason: 'capture.shape-changed', found, remedy: [] })
    this.#wantScan(`the fields of ${entity} were changed`)
  }

  async #applyUnfollowed({ entity, reason, remedy }: FeedUnfollowed): Promise<void> {
    await this.#lose(entity, { reason: 'capture.not-told', found: reason, remedy })
    const isNew = !this.#parts.writer.followed.has(entity)
    if (isNew) return this.#wantScan(`${entity} is new`)
    // Before a person has done something, the next row would only lose it again.
    if (remedy.length === 0) this.#wantScan(`${entity} was not told: ${reason}`)
  }

  /** From here on it is not known what the entity holds, until it is scanned. */
  async #lose(
    entity: EntityName,
    why: { readonly reason: string; readonly found: string; readonly remedy: readonly string[] },
  ): Promise<void> {
    const { writer } = this.#parts
    this.#ignored.add(entity)
    await writer.gathering.forget(entity)
    await writer.stateGap({ ...why, entities: [entity] })
  }

  async #commit(): Promise<void> {
    this.#deadlineMs = undefined
    await this.#parts.writer.commit()
  }

  /** An entry a `commitMs`; the first after a pause waits only for what comes right behind. */
  #setDeadline(): void {
    const { deps, request } = this.#scan
    const soonMs = deps.clock.passedMs() + request.commitMs * SOON
    this.#deadlineMs ??= Math.max(soonMs, this.#parts.writer.beganMs + request.commitMs)
  }

  /** When to stop waiting for the source: an entry is due, or a scan is, and a quiet source tells nothing. */
  get #wakeMs(): number | undefined {
    const { reconcile } = this.#parts.memory
    if (reconcile === undefined || this.#opening !== undefined) return this.#deadlineMs
    const scanMs = Math.min(reconcile.dueMs, this.#scan.deps.clock.passedMs() + WAKE_MAX_MS)
    return Math.min(scanMs, this.#deadlineMs ?? Number.POSITIVE_INFINITY)
  }

  async #commitWhenDue(): Promise<void> {
    const nowMs = this.#scan.deps.clock.passedMs()
    if (nowMs >= (this.#deadlineMs ?? Number.POSITIVE_INFINITY)) await this.#commit()
  }

  #isDue(gathering: Gathering): boolean {
    const isLate =
      this.#scan.deps.clock.passedMs() >= (this.#deadlineMs ?? Number.POSITIVE_INFINITY)
    return isLate || gathering.count >= TRANSACTIONS_MAX || gathering.bytes >= ENTRY_BYTES
  }

  #wantScan(why: string): void {
    const { memory } = this.#parts
    const nowMs = this.#scan.deps.clock.passedMs()
    const dueMs = Math.max(nowMs, memory.pauseUntilMs)
    if (memory.reconcile !== undefined && memory.reconcile.dueMs <= dueMs) return
    memory.reconcile = { dueMs, why }
  }

  /** Beside the reading: opening may wait for transactions that are open. */
  #openCutWhenDue(): void {
    const { deps, feed, request } = this.#scan
    const { reconcile } = this.#parts.memory
    if (reconcile === undefined || this.#opening !== undefined) return
    if (deps.clock.passedMs() < reconcile.dueMs) return
    const open = async () => {
      await feed.extend(scopeOf(request), this.#closed.signal).catch(() => [])
      const cut = await feed.openCut(request.feed, this.#closed.signal)
      this.#until = { cut, why: reconcile.why }
    }
    this.#opening = open().catch((error: unknown) => {
      if (this.#closed.signal.aborted) return
      const dueMs = deps.clock.passedMs() + CUT_RETRY_MS
      this.#parts.memory.pauseUntilMs = dueMs
      this.#parts.memory.reconcile = { dueMs, why: reconcile.why }
      deps.tell({ kind: 'reconcile-failed', error, nextMs: CUT_RETRY_MS })
      this.#opening = undefined
    })
  }

  /** What was told whole is kept; what was not is told again. */
  async #endForStop(): Promise<ReadEnd> {
    if (!this.#isStreaming) await this.#commit()
    await this.#parts.writer.settle()
    return { kind: 'stopped' }
  }

  async #endForScan(): Promise<ReadEnd> {
    await this.#commit()
    await this.#parts.writer.settle()
    const until = this.#until
    assert(until !== undefined, 'Reading ends at a cut.')
    this.#until = undefined
    return { kind: 'scan', ...until }
  }

  #isUpTo(position: string, cut: string): boolean {
    return this.#scan.feed.isUpTo(position, cut)
  }
}

function lostAsNew(entity: EntityName): FeedUnfollowed {
  const reason = 'it is new, and no scan has seen it yet'
  return { kind: 'unfollowed', entity, reason, remedy: [] }
}
