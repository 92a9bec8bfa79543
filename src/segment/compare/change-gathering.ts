import { BLOCK_BYTES } from '#record/row-batch'
import { gatherPieces, type Piece, pieceBytes, pieceLargeBytes } from '../batch/pieces.ts'
import type { ChangeBatch } from '../changes.ts'
import type { VersionBatch } from '../version-batch.ts'

const CHANGES_MAX = 65_536
/** A batch of rows that are all new ends a row before a block: it is handed on, not joined to the next. */
const CHANGES_BYTES = BLOCK_BYTES - 65_536

/** Changes on their way into one batch, each with its kind. */
export class ChangeGathering {
  #pieces: Piece[] = []
  /** The first pieces that hold on to nothing but themselves. */
  #compactCount = 0
  #kinds: { readonly kind: number; readonly count: number }[] = []
  #count = 0
  #bytes = 0

  get isEmpty(): boolean {
    return this.#count === 0
  }

  get isFull(): boolean {
    return this.#bytes >= CHANGES_BYTES || this.#count >= CHANGES_MAX
  }

  add(piece: Piece, kind: number): void {
    const count = piece.to - piece.from
    const last = this.#pieces.at(-1)
    const isNext = last?.batch === piece.batch && last.to === piece.from
    if (isNext) this.#pieces[this.#pieces.length - 1] = { ...last, to: piece.to }
    else this.#pieces.push(piece)
    const lastKind = this.#kinds.at(-1)
    if (lastKind?.kind === kind) {
      this.#kinds[this.#kinds.length - 1] = { kind, count: lastKind.count + count }
    } else {
      this.#kinds.push({ kind, count })
    }
    this.#count += count
    this.#bytes += pieceBytes(piece) + pieceLargeBytes(piece)
  }

  /**
   * Lets go of the batches that changes were found in, by copying what changed.
   * @returns what is still held of `batch`
   */
  compact(batch: VersionBatch): 'nothing' | 'large values' | 'all' {
    const loose = this.#pieces.splice(this.#compactCount)
    if (loose.length === 0) return 'nothing'
    const copy = gatherPieces(loose)
    this.#pieces.push({ batch: copy, from: 0, to: copy.count })
    this.#compactCount += 1
    return copy === batch ? 'all' : 'large values'
  }

  take(): ChangeBatch {
    const batch: VersionBatch = gatherPieces(this.#pieces)
    const kinds = new Uint8Array(batch.count)
    let at = 0
    for (const { kind, count } of this.#kinds) {
      kinds.fill(kind, at, at + count)
      at += count
    }
    this.#pieces = []
    this.#compactCount = 0
    this.#kinds = []
    this.#count = 0
    this.#bytes = 0
    return { batch, kinds }
  }
}
