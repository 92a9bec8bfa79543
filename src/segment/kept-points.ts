import type { Stamp } from '#record/stamp'
import { findFirst } from './columns.ts'

/** What a merge has to keep of one generation of an entity. */
export type KeptVersions = {
  /** Seqs of the kept points that hold the generation, ascending. */
  readonly points: readonly number[]
  /** Versions after the newest point of the timeline are kept whatever the points say. */
  readonly newestSeq: number
  /** No segment outside the merge holds a version older than this: older deletes hide nothing there. */
  readonly outsideSeqMin: number
}

/**
 * Whether a version of a key is there at some kept point, or at one of the transactions inside its
 * entry: those are looked at as the point is.
 * @param newer stamp of the key's next newer version; absent when there is none
 */
export function isSeen({ newestSeq, points }: KeptVersions, seq: number, newer?: Stamp): boolean {
  if (seq > newestSeq) return true
  const at = findFirst(0, points.length, (i) => (points[i] ?? 0) >= seq)
  const point = points[at]
  if (point === undefined) return false
  if (newer === undefined || point < newer.seq) return true
  // Up to the transaction that made the newer one.
  return point === newer.seq && newer.ordinal > 1
}
