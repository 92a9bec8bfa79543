import { atEntry } from '#record/stamp'
import { assert } from '#stdx/assert'
import type { CaptureBody } from './entry.ts'
import { ExpiredPoints } from './expired-points.ts'
import {
  findUnproven,
  kindOf,
  overlayEntities,
  type Untouched,
  untouchedOf,
  withFactsOf,
} from './followed-point.ts'
import { PAGE_ITEMS, PagedLog } from './paged-log.ts'
import { parseTimeNs } from './time-ns.ts'
import type { Catalogue, Gap, Point } from './timeline-state.ts'

/** What is kept of each slot of a timeline, by seq; a point was one when it was committed. */
export type SlotRecord = {
  /** Of the object in it. */
  readonly hash: string
  readonly point?: PointRecord
}

type PointRecord = { readonly time: string; readonly body: CaptureBody }

/** What tells whether a page of slots has to be looked at. */
export type PageFacts = {
  /** Points in it, those that were let go among them. */
  readonly points: number
  /** No point in it is of an earlier moment of the source; `null` when none tells its moment. */
  readonly earliestMs: number | null
}

/** What bears a label: a point, or one of the transactions in it. */
export type LabelledAt = { readonly seq: number; readonly ordinal: number | null }

export type PointMarks = {
  readonly facts: readonly PageFacts[]
  /** Catalogues, each with the first point that it is in force at, ascending. */
  readonly catalogues: readonly { readonly seq: number; readonly catalogue: Catalogue }[]
  readonly labels: ReadonlyMap<string, LabelledAt>
  readonly held: ReadonlySet<number>
  readonly expired: ExpiredPoints
  /** By page, how many of its points were let go. */
  readonly gone: ReadonlyMap<number, number>
  readonly gaps: readonly Gap[]
}

/** Scans whose entities stay in memory. */
const SCANS_HELD = 4

const NO_MARKS: PointMarks = {
  facts: [],
  catalogues: [],
  labels: new Map(),
  held: new Set(),
  expired: new ExpiredPoints(),
  gone: new Map(),
  gaps: [],
}

/**
 * The recovery points of a timeline, ascending by seq. Pages of them are read when they are asked for
 * and not before; asking for one point, by number, label or time, reads a page or two.
 */
export class PointList {
  readonly log: PagedLog<SlotRecord>
  readonly marks: PointMarks
  #length: number | undefined
  readonly #untouched = new Map<number, Untouched>()

  constructor(log: PagedLog<SlotRecord> = new PagedLog(), marks: PointMarks = NO_MARKS) {
    this.log = log
    this.marks = marks
  }

  get length(): number {
    this.#length ??= this.#pages().reduce((sum, page) => sum + this.#countIn(page), 0)
    return this.#length
  }

  /** @param index from the end when it is negative */
  at(index: number): Point | undefined {
    if (index < 0) return this.#nth(this.#pages().reverse(), -1 - index, true)
    return this.#nth(this.#pages(), index, false)
  }

  bySeq(seq: number): Point | undefined {
    const record = this.log.at(seq)
    if (record?.point === undefined || this.marks.expired.get(seq) !== undefined) return undefined
    return this.#toPoint(seq, record.point)
  }

  byLabel(label: string): Point | undefined {
    const at = this.marks.labels.get(label)
    return at && this.bySeq(at.seq)
  }

  /** The newest point before this entry. */
  before(seq: number): Point | undefined {
    for (let page = this.#pageOf(seq); page >= 0; page--) {
      const found = this.#seqsIn(page).findLast((one) => one < seq)
      if (found !== undefined) return this.bySeq(found)
    }
    return undefined
  }

  /** The oldest point after this entry. */
  after(seq: number): Point | undefined {
    for (const page of this.#pages().slice(this.#pageOf(seq))) {
      const found = this.#seqsIn(page).find((one) => one > seq)
      if (found !== undefined) return this.bySeq(found)
    }
    return undefined
  }

  /** Also one that was let go: others may rest on what it says. */
  committed(seq: number): Point | undefined {
    const record = this.log.at(seq)
    return record?.point && this.#toPoint(seq, record.point)
  }

  /**
   * The last point, in the order of commits, whose cut is at or before this moment, or that has a
   * transaction which is.
   */
  lastAt(timeNs: bigint): Point | undefined {
    const isUpTo = (time: string | undefined) => (parseTimeNs(time ?? '') ?? timeNs + 1n) <= timeNs
    const isPast = ({ body }: Point) => isUpTo(body.cut.time) || isUpTo(earliestOf(body))
    const timeMs = Number(timeNs / 1_000_000n)
    for (const page of this.#pages().reverse()) {
      if (!this.#mayBeUpTo(timeMs, page)) continue
      const found = this.#pointsIn(page).findLast(isPast)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** From the newest on; pages are read as they are come to. */
  *backwards(): Generator<Point, void, undefined> {
    for (const page of this.#pages().reverse()) yield* this.#pointsIn(page).reverse()
  }

  *[Symbol.iterator](): Generator<Point, undefined, undefined> {
    for (const page of this.#pages()) yield* this.#pointsIn(page)
  }

  map<T>(fn: (point: Point) => T): T[] {
    return [...this].map(fn)
  }

  flatMap<T>(fn: (point: Point) => readonly T[]): T[] {
    return [...this].flatMap(fn)
  }

  filter(isIn: (point: Point) => boolean): Point[] {
    return [...this].filter(isIn)
  }

  find(isIt: (point: Point) => boolean): Point | undefined {
    for (const point of this) if (isIt(point)) return point
    return undefined
  }

  slice(from: number, to: number): Point[] {
    return [...this].slice(from, to)
  }

  #pages(): number[] {
    return Array.from({ length: this.log.pages.length + 1 }, (_, page) => page)
  }

  #countIn(page: number): number {
    const facts = this.marks.facts[page]
    const all = facts?.points ?? this.log.tail.filter(({ point }) => point !== undefined).length
    return all - (this.marks.gone.get(page) ?? 0)
  }

  #nth(pages: readonly number[], index: number, isFromEnd: boolean): Point | undefined {
    let skipped = 0
    for (const page of pages) {
      const count = this.#countIn(page)
      if (index < skipped + count) {
        const seqs = this.#seqsIn(page)
        const seq = isFromEnd ? seqs.at(-1 - (index - skipped)) : seqs[index - skipped]
        return seq === undefined ? undefined : this.bySeq(seq)
      }
      skipped += count
    }
    return undefined
  }

  #mayBeUpTo(timeMs: number, page: number): boolean {
    const { facts } = this.marks
    const earliestMs = page < facts.length ? facts[page]?.earliestMs : Number.NEGATIVE_INFINITY
    return earliestMs !== null && earliestMs !== undefined && earliestMs <= timeMs
  }

  #pageOf(seq: number): number {
    return Math.max(0, Math.min(Math.floor(seq / PAGE_ITEMS), this.log.pages.length))
  }

  #pointsIn(page: number): Point[] {
    return this.#seqsIn(page).flatMap((seq) => this.bySeq(seq) ?? [])
  }

  /** Of the points in it, ascending. */
  #seqsIn(page: number): number[] {
    if (this.#countIn(page) === 0) return []
    const records = this.log.pages[page]?.items() ?? this.log.tail
    return records.flatMap(({ point }, i) => {
      const seq = page * PAGE_ITEMS + i
      return point !== undefined && !this.marks.expired.has(seq) ? [seq] : []
    })
  }

  #toPoint(seq: number, { body, time }: PointRecord): Point {
    const { catalogues, gaps, held, labels } = this.marks
    const inForce = catalogues.findLast((one) => one.seq <= seq)?.catalogue
    const names = [...labels].flatMap(([label, at]) => (at.seq === seq ? [label] : []))
    const catalogue = inForce ?? { definition: null, notRestored: [] }
    const scanSeq = body.follow?.scan ?? null
    // It may lie in another page: read when somebody asks what the point holds.
    const untouched = scanSeq === null ? undefined : () => this.#untouchedAt(scanSeq)
    const factsOf: Point['factsOf'] = (entity) =>
      body.entities.find((one) => one.entity === entity) ?? untouched?.().byEntity.get(entity)
    let entities: Point['entities'] | undefined
    const point: Omit<Point, 'factsOf'> = {
      seq,
      kind: kindOf(body),
      time,
      body,
      catalogue,
      labels: names,
      held: held.has(seq),
      asOf: atEntry(seq),
      cut: body.cut,
      transaction: null,
      get entities() {
        entities ??= untouched ? overlayEntities(untouched(), body) : body.entities
        return entities
      },
      get unproven() {
        return findUnproven(seq, body, gaps)
      },
      get leftOut() {
        return (untouched?.().scan ?? body).leftOut
      },
      get sequences() {
        return (untouched?.().scan ?? body).sequences
      },
    }
    return withFactsOf(point, factsOf)
  }

  /** The scan that points of a feed rest on: many do on one. */
  #untouchedAt(seq: number): Untouched {
    const known = this.#untouched.get(seq)
    if (known !== undefined) return known
    const scan = this.log.at(seq)?.point?.body
    assert(scan !== undefined, 'What a feed told is counted behind a scan.')
    const found = untouchedOf(scan)
    if (this.#untouched.size >= SCANS_HELD) this.#untouched.clear()
    this.#untouched.set(seq, found)
    return found
  }
}

/** The least time of a transaction in it. */
function earliestOf({ follow }: CaptureBody): string | undefined {
  const { count = 0, earliest } = follow?.transactions ?? {}
  return count === 0 ? undefined : earliest
}

/** What is to be known of a full page without looking at it. */
export function pageFactsOf(records: readonly SlotRecord[]): PageFacts {
  const times = records.flatMap(({ point }) =>
    [point?.body.cut.time, point && earliestOf(point.body)].flatMap((time) => {
      const timeNs = parseTimeNs(time ?? '')
      return timeNs === undefined ? [] : [Number(timeNs / 1_000_000n)]
    }),
  )
  // Never earlier than it is by rounding: before 1970 a division rounds up.
  const earliestMs = times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b)) - 1
  return { points: records.filter(({ point }) => point !== undefined).length, earliestMs }
}
