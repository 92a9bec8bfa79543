import type { Duplex } from 'node:stream'
import type { CommandConnection } from '../row-command.ts'

/** Bytes waiting for the consumer before the socket is paused, and read again. */
const WAITING_BYTES_MAX = 1_048_576
const RESUME_BYTES = WAITING_BYTES_MAX / 4
const COM_BINLOG_DUMP = 0x12
/** Where every file of the log begins; the session's GTID position says more. */
const FIRST_EVENT = 4

/**
 * Asks for the binary log, as a command that the driver runs. From then on the connection is ours
 * alone, and it is given up in the end: the server sends for ever.
 *
 * ```
 * request = 0x12 position:u32le flags:u16le server:u32le file      MariaDB, "COM_BINLOG_DUMP"
 * ```
 *
 * Holds about `WAITING_BYTES_MAX` and one read, and stops reading while the consumer is busy.
 */
export class DumpCommand {
  readonly #serverId: number
  #stream: Duplex | undefined
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #isPaused = false
  #failure: { readonly error: unknown } | undefined
  #wake = Promise.withResolvers<void>()
  /** Set by every read; whoever watches clears it. */
  hasHeard = false

  /** @param serverId of ours: the server ends whoever else reads under the same */
  constructor(serverId: number) {
    this.#serverId = serverId
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

  /** Lets `next` throw `error` once everything that came before it is taken. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake.resolve()
  }

  /** Called by the driver, once: it gets no packet any more. */
  execute(_packet: unknown, connection: CommandConnection): boolean {
    const { stream } = connection
    this.#stream = stream
    stream.removeAllListeners('data')
    stream.on('data', (bytes: Buffer) => this.#take(bytes))
    // What `openPlainSocket` lends for the length of the call; it then emits no `data`.
    stream.on('borrow', (bytes: Buffer) => this.#take(Buffer.from(bytes)))
    stream.on('close', () =>
      this.fail(new Error('Connection closed: can not go on in closed state')),
    )
    const packet = Buffer.alloc(15)
    packet.writeUIntLE(packet.length - 4, 0, 3)
    packet[4] = COM_BINLOG_DUMP
    packet.writeUInt32LE(FIRST_EVENT, 5)
    packet.writeUInt32LE(this.#serverId, 11)
    stream.write(packet)
    return false
  }

  /** Called by the driver when the connection is lost. */
  onResult(error: unknown): void {
    this.fail(error)
  }

  #take(bytes: Buffer): void {
    this.hasHeard = true
    if (this.#failure !== undefined) return
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
