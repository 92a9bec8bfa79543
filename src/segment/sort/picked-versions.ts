import { BLOCK_BYTES } from '#record/row-batch'
import { largeBytes } from '../batch/pieces.ts'
import { emptyColumn, startOf } from '../columns.ts'
import type { BytesColumn, LargeValue, VersionBatch } from '../version-batch.ts'

const PICKED_MAX = 16_384
/** Of a digest key: 8 bytes of digest, 4 of occurrence. */
const DIGEST_KEY_BYTES = 12
const OCCURRENCE_AT = 8

/** Single versions out of several batches, in the order they are picked, on their way into one. */
export class PickedVersions {
  readonly #limitBytes: number
  readonly #batchIndexes = new Uint32Array(PICKED_MAX)
  readonly #versionIndexes = new Uint32Array(PICKED_MAX)
  #batches: VersionBatch[] = []
  #count = 0
  #keyBytes = 0
  #rowBytes = 0
  #largeBytes = 0
  #lastKey: Uint8Array = new Uint8Array(0)
  #occurrence = 0

  constructor(limitBytes: number = BLOCK_BYTES) {
    this.#limitBytes = limitBytes
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  get isFull(): boolean {
    return this.#count >= PICKED_MAX || this.#rowBytes + this.#largeBytes >= this.#limitBytes
  }

  pick(batch: VersionBatch, index: number): void {
    if (this.#batches.at(-1) !== batch) this.#batches.push(batch)
    this.#batchIndexes[this.#count] = this.#batches.length - 1
    this.#versionIndexes[this.#count] = index
    this.#count += 1
    this.#keyBytes += (batch.keys.ends[index] ?? 0) - startOf(batch.keys, index)
    const { rows } = batch
    if (rows !== null) this.#rowBytes += (rows.ends[index] ?? 0) - startOf(rows, index)
    if (batch.large.size > 0) this.#largeBytes += largeBytes(batch.large.get(index))
  }

  take(): VersionBatch {
    const count = this.#count
    const keys = emptyColumn(count, this.#keyBytes)
    const rows = emptyColumn(count, this.#rowBytes)
    const digests = new BigUint64Array(count)
    const digestWords = new Uint32Array(digests.buffer)
    const seqs = new Uint32Array(count)
    const ordinals = new Uint32Array(count)
    const ops = new Uint8Array(count)
    const large = new Map<number, readonly LargeValue[]>()
    let source: Source | undefined
    for (let i = 0; i < count; i++) {
      const batch = this.#batches[this.#batchIndexes[i] ?? 0]
      if (batch === undefined) break
      if (source?.batch !== batch) source = sourceOf(batch)
      const index = this.#versionIndexes[i] ?? 0
      copyEntry(batch.keys, index, keys, i)
      if (batch.rows !== null) copyEntry(batch.rows, index, rows, i)
      digestWords[2 * i] = source.digestWords[2 * index] ?? 0
      digestWords[2 * i + 1] = source.digestWords[2 * index + 1] ?? 0
      seqs[i] = batch.seqs[index] ?? 0
      ordinals[i] = batch.ordinals[index] ?? 0
      ops[i] = batch.ops[index] ?? 0
      const values = batch.large.size > 0 ? batch.large.get(index) : undefined
      if (values !== undefined) large.set(i, values)
    }
    this.#batches = []
    this.#count = 0
    this.#keyBytes = 0
    this.#rowBytes = 0
    this.#largeBytes = 0
    return { count, keys, seqs, ordinals, ops, digests, rows, large }
  }

  /** The same, with an occurrence number in every digest key that repeats. */
  takeNumbered(): VersionBatch {
    const batch = this.take()
    const digestBytes = new DataView(batch.digests.buffer)
    const keys = batch.keys.bytes
    const view = new DataView(keys.buffer)
    let previous = this.#lastKey
    for (let i = 0; i < batch.count; i++) {
      const start = startOf(batch.keys, i)
      if ((batch.keys.ends[i] ?? 0) - start !== DIGEST_KEY_BYTES) continue
      if (!isDigestKey(view, start, digestBytes, i)) continue
      const digest = keys.subarray(start, start + OCCURRENCE_AT)
      const isRepeated = isSame(previous, digest)
      this.#occurrence = isRepeated ? this.#occurrence + 1 : 0
      view.setUint32(start + OCCURRENCE_AT, this.#occurrence)
      previous = digest
    }
    this.#lastKey = previous.slice()
    return batch
  }
}

type Source = { readonly batch: VersionBatch; readonly digestWords: Uint32Array }

function sourceOf(batch: VersionBatch): Source {
  const { buffer, byteOffset, length } = batch.digests
  return { batch, digestWords: new Uint32Array(buffer, byteOffset, 2 * length) }
}

/** A key that is the row's own digest, not numbered yet: no other key is, but by 1 in 2^64. */
function isDigestKey(keys: DataView, start: number, digests: DataView, index: number): boolean {
  return (
    keys.getUint32(start + OCCURRENCE_AT) === 0 &&
    keys.getUint32(start) === digests.getUint32(8 * index + 4, true) &&
    keys.getUint32(start + 4) === digests.getUint32(8 * index, true)
  )
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function copyEntry(from: BytesColumn, i: number, to: BytesColumn, j: number): void {
  const start = startOf(from, i)
  const end = from.ends[i] ?? 0
  const at = startOf(to, j)
  const size = end - start
  // A native call costs as much as copying some thirty bytes.
  if (size > 32) to.bytes.set(from.bytes.subarray(start, end), at)
  else for (let k = 0; k < size; k++) to.bytes[at + k] = from.bytes[start + k] ?? 0
  to.ends[j] = at + size
}
