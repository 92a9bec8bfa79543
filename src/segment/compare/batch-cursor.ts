import type { VersionBatch } from '../version-batch.ts'

/** Walks a stream of batches; `batch` is the one it is in, `undefined` at the end. */
export class BatchCursor implements AsyncDisposable {
  readonly #batches: AsyncIterator<VersionBatch>
  batch: VersionBatch | undefined
  index = 0

  private constructor(batches: AsyncIterator<VersionBatch>) {
    this.#batches = batches
  }

  /** A cursor before the first version: `advance` it. */
  static over(batches: AsyncIterable<VersionBatch>): BatchCursor {
    return new BatchCursor(batches[Symbol.asyncIterator]())
  }

  /** To the first version of the next batch that has any. */
  async advance(): Promise<void> {
    this.index = 0
    do {
      const result = await this.#batches.next()
      this.batch = result.done === true ? undefined : result.value
    } while (this.batch?.count === 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batches.return?.()
  }
}
