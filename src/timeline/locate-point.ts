import { AppError } from '#stdx/app-error'
import type { CaptureBody, ChangeCounts, EntityAtPoint, Transaction } from './entry.ts'
import { findUnprovenAfter, joinUnproven, withFactsOf } from './followed-point.ts'
import { type PointAddress, resolvePoint } from './resolve-point.ts'
import { parseTimeNs } from './time-ns.ts'
import type { Point, TimelineState } from './timeline-state.ts'

export type LocateDeps = {
  /** In the order of commits. @throws timeline.transactions-damaged */
  readonly readTransactions: (
    source: string,
    body: CaptureBody,
    signal: AbortSignal,
  ) => Promise<readonly Transaction[]>
}

/**
 * The recovery point that an address means, with what it holds at that very transaction.
 *
 * A time means the last transaction, in the order of commits, that is at or before it; where a point
 * is no feed's it is one transaction. What a feed could not tell until then is said in `unproven`.
 * @throws timeline.point-unknown naming what is there, when there is none
 * @throws timeline.transactions-damaged when which transactions there are cannot be read
 * @throws timeline.damaged | timeline.format-unsupported as `resolvePoint`
 */
export async function locatePoint(
  deps: LocateDeps,
  state: TimelineState,
  address: PointAddress,
  signal: AbortSignal,
): Promise<Point> {
  const point = resolvePoint(state, address)
  const inside = insideOf(state, point, address)
  if (inside === null) {
    return address.kind === 'time' ? asOfTime(state, point, address.timeNs) : point
  }
  const transactions = await deps.readTransactions(state.source, point.body, signal)
  const ordinal =
    typeof inside === 'number'
      ? inside
      : transactions.findLastIndex(({ time }) => isUpTo(time, inside.timeNs)) + 1
  return cutPoint(state, point, transactions.slice(0, ordinal))
}

/** Which transaction of a point is meant, the last up to a time, or `null`: all of it. */
function insideOf(
  { points }: TimelineState,
  { body, seq }: Point,
  address: PointAddress,
): number | { readonly timeNs: bigint } | null {
  // A snapshot or a scan is one transaction, and so is what it holds.
  if (body.follow?.part !== 'transactions') return null
  switch (address.kind) {
    case 'seq':
      return address.transaction
    case 'label': {
      const at = points.marks.labels.get(address.label)
      return at?.seq === seq ? at.ordinal : null
    }
    case 'time':
      return isUpTo(body.cut.time, address.timeNs) ? null : { timeNs: address.timeNs }
    case 'latest':
    case 'live':
      return null
  }
}

function isUpTo(time: string, timeNs: bigint): boolean {
  return (parseTimeNs(time) ?? timeNs + 1n) <= timeNs
}

/** A moment after the cut of a point: until the next one a feed may have told nothing. */
function asOfTime(state: TimelineState, point: Point, timeNs: bigint): Point {
  if (!((parseTimeNs(point.cut.time) ?? timeNs) < timeNs)) return point
  const nextSeq = state.points.after(point.seq)?.seq
  const after = findUnprovenAfter(point, state.gaps, nextSeq)
  const unproven = joinUnproven(point.unproven, after)
  return withFacts(point, { unproven })
}

/** The point as it was after the last of these transactions, which are its first. */
function cutPoint(
  { points, source }: TimelineState,
  point: Point,
  transactions: readonly Transaction[],
): Point {
  const last = transactions.at(-1)
  if (last === undefined) {
    const message = `Cannot find a transaction in ${source}@${point.seq}: the entry and its times differ`
    throw new AppError('timeline.transactions-damaged', message, { source, seq: point.seq })
  }
  const { body, seq } = point
  const before = points.committed(body.base ?? 0)?.entities ?? []
  const ordinal = transactions.length
  const entities = overlayTransactions({ before, point }, transactions)
  return withFacts(point, {
    entities,
    asOf: { seq, ordinal },
    cut: { position: last.position, time: last.time, identity: body.cut.identity },
    transaction: { ...last, ordinal },
  })
}

/**
 * Rows after some transactions of an entry. What none of them touched is as at the point before, its
 * schema, generation and fingerprint too.
 */
function overlayTransactions(
  { before, point }: { readonly before: readonly EntityAtPoint[]; readonly point: Point },
  transactions: readonly Transaction[],
): EntityAtPoint[] {
  const { body } = point
  const indexByEntity = new Map(body.entities.map(({ entity }, index) => [entity, index]))
  const changesByIndex = Map.groupBy(
    transactions.flatMap(({ changes }) => changes),
    ([index]) => index,
  )
  const zero = { inserted: 0, updated: 0, deleted: 0 }
  return before.map((facts) => {
    const index = indexByEntity.get(facts.entity) ?? -1
    const told = body.entities[index]
    const changes = changesByIndex.get(index)
    if (told === undefined || changes === undefined) return { ...facts, ...zero }
    const counts = sumUp(changes)
    const rows = facts.rows + counts.inserted - counts.deleted
    return { ...told, ...counts, rows, fingerprint: null }
  })
}

function sumUp(changes: readonly ChangeCounts[]) {
  const sum = (at: 1 | 2 | 3) => changes.reduce((total, change) => total + change[at], 0)
  return { inserted: sum(1), updated: sum(2), deleted: sum(3) }
}

/** What a point reads when it is asked for stays unread. */
function withFacts(point: Point, facts: Partial<Omit<Point, 'factsOf'>>): Point {
  const { factsOf: _, ...rest } = Object.getOwnPropertyDescriptors(point)
  const changes = Object.getOwnPropertyDescriptors(facts)
  const same = Object.defineProperties({ ...facts } as Omit<Point, 'factsOf'>, {
    ...rest,
    ...changes,
  })
  const { entities } = facts
  if (entities === undefined) return withFactsOf(same, point.factsOf)
  return withFactsOf(same, (entity) => entities.find((one) => one.entity === entity))
}
