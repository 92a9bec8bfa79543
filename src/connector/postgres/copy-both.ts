import type { Duplex } from 'node:stream'
import type pg from 'pg'

/** Bytes waiting for the consumer before the socket is paused, and read again. */
const WAITING_BYTES_MAX = 1_048_576
const RESUME_BYTES = WAITING_BYTES_MAX / 4

/**
 * A statement after which both sides send copy data (`START_REPLICATION`), as `pg.Client` runs it.
 * From then on the connection is ours alone: nothing else can be asked over it, and it is given up
 * in the end. The driver would make an object of every change and could not make the server wait.
 *
 * Holds about `WAITING_BYTES_MAX` and one read, and stops reading while the consumer is busy.
 */
export class CopyBoth {
  readonly #sql: string
  #stream: Duplex | undefined
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #isPaused = false
  #isStopped = false
  #failure: { readonly error: unknown } | undefined
  #wake = Promise.withResolvers<void>()
  /** Set by every read; whoever watches clears it. */
  hasHeard = false

  constructor(sql: string) {
    this.#sql = sql
  }

  /** Whether the server waits for us, not we for the server. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  /** The next bytes, which are the caller's. @throws what the socket reports, after what came before */
  async next(): Promise<Buffer> {
    for (;;) {
      const bytes = this.#waiting.shift()
      if (bytes !== undefined) {
        this.#waitingBytes -= bytes.length
        this.#resume()
        return bytes
      }
      if (this.#failure !== undefined) throw this.#failure.error
      await this.#wake.promise
      this.#wake = Promise.withResolvers<void>()
    }
  }

  /** Sends one frame of copy data, best effort: a broken connection shows in reading. */
  send(payload: Buffer): void {
    const frame = Buffer.alloc(5 + payload.length)
    frame[0] = COPY_DATA
    frame.writeUInt32BE(4 + payload.length, 1)
    payload.copy(frame, 5)
    if (this.#failure === undefined && this.#stream?.writable) this.#stream.write(frame)
  }

  /** Lets `next` throw `error` once everything that came before it is taken. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake.resolve()
  }

  /** Reads and drops what still comes, so that the end of the connection is noticed. */
  stop(): void {
    this.fail(new Error('The feed was closed.'))
    this.#waiting = []
    this.#waitingBytes = 0
    this.#isStopped = true
    this.#resume()
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection
    this.#stream = stream
    stream.removeAllListeners('data')
    stream.on('data', (bytes: Buffer) => this.#take(bytes))
    // What `openPlainSocket` lends for the length of the call; it then emits no `data`.
    stream.on('borrow', (bytes: Buffer) => this.#take(Buffer.from(bytes)))
    connection.query(this.#sql)
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {}

  /** The connection ended: the driver reads nothing else any more. */
  handleError(error: unknown): void {
    this.fail(error)
  }

  #take(bytes: Buffer): void {
    this.hasHeard = true
    if (this.#isStopped) return
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes >= WAITING_BYTES_MAX && !this.#isPaused) {
      this.#isPaused = true
      this.#stream?.pause()
    }
    this.#wake.resolve()
  }

  #resume(): void {
    if (!this.#isPaused || this.#waitingBytes > RESUME_BYTES) return
    this.#isPaused = false
    this.#stream?.resume()
  }
}

const COPY_DATA = 0x64
