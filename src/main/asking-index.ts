import type { FromThread } from '#capture/thread-messages'
import type { BlobIndex } from '#segment/blob-index'
import type { BlobRef } from '#segment/version-batch'

/** Asks the main thread where large values lie. */
export class AskingIndex implements BlobIndex {
  readonly #say: (message: FromThread) => void
  readonly #asked = new Map<number, PromiseWithResolvers<BlobRef | undefined>>()
  #claims = 0

  constructor(say: (message: FromThread) => void) {
    this.#say = say
  }

  async claim(hash: Uint8Array, signal: AbortSignal): Promise<BlobRef | undefined> {
    signal.throwIfAborted()
    const claim = this.#claims++
    const asked = Promise.withResolvers<BlobRef | undefined>()
    const abort = () => asked.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    this.#asked.set(claim, asked)
    this.#say({ kind: 'claim', claim, hash })
    try {
      return await asked.promise
    } finally {
      signal.removeEventListener('abort', abort)
      this.#asked.delete(claim)
    }
  }

  announce(ref: BlobRef): void {
    this.#say({ kind: 'announce', ref })
  }

  hear(claim: number, ref: BlobRef | undefined): void {
    this.#asked.get(claim)?.resolve(ref)
  }
}
