import type { TableRef } from './entry.ts'
import type { PointList } from './point-list.ts'

/** The table of a point's transactions, and the entry that named it. */
export type PlacedTable = { readonly seq: number; readonly ref: TableRef }

export type Tables = {
  readonly live: readonly PlacedTable[]
  /** Of points that were let go, and the entry that did it: collection may have taken them. */
  readonly gone: readonly (PlacedTable & { readonly replacedBy: number })[]
}

/** The tables of transactions that are needed, and those that were. Reads every page of the list. */
export function listTables({ log, marks }: PointList): Tables {
  const live: PlacedTable[] = []
  const gone: (PlacedTable & { readonly replacedBy: number })[] = []
  let seq = -1
  for (const { point } of log) {
    seq += 1
    const ref = point?.body.follow?.transactions?.table
    if (ref == null) continue
    const by = marks.expired.get(seq)
    if (by === undefined) live.push({ seq, ref })
    else gone.push({ seq, ref, replacedBy: by })
  }
  return { live, gone }
}
