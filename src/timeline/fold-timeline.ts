import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { SegmentRef } from '#segment/segment'
import type { Chain } from './chain-slots.ts'
import type { CaptureBody, EntryBody } from './entry.ts'
import type { UnknownBody } from './envelope.ts'
import { LiveObjects } from './live-objects.ts'
import type {
  AgreedBody,
  CompactBody,
  HoldBody,
  LabelBody,
  RepairBody,
} from './maintenance-entry.ts'
import { type Incident, liveSegments, type Point, type TimelineState } from './timeline-state.ts'

/** Folds the entries of a source into what can be asked about it. Pure: same chain, same state. */
export function foldTimeline(chain: Chain): TimelineState {
  const folding = new Folding(chain.source)
  for (const { body, seq, time } of chain.entries) {
    const refusal = folding.add(seq, time, body)
    if (refusal === undefined) continue
    const problem = `The ${body.kind} in entry ${seq} does not count: ${refusal}`
    folding.incidents.push({ seq, problem })
  }
  const { damagedFrom, headHash, headSeq, incidents, isUnsupported, source, unknownKinds, voids } =
    chain
  return {
    source,
    headSeq,
    headHash,
    points: folding.points,
    expired: folding.expired,
    basis: folding.basis,
    schemas: folding.schemas,
    segments: folding.live.segments,
    replaced: folding.live.replaced,
    sessions: folding.sessions,
    fenced: folding.fenced,
    repairs: folding.repairs,
    incidents: [...incidents, ...folding.incidents],
    damagedFrom,
    isUnsupported,
    unknownKinds,
    voids,
  }
}

/**
 * Why an entry with this body would not count if it came next; `undefined` when it would. Whoever
 * appends asks first: an entry that does not count must never be taken for one that does.
 */
export function judgeNext(state: TimelineState, body: EntryBody): string | undefined {
  return Folding.resume(state).add(state.headSeq + 1, '', body)
}

/** Each `add` takes an entry as a whole or says why it does not count. */
class Folding {
  points: Point[] = []
  readonly expired = new Map<number, number>()
  basis: number | null = null
  readonly schemas = new Map<EntityName, SchemaVersion[]>()
  readonly live = new LiveObjects()
  readonly sessions = new Set<string>()
  readonly fenced = new Set<string>()
  readonly repairs = new Map<string, string>()
  readonly incidents: Incident[] = []
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  /** As after the entries that made this state, which stays as it is. */
  static resume(state: TimelineState): Folding {
    const folding = new Folding(state.source)
    folding.points = [...state.points]
    folding.basis = state.basis
    for (const placed of liveSegments(state)) folding.live.add(placed)
    for (const session of state.sessions) folding.sessions.add(session)
    for (const session of state.fenced) folding.fenced.add(session)
    return folding
  }

  add(seq: number, time: string, body: EntryBody | UnknownBody): string | undefined {
    switch (body.kind) {
      case 'capture':
        return this.#addCapture(seq, time, body)
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
        for (const session of body.sessions) this.fenced.add(session)
        return undefined
      case 'repair':
        return this.#addRepair(body)
      default:
        return undefined
    }
  }

  #addCapture(seq: number, time: string, body: CaptureBody): string | undefined {
    const before = this.points.at(-1)
    const newest = before?.seq ?? null
    if (body.base !== newest) {
      return `it was compared with ${body.base ?? 'nothing'}, the newest point was ${newest ?? 'none'}`
    }
    const catalogue = body.catalogue ?? before?.catalogue
    if (catalogue === undefined) return 'it carries no catalogue and follows none'
    const refusal = this.#judgeWriter(body) ?? this.live.judgeBorrowed(body.segments)
    if (refusal !== undefined) return refusal
    this.sessions.add(body.session)
    this.points.push({ seq, kind: 'capture', time, body, catalogue, labels: [], held: false })
    for (const schema of body.schemas) {
      const known = this.schemas.get(schema.entity)
      if (known === undefined) this.schemas.set(schema.entity, [schema])
      else known.push(schema)
    }
    for (const ref of body.segments) this.live.add({ seq, ref })
    return undefined
  }

  #addCompact(seq: number, body: CompactBody): string | undefined {
    const refusal = this.#judgeWriter(body) ?? this.live.judgeReplacement(body)
    if (refusal !== undefined) return refusal
    this.sessions.add(body.session)
    this.live.replace(seq, body)
    return undefined
  }

  #addLabel({ label, point }: LabelBody): string | undefined {
    if (this.points.some(({ labels }) => labels.includes(label))) {
      return `label "${label}" is given already`
    }
    const missing = this.#findMissing([point])
    if (missing !== undefined) return missing
    this.#change([point], (one) => ({ ...one, labels: [...one.labels, label] }))
    return undefined
  }

  #addHold(seq: number, { points }: HoldBody): string | undefined {
    const missing = this.#findMissing(points)
    if (missing !== undefined) return missing
    this.basis = seq
    this.#change(points, (one) => ({ ...one, held: true }))
    return undefined
  }

  #addAgreed(seq: number, body: AgreedBody): string | undefined {
    const { basis, kind, points } = body
    if (basis !== this.basis) {
      return `it was agreed after entry ${basis ?? 'none'}, since then holds or points have changed`
    }
    const missing = this.#findMissing(points)
    if (missing !== undefined) return missing
    if (kind === 'release') {
      this.basis = seq
      this.#change(points, (one) => ({ ...one, held: false }))
      return undefined
    }
    const kept = this.points.find((one) => points.includes(one.seq) && one.held)
    if (kept !== undefined) return `point ${kept.seq} is held`
    const newest = this.points.at(-1)?.seq
    if (newest !== undefined && points.includes(newest)) return `point ${newest} is the newest`
    this.basis = seq
    const gone = new Set(points)
    this.points = this.points.filter((one) => !gone.has(one.seq))
    for (const point of points) this.expired.set(point, seq)
    return undefined
  }

  #addRepair({ objects }: RepairBody): string | undefined {
    const dead = objects.find(({ by }) => by.split('/').some((part) => this.fenced.has(part)))
    if (dead !== undefined) return `the writer of "${dead.by}" was declared dead`
    for (const { by, object, store } of objects) this.repairs.set(`${store}:${object}`, by)
    return undefined
  }

  #findMissing(points: readonly number[]): string | undefined {
    const missing = points.find((seq) => !this.points.some((one) => one.seq === seq))
    return missing === undefined ? undefined : `there is no point ${missing}`
  }

  #change(points: readonly number[], change: (point: Point) => Point): void {
    this.points = this.points.map((one) => (points.includes(one.seq) ? change(one) : one))
  }

  /** A session commits once, and not after it was declared dead; its objects lie in its own folder. */
  #judgeWriter({
    segments,
    session,
  }: {
    readonly session: string
    readonly segments: readonly SegmentRef[]
  }): string | undefined {
    if (this.sessions.has(session)) return 'its session was committed before'
    if (this.fenced.has(session)) return 'its session was declared dead'
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
