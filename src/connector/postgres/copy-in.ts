import type { Duplex } from 'node:stream'
import type pg from 'pg'
import type { RowBatch } from '#record/row-batch'

const COPY_DATA = 0x64
const HEADER_BYTES = 5

/**
 * One `COPY ... FROM STDIN` as a statement that `pg.Client` runs. Pulls the next batch only when the
 * socket has taken the one before, and never copies rows: holds one batch and what the socket
 * buffers.
 */
export class CopyIn {
  readonly #sql: string
  readonly #started = Promise.withResolvers<pg.Connection>()
  readonly #ended = Promise.withResolvers<void>()
  #failure: { readonly error: unknown } | undefined
  #isEnded = false
  #rowCount = 0

  constructor(sql: string) {
    this.#sql = sql
    // A failure before the first row is reported by `write`, which waits for both.
    this.#started.promise.catch(() => {})
  }

  /**
   * Sends all batches and returns the number of rows that the server says it copied. When `batches`
   * fails, the statement fails with it and nothing of it stays.
   */
  async write(batches: AsyncIterable<RowBatch>): Promise<number> {
    const connection = await this.#started.promise
    try {
      for await (const batch of batches) {
        if (this.#isEnded) break
        await this.#send(connection.stream, batch)
      }
    } catch (error) {
      connection.stream.write(copyFail())
      await this.#ended.promise
      throw error
    }
    if (!this.#isEnded) connection.stream.write(COPY_DONE)
    await this.#ended.promise
    if (this.#failure !== undefined) throw this.#failure.error
    return this.#rowCount
  }

  async #send(stream: Duplex, batch: RowBatch): Promise<void> {
    const pieces = batch.kind === 'rows' ? [batch.bytes] : batch.parts
    for (const bytes of pieces) {
      if (this.#isEnded) return
      stream.cork()
      stream.write(header(bytes.length))
      const isTaken = stream.write(bytes)
      stream.uncork()
      if (!isTaken) await this.#untilDrained(stream)
    }
  }

  async #untilDrained(stream: Duplex): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    stream.once('drain', resolve)
    await Promise.race([promise, this.#ended.promise])
    stream.removeListener('drain', resolve)
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#sql)
  }

  handleCopyInResponse(connection: pg.Connection): void {
    this.#started.resolve(connection)
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#rowCount = Number(message.text.replace(/^COPY /, ''))
  }

  handleReadyForQuery(): void {
    this.#end()
  }

  handleError(error: unknown): void {
    this.#failure ??= { error }
    this.#started.reject(error)
    this.#end()
  }

  #end(): void {
    this.#isEnded = true
    this.#ended.resolve()
  }
}

const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4])

function header(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES)
  bytes[0] = COPY_DATA
  bytes.writeUInt32BE(size + 4, 1)
  return bytes
}

function copyFail(): Buffer {
  const reason = Buffer.from('stopped by the sender\0')
  const head = Buffer.from([0x66, 0, 0, 0, 0])
  head.writeUInt32BE(reason.length + 4, 1)
  return Buffer.concat([head, reason])
}
