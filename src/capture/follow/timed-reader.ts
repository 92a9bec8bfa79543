import type { Clock } from '#stdx/clock'

/** Reads a stream, and does not wait for it longer than it is told to. Owns the stream. */
export class TimedReader<T> implements AsyncDisposable {
  readonly #clock: Clock
  readonly #iterator: AsyncIterator<T>
  readonly #closed = new AbortController()
  #next: Promise<void> | undefined
  #arrived: IteratorResult<T> | undefined
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined
  #alarmMs: number | undefined

  constructor(clock: Clock, stream: AsyncIterable<T>) {
    this.#clock = clock
    this.#iterator = stream[Symbol.asyncIterator]()
  }

  /**
   * The next item, `'late'` when it is not there at `untilMs`, `'end'` after the last. What came late
   * is the next item of the next call.
   */
  async next(untilMs: number | undefined): Promise<T | 'late' | 'end'> {
    this.#next ??= this.#pull()
    while (this.#arrived === undefined && this.#failure === undefined) {
      if (untilMs !== undefined && this.#clock.nowMs() >= untilMs) return 'late'
      if (untilMs !== undefined) this.#setAlarm(untilMs)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#next = undefined
    if (this.#failure !== undefined) throw this.#failure.error
    const result = this.#arrived
    this.#arrived = undefined
    return result === undefined || result.done === true ? 'end' : result.value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    // One that waits in its `next` is ended by whoever made it wait, which was aborted or closed.
    await this.#iterator.return?.().catch(() => {})
  }

  async #pull(): Promise<void> {
    try {
      this.#arrived = await this.#iterator.next()
    } catch (error) {
      this.#failure = { error }
    }
    this.#wake?.()
  }

  /** One at a time: it wakes too early rather than too late. */
  #setAlarm(untilMs: number): void {
    if (this.#alarmMs !== undefined && this.#alarmMs <= untilMs) return
    this.#alarmMs = untilMs
    const wake = () => {
      if (this.#alarmMs === untilMs) this.#alarmMs = undefined
      this.#wake?.()
    }
    this.#clock
      .sleep(Math.max(1, untilMs - this.#clock.nowMs()), this.#closed.signal)
      .then(wake, wake)
  }
}
