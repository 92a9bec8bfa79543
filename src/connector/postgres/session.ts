import net from 'node:net'
import type pg from 'pg'
import type { RowBatch } from '#record/row-batch'
import type { PostgresAddress } from './address.ts'
import { CopyBoth } from './copy-both.ts'
import { CopyIn } from './copy-in.ts'
import { CopyOut } from './copy-out.ts'

/** One row of an answer, as the server printed it. */
export type AnswerRow = readonly (string | null)[]

const CANCEL_REQUEST_CODE = 80_877_102
const CANCEL_TIMEOUT_MS = 5000
const END_TIMEOUT_MS = 5000

/**
 * One connection, one statement at a time. A statement whose signal is aborted is cancelled on the
 * server and the connection is given up: its transaction never goes on half informed.
 */
export class Session implements AsyncDisposable {
  readonly #client: pg.Client
  readonly #address: PostgresAddress
  #isLost = false

  constructor(client: pg.Client, address: PostgresAddress) {
    this.#client = client
    this.#address = address
    // A connection that breaks while idle must not end the process: the next statement reports it.
    client.on('error', () => {
      this.#isLost = true
    })
    client.on('end', () => {
      this.#isLost = true
    })
  }

  /** Calls once the connection ends, however it does; at once when it has. */
  onceLost(call: () => void): void {
    if (this.#isLost) call()
    else this.#client.once('end', call)
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** Runs one statement; several, joined by semicolons, when there are no `values` and no rows. */
  query(sql: string, signal: AbortSignal, values: readonly unknown[] = []): Promise<AnswerRow[]> {
    return this.during(signal, async () => {
      const config = { text: sql, rowMode: 'array' as const }
      const answer = await this.#client.query<(string | null)[]>(
        values.length === 0 ? config : { ...config, values: [...values] },
      )
      return answer.rows
    })
  }

  /** Runs one statement that changes rows and returns how many. */
  change(sql: string, signal: AbortSignal): Promise<number> {
    return this.during(signal, async () => (await this.#client.query(sql)).rowCount ?? 0)
  }

  /** Streams what a `COPY ... TO STDOUT` writes. Stopping early cancels the statement. */
  async *copyOut(sql: string, signal: AbortSignal): AsyncGenerator<RowBatch, void, undefined> {
    signal.throwIfAborted()
    const copy = new CopyOut(sql, () => this.#cancel())
    const onAbort = () => this.destroy()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      this.#client.query(copy)
      yield* copy.readBatches()
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
      await copy.stop()
    }
  }

  /** Feeds a `COPY ... FROM STDIN` and returns the number of rows the server took. */
  copyIn(sql: string, batches: AsyncIterable<RowBatch>, signal: AbortSignal): Promise<number> {
    return this.during(signal, () => {
      const copy = new CopyIn(sql)
      this.#client.query(copy)
      return copy.write(batches)
    })
  }

  /** Begins a statement that sends and takes copy data for ever; nothing else can be run after it. */
  copyBoth(sql: string): CopyBoth {
    const copy = new CopyBoth(sql)
    this.#client.query(copy)
    return copy
  }

  /** Runs `call`, giving the connection up when `signal` is aborted meanwhile. */
  async during<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const onAbort = () => this.destroy()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await call()
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Gives the connection up at once; the server rolls back whatever is open. */
  destroy(): void {
    if (!this.#isLost) void this.#cancel()
    this.#isLost = true
    streamOf(this.#client)?.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isLost) return this.destroy()
    this.#isLost = true
    // A network that went away answers no goodbye.
    const timeout = setTimeout(() => streamOf(this.#client)?.destroy(), END_TIMEOUT_MS)
    await this.#client.end()
    clearTimeout(timeout)
  }

  /**
   * Asks the server to stop what this connection is running. A broken socket alone would be noticed
   * only when the server next writes to it: not while it builds an index or waits for a lock.
   */
  #cancel(): Promise<void> {
    const pid = readNumber(this.#client, 'processID')
    const key = readNumber(this.#client, 'secretKey')
    if (pid === undefined || key === undefined) return Promise.resolve()
    const request = Buffer.alloc(16)
    request.writeInt32BE(16, 0)
    request.writeInt32BE(CANCEL_REQUEST_CODE, 4)
    request.writeInt32BE(pid, 8)
    request.writeInt32BE(key, 12)
    const { host, port } = this.#address
    const { promise, resolve } = Promise.withResolvers<void>()
    const socket = host.startsWith('/')
      ? net.connect(`${host}/.s.PGSQL.${port}`)
      : net.connect(port, host)
    socket.setTimeout(CANCEL_TIMEOUT_MS, () => socket.destroy())
    socket.on('connect', () => socket.end(request))
    socket.on('error', () => {}) // Best effort: the caller drops the connection anyway.
    socket.on('close', () => resolve())
    socket.resume()
    return promise
  }
}

function streamOf(client: pg.Client): { destroy(): void } | undefined {
  const connection: unknown = Reflect.get(client, 'connection')
  if (typeof connection !== 'object' || connection === null) return undefined
  const stream: unknown = Reflect.get(connection, 'stream')
  return stream instanceof net.Socket ? stream : undefined
}

function readNumber(client: pg.Client, name: string): number | undefined {
  const value: unknown = Reflect.get(client, name)
  return typeof value === 'number' ? value : undefined
}
