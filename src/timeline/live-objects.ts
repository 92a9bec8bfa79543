import type { EntityName } from '#record/entity-name'
import type { PlacedSegment, SegmentRef } from '#segment/segment'
import type { CompactBody } from './maintenance-entry.ts'
import { PagedLog } from './paged-log.ts'
import type { ReplacedSegment, TimelineState } from './timeline-state.ts'

/** Which segments count, and which objects of large values are reached through them. */
export class LiveObjects {
  readonly segments = new Map<EntityName, PlacedSegment[]>()
  replaced: PagedLog<ReplacedSegment>
  /** How many live segments reach a `.blobs` object, their own or a borrowed one. */
  readonly #blobs = new Map<string, number>()

  /** @param before as they were, which stays so */
  constructor(before?: Pick<TimelineState, 'segments' | 'replaced'>) {
    this.replaced = before?.replaced ?? new PagedLog()
    for (const [entity, segments] of before?.segments ?? []) {
      this.segments.set(entity, [...segments])
      for (const { ref } of segments) this.#count(ref, 1)
    }
  }

  add(placed: PlacedSegment): void {
    const { entity } = placed.ref
    const known = this.segments.get(entity)
    if (known === undefined) this.segments.set(entity, [placed])
    else known.push(placed)
    this.#count(placed.ref, 1)
  }

  /** Why what these segments borrow is not there any more. */
  judgeBorrowed(segments: readonly SegmentRef[]): string | undefined {
    for (const { borrowed } of segments) {
      const lost = borrowed.find(
        ({ object }) => !this.#isReached(object) && !isOf(segments, object),
      )
      if (lost !== undefined) return `it relies on "${lost.object}", which was let go`
    }
    return undefined
  }

  judgeReplacement({ removes, segments }: CompactBody): string | undefined {
    const live = new Set(this.#all().map(({ ref }) => String(ref.keyring)))
    const gone = removes.find((name) => !live.has(name))
    if (gone !== undefined) return `segment "${gone}", which it replaces, is not there`
    if (new Set(removes).size !== removes.length) return 'it replaces one segment twice'
    // What is borrowed may be of a segment that goes: the object stays as long as it is reached.
    return this.judgeBorrowed(segments)
  }

  replace(seq: number, { removes, segments }: CompactBody): void {
    const names = new Set(removes)
    const gone = this.#all().filter(({ ref }) => names.has(ref.keyring))
    for (const ref of segments) this.add({ seq, ref })
    for (const placed of gone) {
      this.replaced = this.replaced.add({ ...placed, replacedBy: seq })
      this.#count(placed.ref, -1)
    }
    for (const entity of new Set(gone.map(({ ref }) => ref.entity))) {
      const rest = this.segments.get(entity)?.filter(({ ref }) => !names.has(ref.keyring)) ?? []
      this.segments.set(entity, rest)
    }
  }

  #all(): PlacedSegment[] {
    return [...this.segments.values()].flat()
  }

  #isReached(object: string): boolean {
    return (this.#blobs.get(object) ?? 0) > 0
  }

  #count({ blobs, borrowed }: SegmentRef, by: number): void {
    const names = [...(blobs === null ? [] : [blobs.name]), ...borrowed.map(({ object }) => object)]
    for (const name of names) this.#blobs.set(name, (this.#blobs.get(name) ?? 0) + by)
  }
}

function isOf(segments: readonly SegmentRef[], object: string): boolean {
  return segments.some(({ blobs }) => blobs?.name === object)
}
