import type { Zstd, ZstdLevel } from './zstd.ts'

/** Columns that are compressed into one frame. Field numbers ascend. */
export type ColumnGroup = { readonly fields: readonly number[]; readonly level: ZstdLevel }

/** Columns that shrink below this share of their size gain nothing from a frame of their own. */
const SHARED_RATIO = 0.15
/** Nor do columns smaller than this in a full block: a frame costs some 30 us. */
const OWN_FRAME_BYTES_MIN = 16_384
/** Level 3 must save a hundredth of the block to be worth half as much time again. */
const LEVEL_GAIN = 0.03

/** So much of a column, or more of it, tells how well it shrinks: a merge of some blocks plans anew. */
const TRIED_SHARE = 0.25

/** One frame for everything: for blocks too small to tell anything from. */
export function planOneFrame(fieldCount: number): readonly ColumnGroup[] {
  if (fieldCount === 0) return []
  return [{ fields: Array.from({ length: fieldCount }, (_, field) => field), level: 3 }]
}

/**
 * Tries both levels on each column of a full block and decides frames and levels for all blocks to
 * come. Level 3 is no better than 1 on text like hexadecimal digits, so it is never taken for granted.
 *
 * @param columns of one block, by field
 */
export function planColumns(columns: readonly Uint8Array[], zstd: Zstd): readonly ColumnGroup[] {
  const shared: number[] = []
  const groups: ColumnGroup[] = []
  let sharedLow = 0
  let sharedHigh = 0
  columns.forEach((column, field) => {
    const tried = column.subarray(0, Math.max(OWN_FRAME_BYTES_MIN, column.length * TRIED_SHARE))
    const low = zstd.compress(tried, 1).length
    const high = zstd.compress(tried, 3).length
    if (column.length < OWN_FRAME_BYTES_MIN || low < tried.length * SHARED_RATIO) {
      shared.push(field)
      sharedLow += low
      sharedHigh += high
    } else {
      groups.push({ fields: [field], level: levelFor(low, high) })
    }
  })
  if (shared.length > 0) groups.unshift({ fields: shared, level: levelFor(sharedLow, sharedHigh) })
  return groups
}

function levelFor(low: number, high: number): ZstdLevel {
  return high < low * (1 - LEVEL_GAIN) ? 3 : 1
}
