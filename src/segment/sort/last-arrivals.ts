import { gatherPieces, type Piece } from '../batch/pieces.ts'
import { compareEntries, compareWithKey, entryOf } from '../columns.ts'
import type { VersionBatch } from '../version-batch.ts'

/** Of sorted versions with one key and stamp, keeps the one that comes first. */
export class LastArrivals {
  #key: Uint8Array | undefined
  #ordinal = 0

  /** The batch itself when all is kept. */
  keepOf(batch: VersionBatch): VersionBatch {
    const { count, keys, ordinals } = batch
    if (count === 0) return batch
    const pieces: Piece[] = []
    let from = 0
    for (let i = 0; i < count; i++) {
      if (!this.#isSuperseded(batch, i)) continue
      if (i > from) pieces.push({ batch, from, to: i })
      from = i + 1
    }
    if (count > from) pieces.push({ batch, from, to: count })
    this.#key = entryOf(keys, count - 1).slice()
    this.#ordinal = ordinals[count - 1] ?? 0
    return gatherPieces(pieces)
  }

  #isSuperseded({ keys, ordinals }: VersionBatch, index: number): boolean {
    if (index > 0) {
      return (
        ordinals[index] === ordinals[index - 1] &&
        compareEntries(keys, index - 1, keys, index) === 0
      )
    }
    const key = this.#key
    if (key === undefined || ordinals[0] !== this.#ordinal) return false
    return compareWithKey(keys, 0, key) === 0
  }
}
