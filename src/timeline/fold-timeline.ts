import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { SegmentRef } from '#segment/segment'
import type { Chain, LinkedEntry, Links } from './chain-slots.ts'
import type { CaptureBody, EntryBody, GapBody } from './entry.ts'
import type { UnknownBody } from './envelope.ts'
import type { ExpiredPoints } from './expired-points.ts'
import { findRepaired, REPAIRED } from './followed-point.ts'
import { judgeFollow } from './judge-follow.ts'
import type { LogPages } from './kept-pages.ts'
import { KnownSessions } from './known-sessions.ts'
import { LiveObjects } from './live-objects.ts'
import type {
  AgreedBody,
  CompactBody,
  HoldBody,
  LabelBody,
  RepairBody,
} from './maintenance-entry.ts'
import { PAGE_ITEMS, type PagedLog } from './paged-log.ts'
import {
  type LabelledAt,
  type PageFacts,
  PointList,
  pageFactsOf,
  type SlotRecord,
} from './point-list.ts'
import type { Catalogue, Gap, Incident, TimelineState } from './timeline-state.ts'

/** So many sessions are looked for one by one before they join those that are known. */
const COMMITTED_MAX = 1024

/** Folds the entries of a source into what can be asked about it. Pure: same chain, same state. */
export function foldTimeline(chain: Chain): TimelineState {
  const folding = new Folding(chain.source)
  // Their hashes are not known here, and nobody asks a chain that was read whole for them.
  for (const entry of chain.entries) folding.take({ entry, hash: '' })
  return folding.finish(chain)
}

/**
 * Why an entry with this body would not count if it came next; `undefined` when it would. Whoever
 * appends asks first: an entry that does not count must never be taken for one that does.
 */
export function judgeNext(state: TimelineState, body: EntryBody): string | undefined {
  return new Folding(state.source, state).judge(state.headSeq + 1, body)
}

/** Folds entry by entry, each as a whole or, where it does not count, not at all. */
export class Folding {
  readonly #source: string
  readonly #live: LiveObjects
  readonly #schemas: Map<EntityName, readonly SchemaVersion[]>
  readonly #fenced: Set<string>
  readonly #repairs: Map<string, string>
  readonly #incidents: Incident[]
  readonly #labels: Map<string, LabelledAt>
  readonly #held: Set<number>
  readonly #gone: Map<number, number>
  readonly #facts: PageFacts[]
  readonly #catalogues: { readonly seq: number; readonly catalogue: Catalogue }[]
  readonly #committed = new Set<string>()
  #gaps: readonly Gap[]
  #sessions: KnownSessions
  #expired: ExpiredPoints
  #slots: PagedLog<SlotRecord>
  #newest: number | null
  #basis: number | null

  /** @param before as after the entries that come before; it stays as it is */
  constructor(source: string, before?: TimelineState) {
    const { log, marks } = before?.points ?? new PointList()
    this.#source = source
    this.#live = new LiveObjects(before)
    this.#schemas = new Map(before?.schemas)
    this.#fenced = new Set(before?.fenced)
    this.#repairs = new Map(before?.repairs)
    this.#incidents = [...(before?.uncounted ?? [])]
    this.#labels = new Map(marks.labels)
    this.#held = new Set(marks.held)
    this.#gone = new Map(marks.gone)
    this.#facts = [...marks.facts]
    this.#catalogues = [...marks.catalogues]
    this.#gaps = marks.gaps
    this.#sessions = before?.sessions ?? new KnownSessions()
    this.#expired = marks.expired
    this.#slots = log
    this.#newest = before?.points.at(-1)?.seq ?? null
    this.#basis = before?.basis ?? null
  }

  /** Entries come in order, each with the void slots before it. */
  take({ entry, hash }: LinkedEntry): void {
    const { body, seq, time, voids } = entry
    for (const slot of voids) this.#keep({ hash: slot.hash })
    const refusal = this.#add(seq, body)
    if (refusal !== undefined) {
      const problem = `The ${body.kind} in entry ${seq} does not count: ${refusal}`
      this.#incidents.push({ seq, problem })
    }
    const isPoint = body.kind === 'capture' && refusal === undefined
    this.#keep(isPoint ? { hash, point: { time, body } } : { hash })
  }

  /** Why it would not count; `undefined` when it would. Nothing can be folded after it. */
  judge(seq: number, body: EntryBody): string | undefined {
    return this.#add(seq, body)
  }

  /** Has full pages kept elsewhere, so that they need not stay in memory. */
  async spill(pages: LogPages): Promise<void> {
    this.#slots = await pages.keep(this.#slots)
    this.#live.replaced = await pages.keep(this.#live.replaced)
  }

  finish(links: Links): TimelineState {
    const { damagedFrom, headHash, headSeq, isUnsupported, source, unknownKinds, voids } = links
    const marks = {
      facts: this.#facts,
      catalogues: this.#catalogues,
      labels: this.#labels,
      held: this.#held,
      expired: this.#expired,
      gone: this.#gone,
      gaps: this.#gaps,
    }
    return {
      source,
      headSeq,
      headHash,
      points: new PointList(this.#slots, marks),
      gaps: this.#gaps,
      expired: this.#expired,
      basis: this.#basis,
      schemas: this.#schemas,
      segments: this.#live.segments,
      replaced: this.#live.replaced,
      sessions: this.#sessions.add([...this.#committed]),
      fenced: this.#fenced,
      repairs: this.#repairs,
      uncounted: this.#incidents,
      incidents: [...links.incidents, ...this.#incidents],
      damagedFrom,
      isUnsupported,
      unknownKinds,
      voids,
    }
  }

  #keep(record: SlotRecord): void {
    const pages = this.#slots.pages.length
    this.#slots = this.#slots.add(record)
    const full = this.#slots.pages[pages]
    if (full !== undefined) this.#facts.push(pageFactsOf(full.items()))
    if (this.#committed.size < COMMITTED_MAX) return
    this.#sessions = this.#sessions.add([...this.#committed])
    this.#committed.clear()
  }

  #add(seq: number, body: EntryBody | UnknownBody): string | undefined {
    switch (body.kind) {
      case 'capture':
        return this.#addCapture(seq, body)
      case 'gap':
        return this.#addGap(seq, body)
      case 'compact':
        return this.#addCompact(seq, body)
      case 'label':
        return this.#addLabel(body)
      case 'hold':
        return this.#addHold(seq, body)
      case 'release':
      case 'expire':
        return this.#addAgreed(seq, body)
      case 'fence':
        for (const session of body.sessions) this.#fenced.add(session)
        return undefined
      case 'repair':
        return this.#addRepair(body)
      default:
        return undefined
    }
  }

  #addCapture(seq: number, body: CaptureBody): string | undefined {
    if (body.base !== this.#newest) {
      return `it was compared with ${body.base ?? 'nothing'}, the newest point was ${this.#newest ?? 'none'}`
    }
    const known = this.#catalogues.at(-1)?.catalogue
    const catalogue = body.catalogue ?? known
    if (catalogue === undefined) return 'it carries no catalogue and follows none'
    const refusal =
      this.#judgeWriter(body) ?? this.#live.judgeBorrowed(body.segments) ?? this.#judgeFollow(body)
    if (refusal !== undefined) return refusal
    this.#committed.add(body.session)
    this.#doubtWhatWasTold(seq, body)
    this.#newest = seq
    if (body.follow?.part !== 'transactions') this.#closeGaps(seq)
    if (catalogue !== known) this.#catalogues.push({ seq, catalogue })
    for (const schema of body.schemas) {
      this.#schemas.set(schema.entity, [...(this.#schemas.get(schema.entity) ?? []), schema])
    }
    for (const ref of body.segments) this.#live.add({ seq, ref })
    return undefined
  }

  #judgeFollow(body: CaptureBody): string | undefined {
    if (body.follow === undefined) return undefined
    const newest = this.#bodyAt(this.#newest)
    const scanSeq = newest?.follow?.scan ?? this.#newest
    const scan = this.#bodyAt(scanSeq)
    const before = {
      source: this.#source,
      newest,
      scan: scan && scanSeq !== null ? { seq: scanSeq, body: scan } : undefined,
      gaps: this.#gaps,
      schemas: this.#schemas,
    }
    return judgeFollow(before, body)
  }

  /** What a point says that was let go, too: others may rest on it. */
  #bodyAt(seq: number | null): CaptureBody | undefined {
    return seq === null ? undefined : this.#slots.at(seq)?.point?.body
  }

  #addGap(seq: number, { entities, feed, found, reason }: GapBody): string | undefined {
    const after = this.#newest
    if (after === null) return 'there is no point before it'
    this.#gaps = [...this.#gaps, { seq, after, until: null, feed, reason, found, entities }]
    return undefined
  }

  /**
   * What a reconcile put right was lost somewhere since the scan before it, nobody knows where. Reads
   * two entries: the newest point and that scan.
   */
  #doubtWhatWasTold(seq: number, { entities, follow }: CaptureBody): void {
    if (follow?.part !== 'reconcile') return
    const after = this.#newest
    const told = this.#bodyAt(after)?.follow
    if (after === null || told === undefined) return
    const since = told.scan ?? after
    const held = new Set(this.#bodyAt(since)?.entities.map(({ entity }) => entity))
    const known = entities.filter(({ entity }) => held.has(entity))
    const lost = findRepaired(known, told.notFollowed, this.#gaps)
    if (lost.length === 0) return
    const between = { seq: since, after: since, until: seq, feed: told.feed }
    const found = `the scan of entry ${seq} put it right`
    this.#gaps = [...this.#gaps, { ...between, reason: REPAIRED, found, entities: lost }]
  }

  #closeGaps(seq: number): void {
    if (this.#gaps.every(({ until }) => until !== null)) return
    this.#gaps = this.#gaps.map((gap) => (gap.until === null ? { ...gap, until: seq } : gap))
  }

  #addCompact(seq: number, body: CompactBody): string | undefined {
    const refusal = this.#judgeWriter(body) ?? this.#live.judgeReplacement(body)
    if (refusal !== undefined) return refusal
    this.#committed.add(body.session)
    this.#live.replace(seq, body)
    return undefined
  }

  #addLabel({ label, ordinal, point }: LabelBody): string | undefined {
    if (this.#labels.has(label)) return `label "${label}" is given already`
    const missing = this.#findMissing([point])
    if (missing !== undefined) return missing
    const count = this.#bodyAt(point)?.follow?.transactions?.count ?? 1
    if ((ordinal ?? 1) > Math.max(1, count)) return `point ${point} has no transaction ${ordinal}`
    this.#labels.set(label, { seq: point, ordinal: ordinal ?? null })
    return undefined
  }

  #addHold(seq: number, { points }: HoldBody): string | undefined {
    const missing = this.#findMissing(points)
    if (missing !== undefined) return missing
    this.#basis = seq
    for (const point of points) this.#held.add(point)
    return undefined
  }

  #addAgreed(seq: number, body: AgreedBody): string | undefined {
    const { basis, kind, points } = body
    if (basis !== this.#basis) {
      return `it was agreed after entry ${basis ?? 'none'}, since then holds or points have changed`
    }
    const missing = this.#findMissing(points)
    if (missing !== undefined) return missing
    if (kind === 'release') {
      this.#basis = seq
      for (const point of points) this.#held.delete(point)
      return undefined
    }
    const held = points.filter((point) => this.#held.has(point))
    if (held.length > 0) return `point ${Math.min(...held)} is held`
    if (points.some((point) => point === this.#newest)) return `point ${this.#newest} is the newest`
    this.#basis = seq
    this.#expire(seq, new Set(points))
    return undefined
  }

  #expire(seq: number, points: ReadonlySet<number>): void {
    this.#expired = this.#expired.add([...points], seq)
    for (const [label, { seq: point }] of this.#labels) {
      if (points.has(point)) this.#labels.delete(label)
    }
    for (const point of points) {
      const page = Math.floor(point / PAGE_ITEMS)
      this.#gone.set(page, (this.#gone.get(page) ?? 0) + 1)
    }
  }

  #addRepair({ objects }: RepairBody): string | undefined {
    const dead = objects.find(({ by }) => by.split('/').some((part) => this.#fenced.has(part)))
    if (dead !== undefined) return `the writer of "${dead.by}" was declared dead`
    for (const { by, object, store } of objects) this.#repairs.set(`${store}:${object}`, by)
    return undefined
  }

  #findMissing(points: readonly number[]): string | undefined {
    const isThere = (seq: number) =>
      this.#slots.at(seq)?.point !== undefined && this.#expired.get(seq) === undefined
    const missing = points.find((seq) => !isThere(seq))
    return missing === undefined ? undefined : `there is no point ${missing}`
  }

  #isCommitted(session: string): boolean {
    return this.#committed.has(session) || this.#sessions.has(session)
  }

  /** A session commits once, and not after it was declared dead; its objects lie in its own folder. */
  #judgeWriter({
    segments,
    session,
  }: {
    readonly session: string
    readonly segments: readonly SegmentRef[]
  }): string | undefined {
    if (this.#isCommitted(session)) return 'its session was committed before'
    if (this.#fenced.has(session)) return 'its session was declared dead'
    const foreign = segments.find((ref) => !this.#isOwn(ref, session))
    if (foreign === undefined) return undefined
    return `it names "${foreign.keys.name}", which is none of its objects`
  }

  /** Objects lie where only this source's writers may write. */
  #isOwn(ref: SegmentRef, session: string): boolean {
    const folder = `${this.#source}/${session}/`
    const names = [ref.keys, ref.rows, ref.blobs].flatMap((object) => object?.name ?? [])
    const isInFolder = names.every((name) => name.startsWith(`segments/${folder}`))
    return isInFolder && ref.keyring.startsWith(folder)
  }
}
