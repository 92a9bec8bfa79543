import { BLOCK_BYTES, LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
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

  /** Adds one row with its newline, in one piece or several. */
  async append(parts: readonly Uint8Array[]): Promise<void> {
    const sizeBytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    this.rowCount += 1
    if (sizeBytes > LARGE_ROW_BYTES) return await this.#appendLarge(parts)
    this.#open.push(...parts)
    this.#openBytes += sizeBytes
    if (this.#openBytes >= BLOCK_BYTES) await this.#close()
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

  /** A newline stands in a row only at its end, so that is where a large row ends, too. */
  async #appendLarge(parts: readonly Uint8Array[]): Promise<void> {
    await this.#close()
    for (const part of parts) {
      for (let at = 0; at < part.byteLength; at += BLOCK_BYTES) {
        await this.#spool.append(part.slice(at, at + BLOCK_BYTES) as Uint8Array<ArrayBuffer>)
      }
    }
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
