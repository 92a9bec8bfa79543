import type { Random } from '#stdx/random'
import { SealedSpool } from '#stdx/sealed-spool'

/** On which side of a link a record stands. */
export const SIDE_FROM = 0
export const SIDE_TO = 1

const ITEM_WORDS = 2
const FRAME_WORDS = 32_768
const MEMORY_BYTES_MAX = 1_048_576

/**
 * Which records of two entities share a value: groups of records of either side, numbered from 0.
 * Eight bytes a record, sealed on disk once they outgrow a megabyte.
 */
export class GroupSpool implements AsyncDisposable {
  readonly #spool: SealedSpool
  #open = new Uint32Array(FRAME_WORDS)
  #used = 0
  groupCount = 0

  constructor(deps: { readonly random: Random; readonly tempDir: string }) {
    this.#spool = new SealedSpool(deps, { memoryBytesMax: MEMORY_BYTES_MAX })
  }

  /** Adds a record to the group that is open; `true` when `flush` has to be called before the next. */
  add(side: number, ordinal: number): boolean {
    this.#open[this.#used] = this.groupCount * 2 + side
    this.#open[this.#used + 1] = ordinal
    this.#used += ITEM_WORDS
    return this.#used >= FRAME_WORDS
  }

  closeGroup(): void {
    this.groupCount += 1
  }

  async flush(): Promise<void> {
    if (this.#used === 0) return
    const words = this.#open.slice(0, this.#used)
    await this.#spool.append(new Uint8Array(words.buffer))
    this.#used = 0
  }

  /** Lists of items, each two words: twice the group's number plus the side, and the record's place. */
  async *read(): AsyncGenerator<Uint32Array, void, undefined> {
    await this.flush()
    for await (const frame of this.#spool.read()) {
      const bytes = frame.byteOffset % 4 === 0 ? frame : frame.slice()
      yield new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool[Symbol.asyncDispose]()
  }
}
