import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { PlacedSegment, SegmentRef } from '#segment/segment'
import type { Chain } from './chain-slots.ts'
import type { CaptureBody } from './entry.ts'
import type { Incident, Point, TimelineState } from './timeline-state.ts'

/** Folds the entries of a source into what can be asked about it. Pure: same chain, same state. */
export function foldTimeline(chain: Chain): TimelineState {
  const folding = new Folding(chain.source)
  for (const { body, seq, time } of chain.entries) {
    if (body.kind === 'capture') folding.addCapture(seq, time, body)
  }
  const { damagedFrom, headHash, headSeq, incidents, source, unknownKinds, voids } = chain
  return {
    source,
    headSeq,
    headHash,
    points: folding.points,
    schemas: folding.schemas,
    segments: folding.segments,
    incidents: [...incidents, ...folding.incidents],
    damagedFrom,
    unknownKinds,
    voids,
  }
}

class Folding {
  readonly points: Point[] = []
  readonly schemas = new Map<EntityName, SchemaVersion[]>()
  readonly segments = new Map<EntityName, PlacedSegment[]>()
  readonly incidents: Incident[] = []
  readonly #source: string
  readonly #sessions = new Set<string>()

  constructor(source: string) {
    this.#source = source
  }

  addCapture(seq: number, time: string, body: CaptureBody): void {
    const before = this.points.at(-1)
    const refusal = this.#judgeCapture(before, body)
    const catalogue = body.catalogue ?? before?.catalogue
    if (refusal !== undefined || catalogue === undefined) {
      const why = refusal ?? 'it carries no catalogue and follows none'
      this.incidents.push({ seq, problem: `The capture in entry ${seq} does not count: ${why}` })
      return
    }
    this.#sessions.add(body.session)
    this.points.push({ seq, kind: 'capture', time, body, catalogue })
    for (const schema of body.schemas) addTo(this.schemas, schema.entity, schema)
    for (const ref of body.segments) addTo(this.segments, ref.entity, { seq, ref })
  }

  #judgeCapture(before: Point | undefined, body: CaptureBody): string | undefined {
    if (body.base !== (before?.seq ?? null)) {
      return `it was compared with ${body.base ?? 'nothing'}, the newest point was ${before?.seq ?? 'none'}`
    }
    if (this.#sessions.has(body.session)) return 'its session was committed before'
    const foreign = body.segments.find((ref) => !this.#isOwn(ref, body.session))
    if (foreign !== undefined)
      return `it names "${foreign.keys.name}", which is none of its objects`
    return undefined
  }

  /** Objects lie where only this source's captures may write. */
  #isOwn(ref: SegmentRef, session: string): boolean {
    const folder = `${this.#source}/${session}/`
    const names = [ref.keys, ref.rows, ref.blobs].flatMap((object) => object?.name ?? [])
    const isInFolder = names.every((name) => name.startsWith(`segments/${folder}`))
    return isInFolder && `/${ref.keyring}`.includes(`/${folder}`)
  }
}

function addTo<T>(map: Map<EntityName, T[]>, entity: EntityName, value: T): void {
  const values = map.get(entity)
  if (values === undefined) map.set(entity, [value])
  else values.push(value)
}
