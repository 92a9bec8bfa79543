import type { EntityName } from '#record/entity-name'
import type { SegmentReadDeps } from '#segment/segment'
import { OP_DELETE } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import type { Point } from '#timeline/timeline-state'
import type { EntityAt } from './entity-at.ts'
import type { FoundRecord } from './find-record.ts'
import { type PointsInTime, type RecordVersion, recordHistory } from './record-history.ts'

export type LastChangeRequest = {
  readonly state: PointsInTime
  readonly point: Point
  readonly at: EntityAt
  readonly address: string
  /** What the address was found to be at the point. */
  readonly found: FoundRecord
}

/**
 * The point, or the transaction in it, since which a record is what it is at `point`: the newest one
 * that its history up to there tells. Where a record was only copied again, or its fields were only renamed or retyped,
 * this is an earlier point than the one whose segments hold it.
 *
 * Reads nothing more where the version before it shows that it changed; else the record's history.
 */
export async function findLastChange(
  deps: SegmentReadDeps,
  { address, at, found, point, state }: LastChangeRequest,
  signal: AbortSignal,
): Promise<Pick<RecordVersion, 'seq' | 'ordinal'>> {
  // The last is the point that is asked about, which may be within an entry.
  const points = [...[...state.points].filter(({ seq }) => seq < point.seq), point]
  const { ordinal, seq } = found.version
  if (isChange(points, at, found)) return { seq, ordinal: isFed(points, seq) ? ordinal : null }
  const { entity } = at.schema
  const request = { state: { ...state, points }, entity, address }
  const [newest] = (await recordHistory(deps, request, signal)).versions
  assert(newest !== undefined, 'A record that a point holds has a history.')
  return newest
}

function isFed(points: readonly Point[], seq: number): boolean {
  return points.find((point) => point.seq === seq)?.kind === 'feed'
}

/** Whether the version itself is known to be a change, its point being there to say so. */
function isChange(
  points: readonly Point[],
  { schema, schemas }: EntityAt,
  { older, version }: FoundRecord,
): boolean {
  const index = points.findIndex(({ seq }) => seq === version.seq)
  if (index < 0) return false
  // The transaction before it shows what was, whichever point told that.
  const isInside = version.ordinal > 1 && isFed(points, version.seq)
  const earlier = points[index - 1]
  if (!isInside && earlier === undefined) return true
  if (!isInside && generationAt(earlier, schema.entity) !== schema.generation) return false
  const before = isInside ? older[0] : older.find(({ seq }) => seq <= (earlier?.seq ?? 0))
  if (before === undefined || before.op === OP_DELETE) return true
  // Digests of two layouts say nothing of each other.
  const isOneLayout = schemas.get(before.schema)?.layout === schemas.get(version.schema)?.layout
  return isOneLayout && before.digest !== version.digest
}

function generationAt(point: Point | undefined, entity: EntityName): number | undefined {
  return point?.factsOf(entity)?.generation
}
