import type { CompareDeps, Compared } from './compare-target.ts'
import { forceUndo, judgeUndo, type UndoVerdict } from './judge-undo.ts'
import { formatKeyHex } from './pick-records.ts'
import type { PlannedUndo } from './prepared-restore.ts'
import { type ComparedUndone, pairToUndo } from './restored-records.ts'
import { openComparableValues } from './same-in-fields.ts'
import type { UndoneRecord } from './undone-records.ts'

export type JudgedRecord = { readonly record: UndoneRecord; readonly verdict: UndoVerdict }

/** Records that the transaction changed, and rows that the system has. */
export type JudgedTotals = { readonly touched: number; readonly rows: number }

/**
 * What undoing would do to each record that a transaction, or a restore, changed, in key order.
 * `isForced`: also to those that somebody changed since.
 */
export async function* judgeRecords(
  deps: CompareDeps,
  { isForced = false, ...compared }: ComparedUndone & { readonly isForced?: boolean },
  signal: AbortSignal,
): AsyncGenerator<JudgedRecord, JudgedTotals, undefined> {
  const valuesOf = openComparableValues(deps.digestKey)
  const records = pairToUndo(deps, compared, signal)
  let touched = 0
  try {
    for (;;) {
      const next = await records.next()
      if (next.done === true) return { touched, rows: next.value }
      const { after, before, live } = next.value
      touched += 1
      const judge = isForced ? forceUndo : judgeUndo
      const verdict = judge({
        before: before && valuesOf(before),
        after: after && valuesOf(after),
        live: live && valuesOf(live),
      })
      yield { record: next.value, verdict }
    }
  } finally {
    await records.return(0)
  }
}

/** The records of an undo that are not as they were before the transaction, and should be. */
export async function* listNotUndone(
  deps: CompareDeps,
  { conflicts, undone }: PlannedUndo,
  { signal, ...compared }: Omit<Compared, 'at'> & { readonly signal: AbortSignal },
): AsyncGenerator<JudgedRecord, void, undefined> {
  for await (const judged of judgeRecords(deps, { ...compared, undone }, signal)) {
    const isLeft = conflicts.has(formatKeyHex(judged.record.key))
    if (judged.verdict.kind !== 'same' && !isLeft) yield judged
  }
}
