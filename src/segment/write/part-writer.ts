import { createHash } from 'node:crypto'
import { commitToKeys } from '#seal/keyring'
import { AppError } from '#stdx/app-error'
import type { ObjectName, ObjectStore, ObjectWriter } from '#store/object-store'
import type { ObjectRef } from '../segment.ts'

/**
 * What goes to the store at a time. Each write is a trip through another thread: with one a section
 * they took a tenth of a capture.
 */
const WRITE_BYTES = 262_144

/**
 * One object of a segment on its way into the store; nothing is there before the first bytes. Holds
 * `WRITE_BYTES` of it.
 */
export class PartWriter implements AsyncDisposable {
  readonly name: ObjectName
  /** Data keys in block order. */
  readonly keys: Uint8Array[] = []
  readonly #store: ObjectStore
  readonly #signal: AbortSignal
  readonly #hash = createHash('sha256')
  #writer: ObjectWriter | undefined
  #waiting: Buffer<ArrayBuffer> | undefined
  #waitingBytes = 0
  #sizeBytes = 0
  #isCommitted = false

  constructor(store: ObjectStore, name: ObjectName, signal: AbortSignal) {
    this.#store = store
    this.name = name
    this.#signal = signal
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get isCommitted(): boolean {
    return this.#isCommitted
  }

  /** @param bytes copied or written when it resolves */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#waitingBytes + bytes.length > WRITE_BYTES) await this.#flush()
    this.#sizeBytes += bytes.length
    if (bytes.length >= WRITE_BYTES) return await this.#send(bytes)
    this.#waiting ??= Buffer.allocUnsafeSlow(WRITE_BYTES)
    this.#waiting.set(bytes, this.#waitingBytes)
    this.#waitingBytes += bytes.length
  }

  /** The finished object, durable; `null` when nothing was written. @throws segment.name-taken */
  async commit(): Promise<ObjectRef | null> {
    await this.#flush()
    this.#waiting = undefined
    if (this.#writer === undefined) return null
    const result = await this.#writer.commit()
    if (result === 'already-present') throw nameTaken(this.name)
    this.#isCommitted = true
    return {
      name: this.name,
      sizeBytes: this.#sizeBytes,
      sha256: this.#hash.digest('hex'),
      commitment: commitToKeys(this.name, this.keys),
    }
  }

  async #flush(): Promise<void> {
    const bytes = this.#waiting?.subarray(0, this.#waitingBytes)
    if (bytes === undefined || bytes.length === 0) return
    await this.#send(bytes)
    this.#waitingBytes = 0
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#writer ??= await this.#store.create(this.name, this.#signal)
    this.#hash.update(bytes)
    await this.#writer.write(bytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer?.[Symbol.asyncDispose]()
  }
}

export function nameTaken(name: ObjectName): AppError {
  const message = `Cannot write object "${name}": something has that name already`
  return new AppError('segment.name-taken', message, { object: name })
}
