/**
 * Rows on their way: canonical text, as `row-text.ts` defines it, fields in the order that was asked
 * for. Whoever receives a batch owns its bytes; the sender never touches them again, so that a batch
 * can be handed to another thread without copying.
 */
export type RowBatch =
  /** Whole rows, each ended by a newline, at most `BATCH_BYTES_MAX` bytes. */
  | { readonly kind: 'rows'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Exactly one row longer than `LARGE_ROW_BYTES`, newline included, in pieces that were never joined. */
  | { readonly kind: 'large'; readonly parts: readonly Uint8Array<ArrayBuffer>[] }

/** What a batch weighs. */
export function batchBytes(batch: RowBatch): number {
  if (batch.kind === 'rows') return batch.bytes.byteLength
  return batch.parts.reduce((sum, part) => sum + part.byteLength, 0)
}

/** A row of more bytes travels alone, in pieces. */
export const LARGE_ROW_BYTES = 1_048_576

/** A batch of ordinary rows holds at most this many bytes: a full block and one more row. */
export const BATCH_BYTES_MAX = 2 * LARGE_ROW_BYTES

/** Where a batch is closed when rows keep coming: the text of one block. */
export const BLOCK_BYTES = 1_048_576
