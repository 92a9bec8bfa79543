import { createHash } from 'node:crypto'
import type { RowBatch } from '#record/row-batch'
import { splitRowBytes } from '#record/row-text'

/**
 * A sum over rows that is the same where they are, in whatever order they come; and one over each of
 * their fields, weaker, that names what differs.
 */
export class RowSum {
  #sum = 0n
  #rows = 0
  readonly #fields: number[]

  constructor(fieldCount: number) {
    this.#fields = Array.from({ length: fieldCount }, () => 0)
  }

  add(batch: RowBatch): void {
    if (batch.kind === 'large') {
      this.#take(Buffer.concat(batch.parts))
      return
    }
    const { bytes } = batch
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(NEWLINE, at) + 1
      this.#take(bytes.subarray(at, end))
      at = end
    }
  }

  /** Fields that differ, or `null` when nothing does. */
  findDifference(other: RowSum): readonly number[] | null {
    if (this.#sum === other.#sum && this.#rows === other.#rows) return null
    return [...this.#fields.keys()].filter((i) => this.#fields[i] !== other.#fields[i])
  }

  #take(row: Uint8Array): void {
    this.#rows += 1
    const digest = createHash('sha256').update(row).digest()
    const number = (digest.readBigUInt64LE(0) << 64n) | digest.readBigUInt64LE(8)
    this.#sum = BigInt.asUintN(128, this.#sum + number)
    for (const [i, field] of splitRowBytes(row).entries()) {
      this.#fields[i] = ((this.#fields[i] ?? 0) + hashShort(field)) >>> 0
    }
  }
}

/** FNV-1a, 32 bits. */
function hashShort(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** The same batches, summed as they pass. */
export async function* sumRows(
  rows: AsyncIterable<RowBatch>,
  sum: RowSum,
): AsyncGenerator<RowBatch, void, undefined> {
  for await (const batch of rows) {
    sum.add(batch)
    yield batch
  }
}

const NEWLINE = 0x0a
