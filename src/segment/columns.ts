import type { BytesColumn } from './version-batch.ts'

/** Where entry `index` begins. */
export function startOf(column: BytesColumn, index: number): number {
  return index === 0 ? 0 : (column.ends[index - 1] ?? 0)
}

/** A view of entry `index`. */
export function entryOf(column: BytesColumn, index: number): Uint8Array<ArrayBuffer> {
  return column.bytes.subarray(startOf(column, index), column.ends[index])
}

/** Compares entries of two columns as `memcmp` does: of key columns, the key order. */
export function compareEntries(a: BytesColumn, i: number, b: BytesColumn, j: number): number {
  const aStart = i === 0 ? 0 : (a.ends[i - 1] ?? 0)
  const bStart = j === 0 ? 0 : (b.ends[j - 1] ?? 0)
  const aSize = (a.ends[i] ?? 0) - aStart
  const bSize = (b.ends[j] ?? 0) - bStart
  const size = Math.min(aSize, bSize)
  const aBytes = a.bytes
  const bBytes = b.bytes
  for (let k = 0; k < size; k++) {
    const difference = (aBytes[aStart + k] ?? 0) - (bBytes[bStart + k] ?? 0)
    if (difference !== 0) return difference
  }
  return aSize - bSize
}

/** Compares an entry with a key of its own. */
export function compareWithKey(column: BytesColumn, index: number, key: Uint8Array): number {
  const start = startOf(column, index)
  const size = (column.ends[index] ?? 0) - start
  const least = Math.min(size, key.length)
  for (let k = 0; k < least; k++) {
    const difference = (column.bytes[start + k] ?? 0) - (key[k] ?? 0)
    if (difference !== 0) return difference
  }
  return size - key.length
}

/** The first index from `from` on for which `isPast` holds, which it does from there to `to`. */
export function findFirst(from: number, to: number, isPast: (index: number) => boolean): number {
  // Runs are often short: step out in doubling strides before halving.
  let low = from
  let stride = 1
  while (low + stride - 1 < to && !isPast(low + stride - 1)) {
    low += stride
    stride *= 2
  }
  let high = Math.min(to, low + stride - 1)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isPast(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** Up to here copying byte by byte is faster than making a view of the bytes. */
const SHORT_BYTES = 32

/** Copies entries into `target` at its byte `at`, entry `index`; returns the byte behind them. */
export function copyEntries(
  source: BytesColumn,
  range: { readonly from: number; readonly to: number },
  target: BytesColumn,
  position: { readonly index: number; readonly at: number },
): number {
  const { from, to } = range
  const { index, at } = position
  const start = startOf(source, from)
  const end = startOf(source, to)
  const shift = at - start
  if (end - start > SHORT_BYTES) target.bytes.set(source.bytes.subarray(start, end), at)
  else for (let i = start; i < end; i++) target.bytes[i + shift] = source.bytes[i] ?? 0
  if (shift === 0) target.ends.set(source.ends.subarray(from, to), index)
  else for (let i = from; i < to; i++) target.ends[index + i - from] = (source.ends[i] ?? 0) + shift
  return at + end - start
}

export function emptyColumn(count: number, sizeBytes: number): BytesColumn {
  return { bytes: new Uint8Array(sizeBytes), ends: new Uint32Array(count) }
}
