import type { ObjectName } from '#store/object-store'

/**
 * A bounded list of record versions as columns: the unit that segment writers take, and readers,
 * merges and comparisons yield. Sorted by key, within a key by stamp, newest first.
 *
 * All arrays have `count` entries. Variable-length columns are one stretch of bytes with the end
 * offset of each entry; entry i begins where i - 1 ends.
 */
export type VersionBatch = {
  readonly count: number
  readonly keys: BytesColumn
  /** Seq of the entry that added the version; 0 in what is not committed yet. */
  readonly seqs: Uint32Array
  /** Ordinal of the source transaction inside the entry, from 1. */
  readonly ordinals: Uint32Array
  readonly ops: Uint8Array
  /** SipHash-2-4 of the logical row; 0 for a delete. */
  readonly digests: BigUint64Array
  /**
   * Row text, each ended by a newline, empty for a delete; `null` when only keys were asked for.
   * Large values stand as `\@<n>`, n an index into the version's entry in `large`.
   */
  readonly rows: BytesColumn | null
  /** Large values by index of the version, sparse. */
  readonly large: ReadonlyMap<number, readonly LargeValue[]>
}

export type BytesColumn = { readonly bytes: Uint8Array<ArrayBuffer>; readonly ends: Uint32Array }

/** Values of `ops`. */
export const OP_PUT = 0
export const OP_DELETE = 1

/** A value of more canonical text bytes than this goes out of line. */
export const LARGE_VALUE_BYTES = 65_536

/** A large value on its way in, or where it lies. */
export type LargeValue =
  | {
      readonly kind: 'bytes'
      readonly fieldIndex: number
      readonly parts: readonly Uint8Array<ArrayBuffer>[]
    }
  | { readonly kind: 'stored'; readonly fieldIndex: number; readonly ref: BlobRef }

/** A large value in the vault: one block of a `.blobs` object. */
export type BlobRef = {
  /** HMAC-SHA-256 of the canonical text under the source's blob key. */
  readonly hash: Uint8Array
  /** Bytes of canonical text. */
  readonly textBytes: number
  readonly object: ObjectName
  readonly keyring: ObjectName
  /** Commitment to its data key alone, hex; see `commitToKeys`. */
  readonly commitment: string
  /** Index of its data key, and block number in the associated data. */
  readonly block: number
  readonly offset: number
  readonly sizeBytes: number
}
