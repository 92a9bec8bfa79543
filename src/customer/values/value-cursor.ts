import { compareEntries } from '#segment/columns'
import type { VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'

/** Walks sorted values one by one, without an object for each. */
export class ValueCursor implements AsyncDisposable {
  readonly #batches: AsyncIterator<VersionBatch, unknown, undefined>
  #batch: VersionBatch | undefined
  #index = 0

  private constructor(batches: AsyncIterable<VersionBatch>) {
    this.#batches = batches[Symbol.asyncIterator]()
  }

  /** At the first value, or at the end. */
  static async over(batches: AsyncIterable<VersionBatch>): Promise<ValueCursor> {
    const cursor = new ValueCursor(batches)
    await cursor.#load()
    return cursor
  }

  get isAtEnd(): boolean {
    return this.#batch === undefined
  }

  /** The place of the record that holds the value. */
  get ordinal(): number {
    return Number(this.#here().digests[this.#index] ?? 0n)
  }

  compare(other: ValueCursor): number {
    return compareEntries(this.#here().keys, this.#index, other.#here().keys, other.#index)
  }

  /** Moves on inside the batch, telling whether the value is the same; `undefined` where it ends. */
  stepWithin(): boolean | undefined {
    const { count, keys } = this.#here()
    if (this.#index + 1 >= count) return undefined
    this.#index += 1
    return compareEntries(keys, this.#index - 1, keys, this.#index) === 0
  }

  /** Moves on; whether the value is the same as before. */
  async step(): Promise<boolean> {
    const within = this.stepWithin()
    if (within !== undefined) return within
    const { keys } = this.#here()
    const last = this.#index
    await this.#load()
    return this.#batch !== undefined && compareEntries(keys, last, this.#batch.keys, 0) === 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batches.return?.()
  }

  async #load(): Promise<void> {
    this.#index = 0
    for (;;) {
      const next = await this.#batches.next()
      this.#batch = next.done === true ? undefined : next.value
      if (this.#batch === undefined || this.#batch.count > 0) return
    }
  }

  #here(): VersionBatch {
    assert(this.#batch !== undefined, 'A cursor is asked only where it stands on a value.')
    return this.#batch
  }
}
