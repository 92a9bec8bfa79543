import { emptyColumn, startOf } from '../columns.ts'
import { OP_DELETE, type VersionBatch } from '../version-batch.ts'

/** Deletes of the keys of a stretch of versions. */
export function deletesOf({ keys }: VersionBatch, from: number, to: number): VersionBatch {
  const count = to - from
  const start = startOf(keys, from)
  return {
    count,
    keys: {
      bytes: keys.bytes.slice(start, startOf(keys, to)),
      ends: keys.ends.slice(from, to).map((end) => end - start),
    },
    seqs: new Uint32Array(count),
    ordinals: new Uint32Array(count).fill(1),
    ops: new Uint8Array(count).fill(OP_DELETE),
    digests: new BigUint64Array(count),
    rows: emptyColumn(count, 0),
    large: new Map(),
  }
}
