import type { Clock } from '#stdx/clock'

export type TimedReaderOptions<T> = {
  /** Memory that an item holds. */
  bytesOf(item: T): number
  /** So much is read ahead, and one item more. */
  readonly bytesMax: number
}

/** Items beyond which nothing is read ahead, whatever they weigh. */
const ITEMS_MAX = 1024

/**
 * Reads a stream, somewhat ahead, and does not wait for it longer than it is told to. Owns the stream.
 */
export class TimedReader<T> implements AsyncDisposable {
  readonly #clock: Clock
  readonly #iterator: AsyncIterator<T>
  readonly #options: TimedReaderOptions<T>
  readonly #closed = new AbortController()
  #items: T[] = []
  /** Of `items`: those before it were given. */
  #given = 0
  #bytes = 0
  #isPulling = false
  #isWaking = false
  #isEnded = false
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined
  #alarmMs: number | undefined

  constructor(clock: Clock, stream: AsyncIterable<T>, options: TimedReaderOptions<T>) {
    this.#clock = clock
    this.#iterator = stream[Symbol.asyncIterator]()
    this.#options = options
  }

  /** The next item if it is there already: waiting for what is there costs more than it. */
  take(): T | undefined {
    const item = this.#items[this.#given]
    if (item === undefined) return undefined
    this.#given += 1
    this.#bytes -= this.#options.bytesOf(item)
    if (this.#given === this.#items.length) {
      this.#items = []
      this.#given = 0
    }
    return item
  }

  /**
   * The next item, `'late'` when it is not there at `untilMs` (of `Clock.passedMs`), `'end'` after the last. What came late
   * is the next item of the next call.
   */
  async next(untilMs: number | undefined): Promise<T | 'late' | 'end'> {
    for (;;) {
      const item = this.take()
      if (item !== undefined) return item
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#isEnded) return 'end'
      if (!this.#isPulling) void this.#pull()
      if (untilMs !== undefined && this.#clock.passedMs() >= untilMs) return 'late'
      if (untilMs !== undefined) this.#setAlarm(untilMs)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true
    this.#closed.abort()
    // One that waits in its `next` is ended by whoever made it wait, which was aborted or closed.
    await this.#iterator.return?.().catch(() => {})
  }

  /** Reads until there is enough. Never throws. */
  async #pull(): Promise<void> {
    this.#isPulling = true
    try {
      while (!this.#isEnded && !this.#hasEnough()) {
        const result = await this.#iterator.next()
        if (result.done === true) this.#isEnded = true
        else this.#add(result.value)
      }
    } catch (error) {
      this.#failure = { error }
    }
    this.#isPulling = false
    this.#wakeUp()
  }

  #hasEnough(): boolean {
    return this.#bytes > this.#options.bytesMax || this.#items.length >= ITEMS_MAX
  }

  #add(item: T): void {
    this.#items.push(item)
    this.#bytes += this.#options.bytesOf(item)
    if (this.#isWaking || this.#wake === undefined) return
    // Not at once: more is often there, and comes before anything else gets its turn.
    this.#isWaking = true
    setImmediate(() => this.#wakeUp())
  }

  #wakeUp(): void {
    this.#isWaking = false
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** One at a time: it wakes too early rather than too late. */
  #setAlarm(untilMs: number): void {
    if (this.#alarmMs !== undefined && this.#alarmMs <= untilMs) return
    this.#alarmMs = untilMs
    const wake = () => {
      if (this.#alarmMs === untilMs) this.#alarmMs = undefined
      this.#wakeUp()
    }
    this.#clock
      .sleep(Math.max(1, untilMs - this.#clock.passedMs()), this.#closed.signal)
      .then(wake, wake)
  }
}
