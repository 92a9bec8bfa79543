/** Hands items from one loop to another, one at a time: `push` waits until the last one was taken. */
export class BatchQueue<T> {
  #item: T | undefined
  #isEnded = false
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  /** @throws what `fail` was told */
  async push(item: T): Promise<void> {
    while (this.#item !== undefined && this.#failure === undefined) await this.#change()
    if (this.#failure !== undefined) throw this.#failure.error
    this.#item = item
    this.#notify()
  }

  end(): void {
    this.#isEnded = true
    this.#notify()
  }

  /** Ends both sides. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#notify()
  }

  async *read(): AsyncGenerator<T, void, undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      const item = this.#item
      if (item !== undefined) {
        this.#item = undefined
        this.#notify()
        yield item
      } else if (this.#isEnded) return
      else await this.#change()
    }
  }

  /** Only one side waits at a time: for something to be there, or for it to be gone. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
