import { compareWithKey, findFirst } from '#segment/columns'
import type { VersionBatch } from '#segment/version-batch'

/** Keys of some records, held in order. */
export class PickedKeys {
  readonly #keys: readonly Uint8Array[]

  constructor(keys: Iterable<Uint8Array>) {
    this.#keys = [...keys].sort(Buffer.compare)
  }

  /** Whether one of them may lie between two keys, both included. */
  mayBeIn(firstKey: Uint8Array, lastKey: Uint8Array): boolean {
    const isFrom = (index: number) => Buffer.compare(this.#keys[index] ?? firstKey, firstKey) >= 0
    const next = this.#keys[findFirst(0, this.#keys.length, isFrom)]
    return next !== undefined && Buffer.compare(next, lastKey) <= 0
  }

  /** Tells of versions whether they are of one of them, asked in ascending order. */
  walk(): (version: { readonly batch: VersionBatch; readonly index: number }) => boolean {
    let at = 0
    return ({ batch, index }) => {
      for (let key = this.#keys[at]; key !== undefined; key = this.#keys[++at]) {
        const order = compareWithKey(batch.keys, index, key)
        if (order <= 0) return order === 0
      }
      return false
    }
  }
}
