import type { RecordPair } from '#history/pair-versions'

/** Goes through pairs in key order, forward only. */
export class PairWalk<Totals> implements AsyncDisposable {
  readonly #pairs: AsyncIterator<readonly RecordPair[], Totals, undefined>
  #list: readonly RecordPair[] = []
  #index = 0
  #isDone = false
  #totals: Totals | undefined

  constructor(pairs: AsyncIterable<readonly RecordPair[], Totals, undefined>) {
    this.#pairs = pairs[Symbol.asyncIterator]()
  }

  /** The pair of a key, if there is one; keys have to ascend. It is good until the next call. */
  async moveTo(key: Uint8Array): Promise<RecordPair | undefined> {
    for (;;) {
      const pair = this.#list[this.#index]
      const order = pair === undefined ? -1 : Buffer.compare(pair.key, key)
      if (order === 0) return pair
      if (order > 0) return undefined
      if (pair !== undefined) this.#index += 1
      else if (!(await this.#pull())) return undefined
    }
  }

  /** Goes to the end. Returns what the pairs return. */
  async finish(): Promise<Totals | undefined> {
    while (await this.#pull());
    return this.#totals
  }

  async #pull(): Promise<boolean> {
    if (this.#isDone) return false
    const next = await this.#pairs.next()
    this.#isDone = next.done === true
    if (next.done === true) this.#totals = next.value
    this.#list = next.done === true ? [] : next.value
    this.#index = 0
    return !this.#isDone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pairs.return?.()
  }
}
