import { compareEntries, startOf } from '../columns.ts'
import type { VersionBatch } from '../version-batch.ts'
import type { PickedVersions } from './picked-versions.ts'

/** How many bytes of a key, behind what all keys share, are compared as one number. */
const PREFIX_BYTES = 6

/** Picks the versions of all batches in order; yields whenever what was picked has to be taken. */
export function* sortInMemory(
  batches: readonly VersionBatch[],
  picked: PickedVersions,
): Generator<PickedVersions, void, undefined> {
  const { batchOf, indexOf, order } = sortOrder(batches)
  for (const i of order) {
    const batch = batches[batchOf[i] ?? 0]
    if (batch === undefined) continue
    picked.pick(batch, indexOf[i] ?? 0)
    if (picked.isFull) yield picked
  }
  if (!picked.isEmpty) yield picked
}

function sortOrder(batches: readonly VersionBatch[]) {
  const count = batches.reduce((sum, batch) => sum + batch.count, 0)
  const batchOf = new Uint32Array(count)
  const indexOf = new Uint32Array(count)
  const prefixes = new Float64Array(count)
  const shared = sharedBytes(batches)
  let at = 0
  batches.forEach((batch, b) => {
    for (let i = 0; i < batch.count; i++) {
      batchOf[at] = b
      indexOf[at] = i
      prefixes[at] = prefixOf(batch, i, shared)
      at += 1
    }
  })
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  order.sort((a, b) => {
    const byPrefix = (prefixes[a] ?? 0) - (prefixes[b] ?? 0)
    if (byPrefix !== 0) return byPrefix
    const left = batches[batchOf[a] ?? 0]
    const right = batches[batchOf[b] ?? 0]
    if (left === undefined || right === undefined) return 0
    return compareForSort(left, indexOf[a] ?? 0, right, indexOf[b] ?? 0)
  })
  return { batchOf, indexOf, order }
}

/**
 * By key, the newest first, of one transaction the last that arrived first. What was scanned has one
 * stamp and did not arrive: then by text, for only rows that nothing but it tells apart share a key.
 */
export function compareForSort(a: VersionBatch, i: number, b: VersionBatch, j: number): number {
  const byKey = compareEntries(a.keys, i, b.keys, j)
  if (byKey !== 0) return byKey
  const newer = (b.ordinals[j] ?? 0) - (a.ordinals[i] ?? 0) || (b.seqs[j] ?? 0) - (a.seqs[i] ?? 0)
  if (newer !== 0 || a.rows === null || b.rows === null) return newer
  return compareEntries(a.rows, i, b.rows, j)
}

/** How many bytes all keys have in common at their beginning. */
function sharedBytes(batches: readonly VersionBatch[]): number {
  const [first] = batches
  if (first === undefined) return 0
  const model = first.keys.bytes.subarray(0, first.keys.ends[0])
  let shared = model.length
  for (const { keys, count } of batches) {
    for (let i = 0; i < count && shared > 0; i++) {
      const start = startOf(keys, i)
      const size = Math.min(shared, (keys.ends[i] ?? 0) - start)
      let same = 0
      while (same < size && keys.bytes[start + same] === model[same]) same += 1
      shared = same
    }
  }
  return shared
}

/** Bytes as a number that sorts as they do; a key that ends counts as zeros, as the rest decides. */
function prefixOf({ keys }: VersionBatch, index: number, shared: number): number {
  const start = startOf(keys, index) + shared
  const end = keys.ends[index] ?? 0
  let prefix = 0
  for (let k = 0; k < PREFIX_BYTES; k++) {
    const byte = start + k < end ? (keys.bytes[start + k] ?? 0) : 0
    prefix = prefix * 256 + byte
  }
  return prefix
}
