import type { Duplex } from 'node:stream'
import type { RowBatch } from '#record/row-batch'
import { ResultPackets } from './result-packets.ts'
import { type FieldForm, RowWriter } from './row-writer.ts'

/** Batches waiting for the consumer before the socket is paused. */
const WAITING_MAX = 3
const COM_QUERY = 3

/** What a command of the driver needs of its connection. */
export type CommandConnection = {
  readonly stream: Duplex
  sequenceId: number
}

/**
 * One SELECT as a command that the driver runs. While rows flow it reads the socket itself: the
 * driver makes objects of every row, which costs more than all the rest of a backup. The packet that
 * ends the answer goes to the driver again.
 *
 * Holds at most `WAITING_MAX` batches and one block, and stops reading while the consumer is busy,
 * so the server waits.
 */
export class RowCommand {
  readonly #sql: string
  readonly #packets: ResultPackets
  readonly #rows: RowWriter
  readonly #waiting: RowBatch[] = []
  readonly #ended = Promise.withResolvers<void>()
  #connection: CommandConnection | undefined
  #driverListeners: ReturnType<Duplex['listeners']> = []
  #state: 'flowing' | 'paused' | 'given-back' | 'ended' = 'flowing'
  #isStopped = false
  #failure: { readonly error: unknown } | undefined
  #wake = Promise.withResolvers<void>()

  constructor(sql: string, forms: readonly FieldForm[]) {
    this.#sql = sql
    this.#rows = new RowWriter(forms, (batch) => this.#waiting.push(batch))
    this.#packets = new ResultPackets(this.#rows)
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

  get isEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Drops what still comes. Resolves when the answer is over. */
  async drain(): Promise<void> {
    this.#waiting.length = 0
    this.#isStopped = true
    this.#resume()
    await this.#ended.promise
  }

  /** Called by the driver: first without a packet, then with the one that ends the answer. */
  execute(packet: DriverPacket | undefined, connection: CommandConnection): boolean {
    if (this.#connection === undefined) {
      this.#start(connection)
      return false
    }
    if (packet?.isError() === true) this.#failure ??= { error: packet.asError('utf8') }
    this.#end()
    return true
  }

  /** Called by the driver when the connection is lost. */
  onResult(error: unknown): void {
    // What still comes is nobody's: to the driver it would be packets out of order.
    this.#connection?.stream.removeAllListeners('borrow')
    this.#connection?.stream.removeAllListeners('data')
    this.#failure ??= { error }
    this.#end()
  }

  #start(connection: CommandConnection): void {
    this.#connection = connection
    const { stream } = connection
    this.#driverListeners = stream.listeners('data')
    stream.removeAllListeners('data')
    stream.on('data', this.#onData)
    // What `openPlainSocket` lends; it then emits no `data`.
    stream.on('borrow', this.#onData)
    const text = Buffer.from(this.#sql)
    const packet = Buffer.alloc(text.length + 5)
    packet.writeUIntLE(text.length + 1, 0, 3)
    packet[4] = COM_QUERY
    text.copy(packet, 5)
    stream.write(packet)
  }

  readonly #onData = (bytes: Buffer): void => {
    let last: Buffer | undefined
    try {
      last = this.#packets.push(bytes)
    } catch (error) {
      // The driver reports the end of the connection to this command.
      this.#failure ??= { error }
      this.#connection?.stream.destroy()
      return
    }
    if (last === undefined) {
      if (this.#isStopped) this.#waiting.length = 0
      else if (this.#waiting.length >= WAITING_MAX) this.#pause()
      if (this.#waiting.length > 0) this.#wake.resolve()
      return
    }
    this.#giveBack()
    const connection = this.#connection
    if (connection === undefined) return
    connection.sequenceId = last[3] ?? 0
    connection.stream.emit('data', last)
  }

  #giveBack(): void {
    const stream = this.#connection?.stream
    if (stream === undefined || this.#state === 'given-back' || this.#state === 'ended') return
    this.#state = 'given-back'
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
    this.#connection?.stream.pause()
  }

  #resume(): void {
    if (this.#state !== 'paused' || this.#waiting.length > 1) return
    this.#state = 'flowing'
    this.#connection?.stream.resume()
  }

  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    try {
      if (this.#failure === undefined && !this.#isStopped) this.#rows.finish()
    } catch (error) {
      this.#failure = { error }
    }
    this.#wake.resolve()
    this.#ended.resolve()
  }
}

type DriverPacket = { isError(): boolean; asError(encoding: string): Error }
