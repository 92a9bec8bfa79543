import { createHash } from 'node:crypto'
import { entryOf } from '../columns.ts'
import type { BytesColumn, LargeValue, VersionBatch } from '../version-batch.ts'

/**
 * What a stream of versions was, however it was cut into batches: keys, stamps, ops, digests and
 * which large values. Row text is in it only of versions with large values, whose digest cannot be
 * computed again without reading those.
 */
export class VersionTrail {
  versionCount = 0
  readonly #keys = createHash('sha256')
  readonly #lengths = createHash('sha256')
  readonly #seqs = createHash('sha256')
  readonly #ordinals = createHash('sha256')
  readonly #ops = createHash('sha256')
  readonly #digests = createHash('sha256')
  readonly #large = createHash('sha256')

  /** @param batch only read */
  add(batch: VersionBatch): void {
    const { count, digests, keys, ops, ordinals, seqs } = batch
    this.#keys.update(keys.bytes.subarray(0, keys.ends[count - 1] ?? 0))
    this.#lengths.update(bytesOf(lengthsOf(keys, count)))
    this.#seqs.update(bytesOf(seqs))
    this.#ordinals.update(bytesOf(ordinals))
    this.#ops.update(ops)
    this.#digests.update(bytesOf(digests))
    for (const [index, values] of [...batch.large].sort(([a], [b]) => a - b)) {
      this.#large.update(formatLarge(this.versionCount + index, values))
      if (batch.rows !== null) this.#large.update(entryOf(batch.rows, index))
    }
    this.versionCount += count
  }

  /** Hex; nothing can be added afterwards. */
  finish(): string {
    const hashes = [this.#keys, this.#lengths, this.#seqs, this.#ordinals]
    const all = [...hashes, this.#ops, this.#digests, this.#large]
    return `${this.versionCount}/${all.map((hash) => hash.digest('hex')).join('/')}`
  }
}

function lengthsOf({ ends }: BytesColumn, count: number): Uint32Array {
  const lengths = new Uint32Array(count)
  let start = 0
  for (let i = 0; i < count; i++) {
    const end = ends[i] ?? 0
    lengths[i] = end - start
    start = end
  }
  return lengths
}

function formatLarge(index: number, values: readonly LargeValue[]): string {
  const hashes = values.map((value) =>
    value.kind === 'bytes'
      ? null
      : [value.fieldIndex, Buffer.from(value.ref.hash).toString('hex'), value.ref.textBytes],
  )
  return `${index}:${JSON.stringify(hashes)}\n`
}

function bytesOf(numbers: Uint32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}
