import type { VersionBatch } from '../version-batch.ts'

/** Buffers this small are left to the collector: they may be slices of a pool. */
const RELEASED_BYTES_MIN = 65_536

/**
 * Gives back the memory of row text that nobody will look at again. The collector would do so late:
 * at a megabyte a batch it lets some 80 MB pile up, which never leave the process again.
 *
 * @param batch whose rows are its own, as those of a batch that was handed over are
 */
export function releaseRows({ rows }: VersionBatch): void {
  if (rows === null) return
  const { buffer, byteLength } = rows.bytes
  // A buffer much larger than the rows may hold something else besides.
  if (byteLength < RELEASED_BYTES_MIN || buffer.byteLength > 2 * byteLength) return
  buffer.transfer(0)
}
