import { isUpTo, type Stamp } from '#record/stamp'
import { compareWithKey, findFirst } from '../columns.ts'
import type { VersionBatch } from '../version-batch.ts'
import type { BlockReader } from './block-reader.ts'
import type { PlacedBlock } from './open-segment.ts'

/** A version in a block of a segment. */
export type FoundAt = {
  readonly reader: BlockReader
  readonly block: PlacedBlock
  readonly batch: VersionBatch
  readonly index: number
}

/** Looks keys up in one segment, in ascending order. Decodes only blocks whose key range has the key. */
export class SeekCursor {
  readonly #reader: BlockReader
  readonly #asOf: Stamp
  #next = 0
  #block: PlacedBlock | undefined
  #batch: VersionBatch | undefined
  #index = 0

  constructor(reader: BlockReader, asOf: Stamp) {
    this.#reader = reader
    this.#asOf = asOf
  }

  /** No version here is newer. */
  get seqMax(): number {
    return this.#reader.segment.seqMax
  }

  /** The block that has to be loaded before `find` can answer for `key`. */
  needs(key: Uint8Array): PlacedBlock | undefined {
    const { blocks } = this.#reader.segment
    const isAtOrPast = (i: number) => Buffer.compare(blocks[i]?.lastKey ?? key, key) >= 0
    this.#next = findFirst(this.#next, blocks.length, isAtOrPast)
    const block = blocks[this.#next]
    if (block === undefined || block === this.#block) return undefined
    return Buffer.compare(block.firstKey, key) <= 0 ? block : undefined
  }

  async load(block: PlacedBlock): Promise<void> {
    this.#batch = await this.#reader.readKeys(block)
    this.#block = block
    this.#index = 0
  }

  /** The newest version of `key` up to the point, among those of the loaded block. */
  find(key: Uint8Array): FoundAt | undefined {
    const batch = this.#batch
    const block = this.#block
    if (batch === undefined || block === undefined) return undefined
    const isAtOrPast = (i: number) => compareWithKey(batch.keys, i, key) >= 0
    this.#index = findFirst(this.#index, batch.count, isAtOrPast)
    for (let i = this.#index; i < batch.count; i++) {
      if (compareWithKey(batch.keys, i, key) !== 0) return undefined
      if (isUpTo(this.#asOf, batch.seqs[i] ?? 0, batch.ordinals[i] ?? 0)) {
        return { reader: this.#reader, block, batch, index: i }
      }
    }
    return undefined
  }

  /** Whether the key's versions go on in the block behind the loaded one. */
  goesOn(key: Uint8Array): PlacedBlock | undefined {
    const next = this.#reader.segment.blocks[this.#next + 1]
    const isSame = next !== undefined && Buffer.compare(next.firstKey, key) === 0
    if (!isSame || this.#block !== this.#reader.segment.blocks[this.#next]) return undefined
    this.#next += 1
    return next
  }
}
