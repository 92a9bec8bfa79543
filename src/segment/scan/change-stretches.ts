import { copyEntries, emptyColumn, startOf } from '../columns.ts'
import type { BytesColumn } from '../version-batch.ts'

/** Rows that follow each other, all of them deletes or none. */
export type Stretch = { readonly isDelete: boolean; readonly from: number; readonly to: number }

export function listStretches(ops: Uint8Array, deleteOp: number): Stretch[] {
  const stretches: Stretch[] = []
  let from = 0
  for (let i = 1; i <= ops.length; i++) {
    const isDelete = ops[from] === deleteOp
    if (i < ops.length && (ops[i] === deleteOp) === isDelete) continue
    stretches.push({ isDelete, from, to: i })
    from = i
  }
  return stretches
}

/** The text of all stretches of one kind; the rows' own bytes when there is no other. */
export function takeStretches(
  rows: BytesColumn,
  stretches: readonly Stretch[],
  isDelete: boolean,
): Uint8Array<ArrayBuffer> {
  const taken = stretches.filter((stretch) => stretch.isDelete === isDelete)
  if (taken.length === stretches.length) return rows.bytes
  let count = 0
  let sizeBytes = 0
  for (const { from, to } of taken) {
    count += to - from
    sizeBytes += startOf(rows, to) - startOf(rows, from)
  }
  const target = emptyColumn(count, sizeBytes)
  let index = 0
  let at = 0
  for (const { from, to } of taken) {
    at = copyEntries(rows, { from, to }, target, { index, at })
    index += to - from
  }
  return target.bytes
}
