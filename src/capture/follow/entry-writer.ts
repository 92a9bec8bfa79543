import type { Feed, FeedIdle } from '#connector/feed'
import type { Cut } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { openBlobIndex } from '#segment/blob-index'
import { assert } from '#stdx/assert'
import type { CaptureBody, GapBody } from '#timeline/entry'
import { parseTimeNs } from '#timeline/time-ns'
import { liveSegments, type Point, type TimelineState } from '#timeline/timeline-state'
import { commitNext } from '#vault/commit-next'
import { commitPoint } from '../commit-point.ts'
import type { FollowMemory } from '../follow-deps.ts'
import type { EntityGatheringDeps } from './entity-gathering.ts'
import { type FollowedEntities, followedEntities } from './followed-entities.ts'
import { formatFeedBody, needsTable } from './format-feed-body.ts'
import { type Gathered, Gathering } from './gathering.ts'
import type { ScanDeps } from './scan-beside.ts'

type WriterParts = {
  /** Aborted with what a commit failed with, so that nobody goes on behind it. */
  readonly failing: AbortController
  readonly feed: Feed
  readonly memory: FollowMemory
  readonly point: Point
  readonly state: TimelineState
}

/** What could not be told of entities, and why. */
export type Lost = {
  readonly reason: string
  readonly found: string
  readonly remedy: readonly string[]
  readonly entities: readonly EntityName[]
}

/** Sorting takes so much of the bound for each entity that is told of. */
const SORT_SHARE = 4

/**
 * Commits what a feed tells, an entry after the other, each resting on the one before. While one is
 * written the next is gathered. What it writes is not to be interrupted, so it takes no signal: whoever
 * stops lets it end.
 */
export class EntryWriter {
  readonly #scan: ScanDeps
  readonly #parts: WriterParts
  /** Of its own, never aborted. */
  readonly #signal = new AbortController().signal
  readonly #notFollowed: readonly EntityName[]
  /** Seq of the newest scan. */
  readonly #scanSeq: number
  #deps: EntityGatheringDeps
  #followed: FollowedEntities
  #gathering: Gathering
  #session: string
  #edition: string
  #baseSeq: number
  /** Up to where everything was told; and up to where it is committed. */
  #cameTo: Pick<Cut, 'position' | 'time'>
  #position: string
  #beganMs = Number.NEGATIVE_INFINITY
  #committing: Promise<void> = Promise.resolve()

  static async open(scan: ScanDeps, parts: WriterParts, signal: AbortSignal): Promise<EntryWriter> {
    const { deps, request } = scan
    const { vault } = deps
    const live = liveSegments(parts.state)
    return new EntryWriter(scan, parts, {
      write: await vault.writeDeps(request.source, signal),
      digestKey: await vault.digestKey(request.source, signal),
      blobs: openBlobIndex(await vault.readDeps(request.source, signal), live),
      random: deps.random,
      tempDir: deps.tempDir,
    })
  }

  private constructor(scan: ScanDeps, parts: WriterParts, deps: EntityGatheringDeps) {
    const { follow, cut } = parts.point.body
    assert(follow !== undefined, 'A feed is read behind a point that it begins at or told.')
    this.#scan = scan
    this.#parts = parts
    this.#deps = deps
    this.#notFollowed = follow.notFollowed
    this.#scanSeq = follow.part === 'transactions' ? (follow.scan ?? 0) : parts.point.seq
    this.#followed = followedEntities(parts.state, parts.point)
    this.#baseSeq = parts.point.seq
    this.#cameTo = cut
    this.#position = cut.position
    this.#edition = editionOf(parts.state)
    this.#session = this.#makeSession()
    this.#gathering = this.#makeGathering()
  }

  /** The entities as they are at the newest entry, written or about to be. */
  get followed(): FollowedEntities {
    return this.#followed
  }

  get gathering(): Gathering {
    return this.#gathering
  }

  get isEmpty(): boolean {
    return this.#gathering.isEmpty
  }

  /** Up to where all is committed. */
  get position(): string {
    return this.#position
  }

  /** The schema version under which rows of the entity are told. */
  schemaOf(entity: EntityName): SchemaVersion | undefined {
    return this.#gathering.schemaOf(entity)
  }

  /** Nothing happened up to here that was not told. */
  cameTo({ position, time }: FeedIdle): void {
    this.#cameTo = { position, time }
  }

  /** When the newest entry was begun to be written. */
  get beganMs(): number {
    return this.#beganMs
  }

  /**
   * Begins to commit the whole transactions that wait, once what was begun before is committed;
   * nothing happens when none does.
   * @throws what the entry before failed with
   */
  async commit(): Promise<void> {
    if (this.#gathering.isEmpty) return
    await this.settle()
    this.#close()
  }

  /** Commits an entry that only says how far everything was told, so that the source need not keep it. */
  async beat(): Promise<void> {
    assert(this.#gathering.isEmpty, 'Nothing waits when the source is quiet.')
    await this.settle()
    this.#close()
    await this.settle()
  }

  /** Waits until what was begun is committed. @throws what it failed with */
  async settle(): Promise<void> {
    await this.#committing
  }

  /** States that something could not be told, behind all that was. */
  async stateGap(gap: Lost): Promise<void> {
    await this.settle()
    const { deps, request } = this.#scan
    const { entities, found, reason, remedy } = gap
    const lost = [...entities]
    const body: GapBody = { kind: 'gap', feed: request.feed, reason, found, entities: lost }
    const committed = await commitNext(deps.vault, request.source, () => body, this.#signal)
    assert(committed !== undefined, 'A gap is stated.')
    deps.tell({ kind: 'gap', seq: committed.seq, reason, found, remedy, entities })
  }

  /** Drops what waits, which will be told again; what is being committed is not taken back. */
  async discard(): Promise<void> {
    await this.#gathering.discard()
    // Whoever waits for it is told.
    await this.settle().catch(() => {})
    this.#begin()
  }

  /** What is gathered from here on is of the next entry. */
  #close(): void {
    const closed = { gathering: this.#gathering, session: this.#session, cameTo: this.#cameTo }
    this.#beganMs = this.#scan.deps.clock.passedMs()
    this.#followed = closed.gathering.after()
    this.#begin()
    this.#committing = this.#commit(closed)
    this.#committing.catch((error: unknown) => this.#parts.failing.abort(error))
  }

  async #commit({ cameTo, gathering, session }: Closed): Promise<void> {
    const { deps, request } = this.#scan
    const { vault } = deps
    const { source } = request
    const startedMs = this.#beganMs
    const gathered = await finishOrDiscard(gathering)
    const { transactions } = gathered
    const table = needsTable(gathered)
      ? await vault.putTransactions({ source, session, transactions }, this.#signal)
      : null
    const last = transactions.at(-1)
    const { identity } = this.#parts.point.body.cut
    const { position, time } = last ?? cameTo
    const body = formatFeedBody({
      gathered,
      session,
      table,
      connector: request.connector,
      feed: request.feed,
      cut: { position, time, identity },
      base: this.#baseSeq,
      scan: this.#scanSeq,
      notFollowed: this.#notFollowed,
      durationMs: deps.clock.passedMs() - startedMs,
    })
    const state = await vault.readTimeline(source, this.#signal)
    const { seq } = await commitPoint(vault, state, body, this.#signal)
    this.#parts.feed.acknowledge(position)
    this.#baseSeq = seq
    this.#position = position
    this.#parts.memory.lastEntryMs = deps.clock.passedMs()
    await this.#outdateBlobs(state)
    this.#tell(seq, body)
    await deps.afterCommit()
  }

  #tell(seq: number, { bytesStored, cut, follow }: CaptureBody): void {
    const { deps } = this.#scan
    const {
      count = 0,
      deleted = 0,
      earliest,
      inserted = 0,
      updated = 0,
    } = follow?.transactions ?? {}
    const earliestNs = count === 0 || earliest === undefined ? undefined : parseTimeNs(earliest)
    const lagMs =
      earliestNs === undefined ? null : deps.clock.nowMs() - Number(earliestNs / 1_000_000n)
    deps.tell({
      kind: 'committed',
      seq,
      transactions: count,
      changes: inserted + updated + deleted,
      position: cut.position,
      time: cut.time,
      bytesStored,
      lagMs,
    })
  }

  /** What was collected since must not be named as where a large value lies. */
  async #outdateBlobs(state: TimelineState): Promise<void> {
    const edition = editionOf(state)
    if (edition === this.#edition) return
    this.#edition = edition
    const { deps, request } = this.#scan
    const read = await deps.vault.readDeps(request.source, this.#signal)
    this.#deps = { ...this.#deps, blobs: openBlobIndex(read, liveSegments(state)) }
  }

  #begin(): void {
    this.#session = this.#makeSession()
    this.#gathering = this.#makeGathering()
  }

  #makeSession(): string {
    return Buffer.from(this.#scan.deps.random.bytes(16)).toString('hex')
  }

  #makeGathering(): Gathering {
    const { sortBytesMax, source } = this.#scan.request
    return new Gathering(this.#deps, this.#followed, {
      source,
      session: this.#session,
      memoryBytesMax: Math.ceil(sortBytesMax / SORT_SHARE),
      signal: this.#signal,
    })
  }
}

type Closed = {
  readonly gathering: Gathering
  readonly session: string
  readonly cameTo: Pick<Cut, 'position' | 'time'>
}

async function finishOrDiscard(gathering: Gathering): Promise<Gathered> {
  try {
    return await gathering.finish()
  } catch (error) {
    await gathering.discard()
    throw error
  }
}

/** Changes when segments were merged or points let go. */
function editionOf({ basis, replaced }: TimelineState): string {
  return `${basis} ${replaced.length}`
}
