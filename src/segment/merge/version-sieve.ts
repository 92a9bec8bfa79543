import type { SchemaVersion } from '#record/schema'
import type { Stamp } from '#record/stamp'
import type { Piece } from '../batch/pieces.ts'
import { compareEntries, entryOf } from '../columns.ts'
import { isSeen, type KeptVersions } from '../kept-points.ts'
import type { PlacedBlock } from '../read/open-segment.ts'
import { OP_DELETE, type VersionBatch } from '../version-batch.ts'

/** Where a merge stands in one of its runs. */
export type SievedRun = {
  readonly batch: VersionBatch
  readonly index: number
  readonly block: PlacedBlock
  readonly target: SchemaVersion
}

/** What is kept, in order: a stretch of the run's current block, or a delete that was held back. */
export type Sifted =
  | { readonly kind: 'stretch'; readonly from: number; readonly to: number }
  | { readonly kind: 'delete'; readonly piece: Piece; readonly target: SchemaVersion }

/**
 * Decides, of versions that come by key and newest first, which some kept point sees. A delete that
 * nothing older is kept behind, and that hides nothing outside the merge, is not kept either.
 */
export class VersionSieve {
  readonly #kept: KeptVersions
  readonly #noteDropped: (seq: number) => void
  readonly #lastPoint: number
  /** The version that came last. */
  #last: VersionBatch | undefined
  #lastIndex = 0
  #lastStamp: Stamp = { seq: 0, ordinal: 0 }
  /** Deletes of the last key that may go unless something older of it is kept. */
  #held: { readonly piece: Piece; readonly target: SchemaVersion; readonly seq: number }[] = []
  #dropped = 0

  constructor(kept: KeptVersions, noteDropped: (seq: number) => void = () => {}) {
    this.#kept = kept
    this.#noteDropped = noteDropped
    this.#lastPoint = kept.points.at(-1) ?? -1
  }

  /** Of all versions that were sifted. */
  get droppedCount(): number {
    return this.#dropped + this.#held.length
  }

  /** The run's versions before `to`, none of whose keys but the first came before. */
  sift(run: SievedRun, to: number): readonly Sifted[] {
    const { batch, block, index } = run
    const sifted: Sifted[] = []
    const isPlain =
      block.repeats === 0 && block.rowCount === block.count && block.seqMax <= this.#lastPoint
    const end = isPlain ? index + 1 : to
    let from = -1
    for (let i = index; i < end; i++) {
      const isKept = this.#judge(run, i, sifted)
      if (isKept && from < 0) from = i
      if (isKept || from < 0) continue
      sifted.push({ kind: 'stretch', from, to: i })
      from = -1
    }
    if (end === to) {
      if (from >= 0) sifted.push({ kind: 'stretch', from, to })
      return sifted
    }
    // All others are the only versions of their keys that have come, and none a delete.
    this.#closeKey()
    sifted.push({ kind: 'stretch', from: from < 0 ? end : from, to })
    this.#remember(batch, to - 1)
    return sifted
  }

  /** The last key has no more versions. */
  finish(): void {
    this.#closeKey()
  }

  /** What precedes the version goes to `sifted`. */
  #judge(run: SievedRun, index: number, sifted: Sifted[]): boolean {
    const { batch, target } = run
    const seq = batch.seqs[index] ?? 0
    const last = this.#last
    const isSameKey =
      last !== undefined && compareEntries(last.keys, this.#lastIndex, batch.keys, index) === 0
    if (!isSameKey) this.#closeKey()
    const isKept = isSeen(this.#kept, seq, isSameKey ? this.#lastStamp : undefined)
    this.#remember(batch, index)
    if (!isKept) {
      this.#drop(seq)
      return false
    }
    if (batch.ops[index] === OP_DELETE && seq < this.#kept.outsideSeqMin) {
      this.#held.push({ piece: copyDelete(batch, index), target, seq })
      return false
    }
    if (this.#held.length > 0) {
      for (const held of this.#held) sifted.push({ kind: 'delete', ...held })
      this.#held = []
    }
    return true
  }

  #closeKey(): void {
    for (const { seq } of this.#held) this.#drop(seq)
    if (this.#held.length > 0) this.#held = []
  }

  #drop(seq: number): void {
    this.#dropped += 1
    this.#noteDropped(seq)
  }

  #remember(batch: VersionBatch, index: number): void {
    this.#last = batch
    this.#lastIndex = index
    this.#lastStamp = { seq: batch.seqs[index] ?? 0, ordinal: batch.ordinals[index] ?? 0 }
  }
}

/** On its own: its block may be gone by the time it is known whether it stays. */
function copyDelete(batch: VersionBatch, index: number): Piece {
  const key = entryOf(batch.keys, index).slice()
  const copy: VersionBatch = {
    count: 1,
    keys: { bytes: key, ends: Uint32Array.of(key.length) },
    seqs: batch.seqs.slice(index, index + 1),
    ordinals: batch.ordinals.slice(index, index + 1),
    ops: Uint8Array.of(OP_DELETE),
    digests: batch.digests.slice(index, index + 1),
    rows: { bytes: new Uint8Array(0), ends: new Uint32Array(1) },
    large: new Map(),
  }
  return { batch: copy, from: 0, to: 1 }
}
