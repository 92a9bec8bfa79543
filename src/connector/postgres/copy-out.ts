import type { Duplex } from 'node:stream'
import type pg from 'pg'
import type { RowBatch } from '#record/row-batch'
import { CopyFrames } from './copy-frames.ts'

/** Batches waiting for the consumer before the socket is paused. */
const WAITING_MAX = 3
const STOP_TIMEOUT_MS = 5000

/**
 * One `COPY ... TO STDOUT` as a statement that `pg.Client` runs. While rows flow it reads the socket
 * itself: the driver makes an object of every row, which costs more than all the rest of a backup.
 *
 * Holds at most `WAITING_MAX` batches and one block, and stops reading while the consumer is busy,
 * so the server waits.
 */
export class CopyOut {
  readonly #sql: string
  readonly #cancel: () => Promise<void>
  readonly #frames = new CopyFrames((batch) => this.#waiting.push(batch))
  readonly #waiting: RowBatch[] = []
  readonly #ended = Promise.withResolvers<void>()
  #stream: Duplex | undefined
  #driverListeners: ReturnType<Duplex['listeners']> = []
  #isStopped = false
  #state: 'flowing' | 'paused' | 'copied' | 'ended' = 'flowing'
  #failure: { readonly error: unknown } | undefined
  #wake = Promise.withResolvers<void>()

  /** @param cancel asks the server to stop the statement */
  constructor(sql: string, cancel: () => Promise<void>) {
    this.#sql = sql
    this.#cancel = cancel
  }

  /** @throws what the server or the socket reports, after the batches before it */
  async *readBatches(): AsyncGenerator<RowBatch, void, undefined> {
    for (;;) {
      const batch = this.#waiting.shift()
      if (batch !== undefined) {
        this.#resume()
        yield batch
        continue
      }
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#state === 'ended') return
      await this.#wake.promise
      this.#wake = Promise.withResolvers<void>()
    }
  }

  /** Leaves the connection ready for the next statement, cancelling this one if it still runs. */
  async stop(): Promise<void> {
    if (this.#state === 'ended') return
    // What still comes is read and dropped until the server confirms.
    this.#waiting.length = 0
    this.#isStopped = true
    this.#resume()
    await this.#cancel()
    const timeout = setTimeout(() => this.#stream?.destroy(), STOP_TIMEOUT_MS)
    await this.#ended.promise
    clearTimeout(timeout)
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection
    this.#stream = stream
    this.#driverListeners = stream.listeners('data')
    stream.removeAllListeners('data')
    stream.on('data', this.#onData)
    // What `openPlainSocket` lends; it then emits no `data`.
    stream.on('borrow', this.#onData)
    connection.query(this.#sql)
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#end()
  }

  handleError(error: unknown): void {
    this.#giveBack()
    this.#failure ??= { error }
    this.#end()
  }

  readonly #onData = (bytes: Buffer): void => {
    const rest = this.#frames.push(bytes)
    if (rest === undefined) {
      if (this.#isStopped) this.#waiting.length = 0
      else if (this.#waiting.length >= WAITING_MAX) this.#pause()
      if (this.#waiting.length > 0) this.#wake.resolve()
      return
    }
    this.#giveBack()
    // CopyDone itself means nothing to the driver; an error in its place does.
    this.#stream?.emit('data', rest)
  }

  #giveBack(): void {
    const stream = this.#stream
    if (stream === undefined || this.#state === 'copied' || this.#state === 'ended') return
    this.#state = 'copied'
    stream.removeListener('data', this.#onData)
    stream.removeListener('borrow', this.#onData)
    for (const listener of this.#driverListeners) {
      stream.on('data', (bytes: Buffer) => Reflect.apply(listener, stream, [bytes]))
    }
    stream.resume()
  }

  #pause(): void {
    if (this.#state !== 'flowing') return
    this.#state = 'paused'
    this.#stream?.pause()
  }

  #resume(): void {
    if (this.#state !== 'paused' || this.#waiting.length > 1) return
    this.#state = 'flowing'
    this.#stream?.resume()
  }

  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    if (this.#failure === undefined) this.#frames.finish()
    this.#wake.resolve()
    this.#ended.resolve()
  }
}
