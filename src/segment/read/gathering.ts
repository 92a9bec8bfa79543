import { BATCH_BYTES_MAX, BLOCK_BYTES } from '#record/row-batch'
import { gatherPieces, type Piece, pieceBytes } from '../batch/pieces.ts'
import { releaseRows } from '../batch/release.ts'
import type { VersionBatch } from '../version-batch.ts'

/** Batches without rows are closed here. */
const KEYS_BATCH_COUNT = 4_096
/** Decoded blocks that one batch may hold on to. */
const BATCHES_MAX = 64

export type GatheringOptions = {
  readonly rows: boolean
  /** Decoded blocks that one batch may hold on to; each cursor holds one anyhow. */
  readonly batchesMax?: number
}

/** Pieces of decoded blocks on their way into one batch of at most `BATCH_BYTES_MAX`. */
export class Gathering {
  readonly #rows: boolean
  readonly #batchesMax: number
  #pieces: Piece[] = []
  /** Batches of pieces whose segment has moved on. */
  #finished: VersionBatch[] = []
  /** The last batch that became the caller's as it was. */
  #handedOn: VersionBatch | undefined
  #count = 0
  #bytes = 0
  #batches = new Set<VersionBatch>()

  constructor({ batchesMax = BATCHES_MAX, rows }: GatheringOptions) {
    this.#rows = rows
    this.#batchesMax = batchesMax
  }

  isEmpty(): boolean {
    return this.#count === 0
  }

  isFull(): boolean {
    // Sparse pieces keep their whole batches alive, so these are counted, too.
    if (this.#batches.size >= this.#batchesMax) return true
    return this.#rows ? this.#bytes >= BLOCK_BYTES : this.#count >= KEYS_BATCH_COUNT
  }

  /** Bytes of what is gathered. */
  get bytes(): number {
    return this.#bytes
  }

  isOverfullWith(piece: Piece): boolean {
    return this.#count > 0 && this.#bytes + pieceBytes(piece) > BATCH_BYTES_MAX
  }

  add(piece: Piece): void {
    this.#batches.add(piece.batch)
    this.#pieces.push(piece)
    this.#count += piece.to - piece.from
    this.#bytes += pieceBytes(piece)
  }

  /** Nothing more will be picked from the batch. */
  finish(batch: VersionBatch): void {
    if (batch === this.#handedOn) return
    if (this.#batches.has(batch)) this.#finished.push(batch)
    else releaseRows(batch)
  }

  take(): VersionBatch {
    const batch = gatherPieces(this.#pieces)
    if (this.#batches.has(batch)) this.#handedOn = batch
    else for (const each of this.#finished) releaseRows(each)
    this.#finished = []
    this.#pieces = []
    this.#count = 0
    this.#bytes = 0
    this.#batches.clear()
    return batch
  }
}
