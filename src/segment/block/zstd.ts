import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { FormatProblem } from './format-problem.ts'

/** Levels that were measured; higher ones cost three times as much for a hundredth. */
export type ZstdLevel = 1 | 3

/** Room beyond the result, so that the library needs one buffer and no second look. */
const SPARE_BYTES = 64

export function compress(bytes: Uint8Array, level: ZstdLevel): Buffer<ArrayBuffer> {
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  return zstdCompressSync(bytes, { params, chunkSize: Math.max(1024, bytes.length + SPARE_BYTES) })
}

/** One frame of exactly `sizeBytes`: the library is silent about bytes after a first frame. */
export function decompress(frame: Uint8Array, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = decompressUpTo(frame, sizeBytes)
  if (bytes.length === sizeBytes) return new Uint8Array(bytes.buffer, bytes.byteOffset, sizeBytes)
  throw new FormatProblem(`a frame holds ${bytes.length} bytes, ${sizeBytes} are due`)
}

function decompressUpTo(frame: Uint8Array, sizeBytes: number): Buffer<ArrayBuffer> {
  const chunkSize = Math.max(1024, sizeBytes + SPARE_BYTES)
  try {
    return zstdDecompressSync(frame, { chunkSize, maxOutputLength: chunkSize })
  } catch (cause) {
    throw new FormatProblem('a frame cannot be decompressed', { cause })
  }
}
