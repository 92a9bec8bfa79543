import { BLOCK_BYTES, type RowBatch } from '#record/row-batch'
import type { Random } from '#stdx/random'
import { SealedSpool } from '#stdx/sealed-spool'

const NEWLINE = 0x0a
const MEMORY_BYTES_MAX = 4 * BLOCK_BYTES

/** Rows gathered one by one and read back as batches, sealed on disk once they outgrow memory. */
export class RowSpool {
  readonly #spool: SealedSpool
  readonly #open: Uint8Array[] = []
  #openBytes = 0
  rowCount = 0

  constructor(deps: { readonly random: Random; readonly tempDir: string }) {
    this.#spool = new SealedSpool(deps, { memoryBytesMax: MEMORY_BYTES_MAX })
  }

  /** Adds one row of at most `LARGE_ROW_BYTES`, with its newline. */
  async append(row: Uint8Array): Promise<void> {
    this.rowCount += 1
    this.#open.push(row)
    this.#openBytes += row.byteLength
    if (this.#openBytes >= BLOCK_BYTES) await this.#close()
  }

  /**
   * Adds one larger row in pieces, which are never joined. A newline stands in a row only at its
   * end, so that is where this one ends, too.
   */
  async appendLarge(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    await this.#close()
    this.rowCount += 1
    for await (const piece of pieces) {
      for (let at = 0; at < piece.byteLength; at += BLOCK_BYTES) {
        await this.#spool.append(new Uint8Array(piece.subarray(at, at + BLOCK_BYTES)))
      }
    }
  }

  /** All rows, in the order they were added. Append no more after the first reading. */
  async *read(): AsyncGenerator<RowBatch, void, undefined> {
    await this.#close()
    let parts: Uint8Array<ArrayBuffer>[] = []
    for await (const frame of this.#spool.read()) {
      // A copy, because a receiver owns its batch while the spool may be read again.
      const bytes = frame.slice()
      const isEnd = bytes.at(-1) === NEWLINE
      if (isEnd && parts.length === 0) yield { kind: 'rows', bytes }
      else parts.push(bytes)
      if (!isEnd || parts.length === 0) continue
      yield { kind: 'large', parts }
      parts = []
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool[Symbol.asyncDispose]()
  }

  async #close(): Promise<void> {
    if (this.#openBytes === 0) return
    const bytes = new Uint8Array(this.#openBytes)
    let at = 0
    for (const part of this.#open) {
      bytes.set(part, at)
      at += part.byteLength
    }
    this.#open.length = 0
    this.#openBytes = 0
    await this.#spool.append(bytes)
  }
}
