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
 * Whether some kept point sees a version of a key.
 * @param newerSeq of the key's next newer version; `Infinity` when there is none
 */
export function isSeen(
  { newestSeq, points }: KeptVersions,
  seq: number,
  newerSeq: number,
): boolean {
  if (seq > newestSeq) return true
  const at = findFirst(0, points.length, (i) => (points[i] ?? 0) >= seq)
  const point = points[at]
  if (point === undefined) return false
  // Of several transactions of one entry the earlier ones are seen at that entry alone.
  return newerSeq === seq ? point === seq : point < newerSeq
}
