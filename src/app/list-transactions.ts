import type { EntityName } from '#record/entity-name'
import { formatStamp } from '#record/stamp'
import type { Transaction } from '#timeline/entry'
import { mayHidePoint, type Point, type TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { findPoint } from './points/find-point.ts'

/** One transaction that a feed told, as `points --transactions --json` prints it. */
export type TransactionAnswer = {
  /** Address: `erp@12.5`. */
  readonly point: string
  readonly source: string
  readonly kind: 'transaction'
  /** When it was committed to the vault, with the others of its entry. */
  readonly time: string
  /** When the source committed it, as precisely as it tells, and where it stood then. */
  readonly cut: { readonly time: string; readonly position: string }
  /** As the source names it. */
  readonly transaction: string
  /** What it changed, in order of name. */
  readonly entities: readonly ChangedEntity[]
  /** Only where the feed could not tell all that happened before it. */
  readonly proven?: false
}

export type ChangedEntity = {
  readonly entity: EntityName
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

export type TransactionsAnswer = {
  /** Newest first, in the order of commits, source by source. */
  readonly transactions: readonly TransactionAnswer[]
  /** There are older ones. */
  readonly hasMore: boolean
  /** What is wrong with a timeline, as sentences. */
  readonly incidents: readonly string[]
  /** Whether one of them may hide a point; else later entries got over them. */
  readonly isDamaged: boolean
}

export type TransactionsRequest = {
  /** A source, or a point of one; all sources when left out. */
  readonly of: string | undefined
  /** Most of each source, at least 1. */
  readonly limit: number
}

/**
 * Transactions that feeds told, one by one; with a point those in it go, too. Reads only the entries whose
 * transactions are listed.
 *
 * @throws timeline.transactions-damaged, and as `findPoint` and `listPoints`
 */
export async function listTransactions(
  vault: Vault,
  { limit, of }: TransactionsRequest,
  signal: AbortSignal,
): Promise<TransactionsAnswer> {
  if (of?.includes('@')) {
    const { point, state } = await findPoint(vault, of, signal)
    return await listFrom(vault, { state, points: [point], limit }, signal)
  }
  const sources = of === undefined ? await vault.listSources(signal) : [of]
  const answers: TransactionsAnswer[] = []
  for (const source of sources) {
    const state = await vault.readTimeline(source, signal)
    answers.push(await listFrom(vault, { state, points: state.points.backwards(), limit }, signal))
  }
  return {
    transactions: answers.flatMap(({ transactions }) => transactions),
    hasMore: answers.some(({ hasMore }) => hasMore),
    incidents: answers.flatMap(({ incidents }) => incidents),
    isDamaged: answers.some(({ isDamaged }) => isDamaged),
  }
}

type Listing = {
  readonly state: TimelineState
  /** Newest first. */
  readonly points: Iterable<Point>
  readonly limit: number
}

async function listFrom(
  vault: Vault,
  { limit, points, state }: Listing,
  signal: AbortSignal,
): Promise<TransactionsAnswer> {
  const { incidents, source } = state
  const found: TransactionAnswer[] = []
  for (const point of points) {
    if (found.length > limit) break
    if (point.kind !== 'feed') continue
    const told = await vault.readTransactions(source, point.body, signal)
    const upTo = point.transaction?.ordinal ?? told.length
    for (let ordinal = upTo; ordinal >= 1 && found.length <= limit; ordinal--) {
      const transaction = told[ordinal - 1]
      if (transaction !== undefined) found.push(describe(source, point, transaction, ordinal))
    }
  }
  return {
    transactions: found.slice(0, limit),
    hasMore: found.length > limit,
    incidents: incidents.map(({ problem, seq }) => `${source}@${seq}: ${problem}`),
    isDamaged: mayHidePoint(state),
  }
}

function describe(
  source: string,
  { body, seq, time, unproven }: Point,
  { changes, position, time: committed, transaction }: Transaction,
  ordinal: number,
): TransactionAnswer {
  const entities = changes.flatMap(([index, inserted, updated, deleted]) => {
    const entity = body.entities[index]?.entity
    return entity === undefined ? [] : [{ entity, inserted, updated, deleted }]
  })
  return {
    point: `${source}@${formatStamp({ seq, ordinal })}`,
    source,
    kind: 'transaction',
    time,
    cut: { time: committed, position },
    transaction,
    entities,
    ...(unproven !== null && { proven: false as const }),
  }
}
