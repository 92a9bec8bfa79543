import type { Cut } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'
import {
  type CaptureBody,
  LISTED_TRANSACTIONS_MAX,
  type TableRef,
  type Transaction,
} from '#timeline/entry'
import { parseTimeNs } from '#timeline/time-ns'
import type { Gathered } from './gathering.ts'

export type FeedBodyFacts = {
  readonly gathered: Gathered
  readonly session: string
  readonly connector: string
  readonly feed: string
  readonly cut: Cut
  /** Seq of the newest point, and of the newest scan. */
  readonly base: number
  readonly scan: number
  readonly notFollowed: readonly EntityName[]
  /** Where more transactions lie than an entry lists. */
  readonly table: TableRef | null
  readonly durationMs: number
}

/** Whether so many transactions lie in an object of their own. */
export function needsTable({ transactions }: Pick<Gathered, 'transactions'>): boolean {
  return transactions.length > LISTED_TRANSACTIONS_MAX
}

/** The entry that commits what a feed told. Pure. */
export function formatFeedBody(facts: FeedBodyFacts): CaptureBody {
  const { base, connector, cut, durationMs, feed, gathered, notFollowed, scan, session } = facts
  const { entities, schemas, segments, transactions } = gathered
  const objects = segments.flatMap(({ blobs, keys, rows }) => [keys, rows, blobs])
  const tableBytes = facts.table?.sizeBytes ?? 0
  const sum = (pick: (one: (typeof entities)[number]) => number) =>
    entities.reduce((total, one) => total + pick(one), 0)
  return {
    kind: 'capture',
    session,
    base,
    connector,
    cut,
    catalogue: null,
    sequences: {},
    entities,
    leftOut: [],
    schemas,
    segments,
    bytesStored: objects.reduce((total, object) => total + (object?.sizeBytes ?? 0), tableBytes),
    durationMs,
    follow: {
      feed,
      part: 'transactions',
      scan,
      notFollowed,
      transactions: {
        count: transactions.length,
        earliest: earliestOf(transactions) ?? cut.time,
        inserted: sum(({ inserted }) => inserted),
        updated: sum(({ updated }) => updated),
        deleted: sum(({ deleted }) => deleted),
        list: facts.table === null ? transactions : null,
        table: facts.table,
      },
    },
  }
}

/** Times need not ascend, and are not of one length. Those of UTC and of one length sort as texts. */
function earliestOf(transactions: readonly Transaction[]): string | undefined {
  const least = new Map<string, string>()
  for (const { time } of transactions) {
    const kind = time.endsWith('Z') ? String(time.length) : time
    const known = least.get(kind)
    if (known === undefined || time < known) least.set(kind, time)
  }
  let earliest: { readonly time: string; readonly ns: bigint } | undefined
  for (const time of least.values()) {
    const ns = parseTimeNs(time)
    assert(ns !== undefined, 'A feed tells times.')
    if (earliest === undefined || ns < earliest.ns) earliest = { time, ns }
  }
  return earliest?.time
}
