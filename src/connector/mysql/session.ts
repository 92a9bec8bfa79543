import { Readable } from 'node:stream'
import type { Connection } from 'mysql2'
import type { RowBatch } from '#record/row-batch'
import { ERRNO, readServerError } from './mysql-error.ts'
import { type CommandConnection, RowCommand } from './row-command.ts'
import type { FieldForm } from './row-writer.ts'

/** One row of an answer, as the server printed it. */
export type AnswerRow = readonly (string | null)[]

/** What the server did with rows it was sent. */
export type LoadedRows = {
  readonly addedCount: number
  /** Rows skipped, and values changed: every one is a loss. */
  readonly warningCount: number
}

/** As the driver runs it. */
export type Command = {
  execute(packet: unknown, connection: CommandConnection): boolean
  /** The connection is lost. */
  onResult(error: unknown): void
}

export type ConnectAgain = (signal: AbortSignal) => Promise<Session>

const STOP_TIMEOUT_MS = 5000
const END_TIMEOUT_MS = 5000

/**
 * One connection, one statement at a time. A statement whose signal is aborted is killed on the
 * server and the connection is given up: its transaction never goes on half informed.
 */
export class Session implements AsyncDisposable {
  readonly #connection: Connection
  readonly #connectAgain: ConnectAgain | null
  #running: Command | undefined
  #isLost = false

  /** @param connectAgain opens another session of the same server, to kill a statement of this one */
  constructor(connection: Connection, connectAgain: ConnectAgain | null) {
    this.#connection = connection
    this.#connectAgain = connectAgain
    // A connection that breaks while idle must not end the process: the next statement reports it.
    connection.on('error', () => {
      this.#isLost = true
    })
    connection.on('end', () => {
      this.#isLost = true
    })
  }

  get isLost(): boolean {
    return this.#isLost
  }

  untilConnected(signal: AbortSignal): Promise<void> {
    return this.#during(signal, () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.#connection.connect((error) => (error ? reject(error) : resolve()))
      return promise
    })
  }

  /** Runs one statement. */
  async query(sql: string, signal: AbortSignal): Promise<AnswerRow[]> {
    const answer = await this.#run({ sql }, signal)
    return Array.isArray(answer) ? (answer as AnswerRow[]) : []
  }

  /** Runs one statement that changes rows and returns how many. */
  async change(sql: string, signal: AbortSignal): Promise<number> {
    return readCount(await this.#run({ sql }, signal), 'affectedRows')
  }

  /**
   * Feeds a `LOAD DATA LOCAL INFILE`. The server has no way to refuse a row of it: whatever does not
   * fit is changed or skipped, and counted as a warning.
   */
  async load(
    sql: string,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<LoadedRows> {
    const infileStreamFactory = () => Readable.from(bytes, { objectMode: false })
    const answer = await this.#run({ sql, infileStreamFactory }, signal)
    return {
      addedCount: readCount(answer, 'affectedRows'),
      warningCount: readCount(answer, 'warningStatus'),
    }
  }

  /** Streams the rows of a SELECT as canonical text. Stopping early kills the statement. */
  async *rows(
    sql: string,
    forms: readonly FieldForm[],
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    signal.throwIfAborted()
    const command = new RowCommand(sql, forms)
    const onAbort = () => this.destroy()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      this.#running = command
      this.#add(command)
      yield* command.readBatches()
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
      if (!command.isEnded) await this.#stop(command)
      this.#running = undefined
    }
  }

  /** Runs a command that never ends: nothing else can be asked any more. */
  runForEver(command: Command): void {
    this.#running = command
    this.#add(command)
  }

  /** Gives the connection up at once; the server rolls back whatever is open. */
  destroy(): void {
    if (!this.#isLost) {
      this.#isLost = true
      // A broken socket alone would be noticed only when the server next writes to it.
      void this.#kill('CONNECTION').catch(() => {})
    }
    this.#connection.destroy()
    this.#running?.onResult(new Error('Connection closed: can not go on in closed state'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isLost) return this.destroy()
    this.#isLost = true
    const { promise, resolve } = Promise.withResolvers<void>()
    // A network that went away answers no goodbye.
    const timeout = setTimeout(() => resolve(), END_TIMEOUT_MS)
    this.#connection.end(() => resolve())
    await promise
    clearTimeout(timeout)
    this.#connection.destroy()
  }

  #run(
    options: { sql: string; infileStreamFactory?: () => Readable },
    signal: AbortSignal,
  ): Promise<unknown> {
    return this.#during(signal, () => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      // Values reach us as the server printed them: no number, no date becomes a JavaScript value.
      const typeCast = (field: { string(): string | null }) => field.string()
      const asked = { ...options, rowsAsArray: true, typeCast }
      this.#connection.query(asked, (error, answer) => (error ? reject(error) : resolve(answer)))
      return promise
    })
  }

  async #during<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const onAbort = () => {
      this.destroy()
      // The driver calls nobody back once its connection is destroyed.
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([call(), aborted])
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #add(command: Command): void {
    const addCommand: unknown = Reflect.get(this.#connection, 'addCommand')
    if (typeof addCommand !== 'function') throw new TypeError('The driver runs commands.')
    Reflect.apply(addCommand, this.#connection, [command])
  }

  /** Leaves the connection ready for the next statement. */
  async #stop(command: RowCommand): Promise<void> {
    const timeout = setTimeout(() => this.destroy(), STOP_TIMEOUT_MS)
    try {
      const killing = this.#isLost ? Promise.resolve() : this.#kill('QUERY').catch(() => {})
      await command.drain()
      await killing
      await this.#forgetKill()
    } finally {
      clearTimeout(timeout)
    }
  }

  /** A late kill hits the statement after the one that was meant. */
  async #forgetKill(): Promise<void> {
    for (let attempt = 1; attempt <= 2 && !this.#isLost; attempt++) {
      try {
        await this.#run({ sql: 'DO 0' }, new AbortController().signal)
        return
      } catch (error) {
        if (readServerError(error)?.errno !== ERRNO.interrupted) break
      }
    }
    this.destroy()
  }

  async #kill(what: 'QUERY' | 'CONNECTION'): Promise<void> {
    const { threadId } = this.#connection
    if (typeof threadId !== 'number' || this.#connectAgain === null) return
    const signal = AbortSignal.timeout(STOP_TIMEOUT_MS)
    await using other = await this.#connectAgain(signal)
    await other.query(`KILL ${what} ${threadId}`, signal)
  }
}

function readCount(answer: unknown, name: string): number {
  if (typeof answer !== 'object' || answer === null) return 0
  const value: unknown = Reflect.get(answer, name)
  return typeof value === 'number' ? value : 0
}
