import type { EntityName } from '#record/entity-name'
import type { CaptureBody, EntityAtPoint } from './entry.ts'
import type { Gap, Point, Unproven } from './timeline-state.ts'

export function kindOf({ follow }: CaptureBody): Point['kind'] {
  if (follow?.part === 'transactions') return 'feed'
  return follow?.part === 'reconcile' ? 'reconcile' : 'capture'
}

/** A scan as the points that a feed told since rest on it: nothing was done to any entity. */
export type Untouched = {
  readonly scan: CaptureBody
  readonly entities: readonly EntityAtPoint[]
  readonly byEntity: ReadonlyMap<EntityName, EntityAtPoint>
}

export function untouchedOf(scan: CaptureBody): Untouched {
  const entities = scan.entities.map((one) => ({ ...one, inserted: 0, updated: 0, deleted: 0 }))
  return { scan, entities, byEntity: new Map(entities.map((one) => [one.entity, one])) }
}

/** The entities of a scan, in order of name, and in their place what was told of them since. */
export function overlayEntities(
  { entities }: Untouched,
  { entities: told }: Pick<CaptureBody, 'entities'>,
): readonly EntityAtPoint[] {
  const toldByEntity = new Map(told.map((one) => [one.entity, one]))
  return entities.map((one) => toldByEntity.get(one.entity) ?? one)
}

/** Why what an entry says of its entities is not known to be so. */
export function findUnproven(
  seq: number,
  { follow }: Pick<CaptureBody, 'follow'>,
  gaps: readonly Gap[],
): Unproven {
  if (follow?.part !== 'transactions') return null
  const found = new Map<EntityName, string>()
  for (const entity of follow.notFollowed) {
    found.set(entity, `it is not followed, and was last read in entry ${follow.scan}`)
  }
  for (const gap of gaps) {
    const isIn = gap.seq < seq && (gap.until === null || seq < gap.until)
    if (!isIn) continue
    if (gap.entities === null) return describeGap(gap)
    for (const entity of gap.entities) found.set(entity, describeGap(gap))
  }
  return found.size === 0 ? null : found
}

/** Reason of a gap that no entry tells: a reconcile found what the feed had lost. */
export const REPAIRED = 'repaired'

/** The entities of a reconcile of which the feed claimed to know what was not so. */
export function findRepaired(
  entities: readonly EntityAtPoint[],
  notFollowed: readonly EntityName[],
  gaps: readonly Gap[],
): readonly EntityName[] {
  const open = gaps.filter(({ until }) => until === null)
  if (open.some((gap) => gap.entities === null)) return []
  const unknown = new Set([...notFollowed, ...open.flatMap((gap) => gap.entities ?? [])])
  return entities.flatMap(({ deleted, entity, inserted, updated }) =>
    inserted + updated + deleted > 0 && !unknown.has(entity) ? [entity] : [],
  )
}

function describeGap({ found, reason, seq }: Gap): string {
  if (reason === REPAIRED) return `the feed had not told all that happened, ${found}`
  return `the feed could not tell what happened, as entry ${seq} says: ${found}`
}

/**
 * The same of a moment after a point and before the next, whose seq is `nextSeq`: until the cut of the
 * point all is proven, and where a gap between them begins nobody knows.
 */
export function findUnprovenAfter(
  { body, seq }: Point,
  gaps: readonly Gap[],
  nextSeq = Number.POSITIVE_INFINITY,
): Unproven {
  const found = new Map<EntityName, string>()
  for (const entity of body.follow?.notFollowed ?? []) {
    found.set(entity, `it is not followed, and was last read in entry ${body.follow?.scan ?? seq}`)
  }
  for (const gap of gaps) {
    if (gap.seq >= nextSeq || (gap.until !== null && gap.until <= seq)) continue
    if (gap.entities === null) return describeGap(gap)
    for (const entity of gap.entities) found.set(entity, describeGap(gap))
  }
  return found.size === 0 ? null : found
}

export function joinUnproven(a: Unproven, b: Unproven): Unproven {
  if (a === null || b === null) return a ?? b
  if (typeof a === 'string') return a
  return typeof b === 'string' ? b : new Map([...b, ...a])
}

/** Points are data: what looks one entity up takes no part in comparing or copying them. */
export function withFactsOf(point: Omit<Point, 'factsOf'>, factsOf: Point['factsOf']): Point {
  return Object.defineProperty(point, 'factsOf', { value: factsOf }) as Point
}
