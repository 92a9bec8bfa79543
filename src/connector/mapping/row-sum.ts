import { hash } from 'node:crypto'
import type { RowBatch } from '#record/row-batch'

/**
 * A sum over rows that is the same where they are, in whatever order they come; and one over each of
 * their fields, weaker, that names what differs.
 */
export class RowSum {
  /** Four numbers of 32 bits, each summed for itself. */
  readonly #sums = new Uint32Array(4)
  readonly #fields: Uint32Array
  #rows = 0

  constructor(fieldCount: number) {
    this.#fields = new Uint32Array(Math.max(1, fieldCount))
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
    const isSame = this.#sums.every((sum, i) => sum === other.#sums[i])
    if (isSame && this.#rows === other.#rows) return null
    return [...this.#fields.keys()].filter((i) => this.#fields[i] !== other.#fields[i])
  }

  #take(row: Uint8Array): void {
    this.#rows += 1
    const digest = hash('sha256', row, 'buffer')
    for (let i = 0; i < 4; i++) this.#sums[i] = (this.#sums[i] ?? 0) + digest.readUInt32LE(4 * i)
    this.#takeFields(row)
  }

  /** FNV-1a of each field, 32 bits. */
  #takeFields(row: Uint8Array): void {
    let short = FNV_START
    let field = 0
    for (const byte of row) {
      if (byte === TAB || byte === NEWLINE) {
        this.#fields[field] = (this.#fields[field] ?? 0) + (short >>> 0)
        short = FNV_START
        field += 1
      } else short = Math.imul(short ^ byte, FNV_PRIME)
    }
  }
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

const TAB = 0x09
const NEWLINE = 0x0a
const FNV_START = 0x811c9dc5
const FNV_PRIME = 0x01000193
