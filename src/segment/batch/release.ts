import type { LargeValue, VersionBatch } from '../version-batch.ts'

/**
 * Gives memory back that nobody will look at again. The collector would do so late: at a megabyte a
 * batch it lets some 80 MB pile up, which never leave the process again, and looks for them often.
 */

/** Buffers this small are left to the collector: they may be slices of a pool. */
const RELEASED_BYTES_MIN = 16_384

/** Frees bytes that fill their buffer. Any other view of it is empty afterwards. */
export function releaseBytes({ buffer, byteLength }: Uint8Array<ArrayBuffer>): void {
  if (byteLength >= RELEASED_BYTES_MIN && buffer.byteLength === byteLength) buffer.transfer(0)
}

/** Frees the row text of a batch that was handed over; its buffer holds little else. */
export function releaseRows({ rows }: VersionBatch): void {
  if (rows === null) return
  const { buffer, byteLength } = rows.bytes
  if (byteLength < RELEASED_BYTES_MIN || buffer.byteLength > 2 * byteLength) return
  buffer.transfer(0)
}

/** The same with its large values, which a copy of some of its versions would share. */
export function releaseBatch(batch: VersionBatch): void {
  releaseRows(batch)
  for (const values of batch.large.values()) for (const value of values) releaseLarge(value)
}

/** Frees what was read of a block of keys. Entries of it that somebody has not copied are gone. */
export function releaseKeys({ digests, keys, ops, ordinals, seqs }: VersionBatch): void {
  releaseBytes(keys.bytes)
  for (const { buffer, byteLength } of [keys.ends, ops, ordinals, seqs, digests]) {
    const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    if (isOwn && byteLength >= RELEASED_BYTES_MIN) buffer.transfer(0)
  }
}

/** Frees a large value whose bytes are stored, or not wanted. Parts that others share stay. */
export function releaseLarge(value: LargeValue): void {
  if (value.kind === 'bytes') for (const part of value.parts) releaseBytes(part)
}
