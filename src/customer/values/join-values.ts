import type { VersionBatch } from '#segment/version-batch'
import { type GroupSpool, SIDE_FROM, SIDE_TO } from './group-spool.ts'
import { ValueCursor } from './value-cursor.ts'

/** What a link is worth, counted record by record. */
export type JoinTotals = {
  /** Records whose fields name another record. */
  readonly pointing: number
  /** Of these, those that name one that is not there. */
  readonly orphans: number
  /** Places of the first few of them. */
  readonly orphanOrdinals: readonly number[]
  /** Records on the other side that hold a value which others hold, too. */
  readonly repeated: number
}

const EXAMPLES_MAX = 5

/**
 * Merges the sorted values of both sides of a link; what meets goes into `groups`.
 *
 * Exact, and holds no more than a batch of either side, however many records share a value.
 */
export async function joinValues(
  from: AsyncIterable<VersionBatch>,
  to: AsyncIterable<VersionBatch>,
  groups: GroupSpool,
): Promise<JoinTotals> {
  await using a = await ValueCursor.over(from)
  await using b = await ValueCursor.over(to)
  const orphanOrdinals: number[] = []
  let pointing = 0
  let orphans = 0
  let repeated = 0
  while (!a.isAtEnd || !b.isAtEnd) {
    const order = a.isAtEnd ? 1 : b.isAtEnd ? -1 : a.compare(b)
    if (order < 0) {
      pointing += 1
      orphans += 1
      if (orphanOrdinals.length < EXAMPLES_MAX) orphanOrdinals.push(a.ordinal)
      await a.step()
      continue
    }
    const isMeeting = order === 0
    if (isMeeting) pointing += await walkGroup(a, SIDE_FROM, groups)
    const there = await walkGroup(b, SIDE_TO, isMeeting ? groups : undefined)
    if (there > 1) repeated += there
    if (isMeeting) groups.closeGroup()
  }
  await groups.flush()
  return { pointing, orphans, orphanOrdinals, repeated }
}

/** Passes the records that share the value at hand; returns how many there were. */
async function walkGroup(
  cursor: ValueCursor,
  side: number,
  groups: GroupSpool | undefined,
): Promise<number> {
  for (let count = 1; ; count++) {
    if (groups?.add(side, cursor.ordinal) === true) await groups.flush()
    // Only the end of a batch is waited for: a wait per record costs more than all the rest.
    const isSame = cursor.stepWithin() ?? (await cursor.step())
    if (!isSame) return count
  }
}
