import { Worker } from 'node:worker_threads'
import type { CaptureWatch, EntityJob, EntityResult } from '#capture/capture-entity'
import { type FromThread, parseFailure, type ToThread } from '#capture/thread-messages'
import type { RowBatch } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import type { CaptureThreadData } from './capture-thread.ts'

/**
 * Captures entities in threads of their own, so that this one only has to drain the source.
 *
 * Threads are started when they are first needed and kept for the next entity; as many as there are
 * captures at a time. A thread whose job failed is ended, because it may still be at it.
 */
export class CapturePool {
  readonly #data: CaptureThreadData
  readonly #url: URL
  readonly #idle: CaptureThread[] = []

  /** @param url of `capture-thread`, as source or as bundle */
  constructor(url: URL, data: CaptureThreadData) {
    this.#url = url
    this.#data = data
  }

  /** The same as `captureEntity` of the capture room, elsewhere. */
  readonly captureEntity = async (
    job: EntityJob,
    rows: AsyncIterable<RowBatch>,
    watch: CaptureWatch,
  ): Promise<EntityResult> => {
    const thread = this.#takeIdle() ?? new CaptureThread(this.#url, this.#data)
    try {
      const result = await thread.run(job, rows, watch)
      this.#idle.push(thread)
      return result
    } catch (error) {
      await thread.end()
      throw error
    }
  }

  /** One that did not die while nobody looked. */
  #takeIdle(): CaptureThread | undefined {
    let thread = this.#idle.pop()
    while (thread?.isDead) thread = this.#idle.pop()
    return thread
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((thread) => thread.end()))
  }
}

class CaptureThread {
  readonly #worker: Worker
  readonly #wants: Semaphore = new Semaphore()
  #settle: PromiseWithResolvers<EntityResult> | undefined
  #watch: CaptureWatch | undefined
  isDead = false

  constructor(url: URL, data: CaptureThreadData) {
    this.#worker = new Worker(url, { workerData: data })
    this.#worker.on('message', (message: FromThread) => this.#hear(message))
    this.#worker.on('error', (cause) => this.#fail(threadFailed('it threw', cause)))
    this.#worker.on('exit', (code) => {
      this.isDead = true
      this.#fail(threadFailed(`it ended with status ${code}`))
    })
  }

  async run(
    job: EntityJob,
    rows: AsyncIterable<RowBatch>,
    watch: CaptureWatch,
  ): Promise<EntityResult> {
    const settle = Promise.withResolvers<EntityResult>()
    this.#settle = settle
    this.#watch = watch
    this.#wants.reset()
    this.#say({ kind: 'job', job })
    let sourceFailure: { readonly error: unknown } | undefined
    const sending = this.#send(rows, watch.signal).catch(async (error: unknown) => {
      sourceFailure = { error }
      this.#say({ kind: 'abort' })
      await settle.promise.catch(() => undefined)
      throw error
    })
    try {
      const [result] = await Promise.all([settle.promise, sending])
      return result
    } catch (error) {
      // The thread only says that it was aborted, which is not why.
      throw sourceFailure === undefined ? error : sourceFailure.error
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  async #send(rows: AsyncIterable<RowBatch>, signal: AbortSignal): Promise<void> {
    for await (const batch of rows) {
      const isWanted = await this.#wants.take()
      signal.throwIfAborted()
      if (!isWanted) return
      this.#say({ kind: 'batch', batch }, buffersOf(batch))
    }
    this.#say({ kind: 'end' })
  }

  #hear(message: FromThread): void {
    if (message.kind === 'want') this.#wants.give()
    else if (message.kind === 'read') this.#watch?.progress(message)
    else if (message.kind === 'announce') this.#watch?.blobs.announce(message.ref)
    else if (message.kind === 'claim') void this.#answer(message)
    else if (message.kind === 'done') this.#settle?.resolve(message.result)
    else this.#fail(parseFailure(message.failure))
  }

  async #answer({ claim, hash }: Extract<FromThread, { kind: 'claim' }>): Promise<void> {
    const { blobs, signal } = this.#watch ?? {}
    if (blobs === undefined || signal === undefined) return
    try {
      const ref = await blobs.claim(hash, signal)
      this.#say({ kind: 'claimed', claim, ref: ref ?? null })
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#settle?.reject(error)
    this.#wants.close()
  }

  #say(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }
}

/** Counts what the thread asked for; closed, nobody waits any more. */
class Semaphore {
  #count = 0
  #isClosed = false
  #wake: (() => void) | undefined

  reset(): void {
    this.#count = 0
    this.#isClosed = false
  }

  give(): void {
    this.#count += 1
    this.#wake?.()
  }

  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  /** Waits for one; `false` when there will be none. */
  async take(): Promise<boolean> {
    while (this.#count === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    if (this.#isClosed) return false
    this.#count -= 1
    return true
  }
}

/** Batches are given away whole; views of one buffer would be transferred twice. */
function buffersOf(batch: RowBatch): ArrayBuffer[] {
  const parts = batch.kind === 'rows' ? [batch.bytes] : batch.parts
  return [...new Set(parts.map(({ buffer }) => buffer))]
}

function threadFailed(what: string, cause?: unknown): AppError {
  const message = `Cannot finish the capture: a thread failed, ${what}`
  return new AppError('capture.thread-failed', message, {}, { cause })
}
