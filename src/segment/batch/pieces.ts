import { copyEntries, emptyColumn, startOf } from '../columns.ts'
import type { BytesColumn, LargeValue, VersionBatch } from '../version-batch.ts'

/** A stretch of versions of a batch. */
export type Piece = { readonly batch: VersionBatch; readonly from: number; readonly to: number }

/** Bytes of row text in a piece, or of keys when it has no rows. */
export function pieceBytes({ batch, from, to }: Piece): number {
  const column = batch.rows ?? batch.keys
  return startOf(column, to) - startOf(column, from)
}

/** Bytes of large values that a version holds on to; those in the vault are only referred to. */
export function largeBytes(values: readonly LargeValue[] | undefined): number {
  let sizeBytes = 0
  for (const value of values ?? []) {
    if (value.kind === 'stored') continue
    for (const part of value.parts) sizeBytes += part.length
  }
  return sizeBytes
}

/** The same for a stretch of versions. */
export function pieceLargeBytes({ batch, from, to }: Piece): number {
  let sizeBytes = 0
  for (const [version, values] of batch.large) {
    if (version >= from && version < to) sizeBytes += largeBytes(values)
  }
  return sizeBytes
}

/**
 * The versions of all pieces, in their order, as one batch. A piece that is a whole batch comes back
 * as it is; otherwise everything is copied, and the result holds on to nothing of its origins.
 */
export function gatherPieces(pieces: readonly Piece[]): VersionBatch {
  const [first] = pieces
  if (first === undefined) return emptyBatch()
  if (pieces.length === 1 && first.from === 0 && first.to === first.batch.count) return first.batch
  const count = pieces.reduce((sum, { from, to }) => sum + to - from, 0)
  const hasRows = pieces.every(({ batch }) => batch.rows !== null)
  const gathered = {
    count,
    keys: gatherColumn(pieces, count, ({ keys }) => keys),
    seqs: new Uint32Array(count),
    ordinals: new Uint32Array(count),
    ops: new Uint8Array(count),
    digests: new BigUint64Array(count),
    rows: hasRows ? gatherColumn(pieces, count, ({ rows, keys }) => rows ?? keys) : null,
    large: gatherLarge(pieces),
  }
  let index = 0
  for (const piece of pieces) {
    if (piece.to - piece.from <= SHORT_COUNT) copyShort(piece, gathered, index)
    else copyLong(piece, gathered, index)
    index += piece.to - piece.from
  }
  return gathered
}

/** Up to here copying number by number is faster than making views of the numbers. */
const SHORT_COUNT = 4

function copyShort({ batch, from, to }: Piece, target: VersionBatch, index: number): void {
  for (let i = from; i < to; i++) {
    const at = index + i - from
    target.seqs[at] = batch.seqs[i] ?? 0
    target.ordinals[at] = batch.ordinals[i] ?? 0
    target.ops[at] = batch.ops[i] ?? 0
    target.digests[at] = batch.digests[i] ?? 0n
  }
}

function copyLong({ batch, from, to }: Piece, target: VersionBatch, index: number): void {
  target.seqs.set(batch.seqs.subarray(from, to), index)
  target.ordinals.set(batch.ordinals.subarray(from, to), index)
  target.ops.set(batch.ops.subarray(from, to), index)
  target.digests.set(batch.digests.subarray(from, to), index)
}

export function emptyBatch(): VersionBatch {
  return {
    count: 0,
    keys: emptyColumn(0, 0),
    seqs: new Uint32Array(0),
    ordinals: new Uint32Array(0),
    ops: new Uint8Array(0),
    digests: new BigUint64Array(0),
    rows: emptyColumn(0, 0),
    large: new Map(),
  }
}

function gatherColumn(
  pieces: readonly Piece[],
  count: number,
  columnOf: (batch: VersionBatch) => BytesColumn,
): BytesColumn {
  let sizeBytes = 0
  for (const { batch, from, to } of pieces) {
    const column = columnOf(batch)
    sizeBytes += startOf(column, to) - startOf(column, from)
  }
  const gathered = emptyColumn(count, sizeBytes)
  let index = 0
  let at = 0
  for (const { batch, from, to } of pieces) {
    at = copyEntries(columnOf(batch), { from, to }, gathered, { index, at })
    index += to - from
  }
  return gathered
}

function gatherLarge(pieces: readonly Piece[]): Map<number, readonly LargeValue[]> {
  const large = new Map<number, readonly LargeValue[]>()
  let index = 0
  for (const { batch, from, to } of pieces) {
    for (const [version, values] of batch.large) {
      if (version >= from && version < to) large.set(index + version - from, values)
    }
    index += to - from
  }
  return large
}
