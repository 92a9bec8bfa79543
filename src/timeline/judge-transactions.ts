import type { CaptureBody, ChangeCounts, Transaction } from './entry.ts'
import { parseTimeNs } from './time-ns.ts'

type Counts = { inserted: number; updated: number; deleted: number }

/**
 * Why a list of transactions is not the one that an entry sums up; `undefined` when it is. A row
 * count inside an entry rests on it: what is inserted before a row is deleted, sums agree. Pure.
 */
export function judgeTransactions(
  { entities, follow }: Pick<CaptureBody, 'entities' | 'follow'>,
  list: readonly Transaction[],
): string | undefined {
  const sums = follow?.transactions
  if (list.length !== sums?.count) return `it has ${list.length} transactions of ${sums?.count}`
  const byEntity = entities.map(() => ({ inserted: 0, updated: 0, deleted: 0 }))
  const times: bigint[] = []
  for (const { changes, time } of list) {
    const timeNs = parseTimeNs(time)
    if (timeNs === undefined) return 'the time of a transaction is none'
    times.push(timeNs)
    for (const change of changes) {
      const counts = byEntity[change[0]]
      if (counts === undefined) return 'a transaction changed what the entry does not list'
      add(counts, change)
    }
  }
  const wrong = entities.find((facts, i) => !isSame(facts, byEntity[i]))
  if (wrong !== undefined) return `the changes of "${wrong.entity}" do not add up`
  if (!isSame(sums, sumUp(byEntity))) return 'its changes do not add up'
  const earliest = parseTimeNs(sums.earliest)
  if (earliest === undefined) return 'its earliest time is none'
  const isEarliest =
    times.length === 0 || (times.includes(earliest) && times.every((timeNs) => timeNs >= earliest))
  return isEarliest ? undefined : 'its earliest time is not that of a transaction'
}

function add(counts: Counts, [, inserted, updated, deleted]: ChangeCounts): void {
  counts.inserted += inserted
  counts.updated += updated
  counts.deleted += deleted
}

function sumUp(all: readonly Counts[]): Counts {
  const sums = { inserted: 0, updated: 0, deleted: 0 }
  for (const { deleted, inserted, updated } of all) add(sums, [0, inserted, updated, deleted])
  return sums
}

function isSame(a: Counts, b: Counts | undefined): boolean {
  return a.inserted === b?.inserted && a.updated === b.updated && a.deleted === b.deleted
}
