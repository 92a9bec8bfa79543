import { createHash, type Hash } from 'node:crypto'
import { assert } from '#stdx/assert'
import type { ObjectName, ObjectStore } from '#store/object-store'

/** What nobody has read is read in pieces of this size. */
const PIECE_BYTES = 1_048_576

type Followed = { readonly hash: Hash; at: number }

/**
 * Hashes objects while somebody reads them from front to back, so that a byte that is looked at is
 * not read for its hash again. Reads that leave something out are not hashed; `digest` reads it then.
 */
export class HashingStore {
  /** To read through. */
  readonly store: ObjectStore
  readonly #inner: ObjectStore
  readonly #onBytes: (bytes: number) => void
  readonly #followed = new Map<ObjectName, Followed>()

  /** @param onBytes told of bytes that were hashed */
  constructor(inner: ObjectStore, onBytes: (bytes: number) => void) {
    this.#inner = inner
    this.#onBytes = onBytes
    this.store = {
      ...inner,
      get: async (name, options) => {
        const bytes = await inner.get(name, options)
        this.#note(name, options.range?.offset ?? 0, bytes)
        return bytes
      },
    }
  }

  /** From now on. */
  follow(name: ObjectName): void {
    this.#followed.set(name, { hash: createHash('sha256'), at: 0 })
  }

  /** SHA-256 of an object that was followed, hex. */
  async digest(name: ObjectName, sizeBytes: number, signal: AbortSignal): Promise<string> {
    const followed = this.#followed.get(name)
    assert(followed !== undefined, 'Only what was followed is hashed.')
    while (followed.at < sizeBytes) {
      const offset = followed.at
      const length = Math.min(PIECE_BYTES, sizeBytes - offset)
      const bytes = await this.#inner.get(name, { signal, range: { offset, length } })
      this.#note(name, offset, bytes)
    }
    this.#followed.delete(name)
    return followed.hash.digest('hex')
  }

  #note(name: ObjectName, offset: number, bytes: Uint8Array): void {
    const followed = this.#followed.get(name)
    const end = offset + bytes.byteLength
    if (followed === undefined || offset > followed.at || end <= followed.at) return
    followed.hash.update(bytes.subarray(followed.at - offset))
    this.#onBytes(end - followed.at)
    followed.at = end
  }
}
