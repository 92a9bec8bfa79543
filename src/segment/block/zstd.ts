import {
  constants,
  createZstdCompress,
  createZstdDecompress,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import { FormatProblem } from './format-problem.ts'

/** Levels that were measured; higher ones cost three times as much for a hundredth. */
export type ZstdLevel = 1 | 3

/**
 * Compresses and decompresses frames with contexts that are made once. Everything is synchronous; an
 * instance belongs to one object that uses it between two awaits, and is freed with it.
 *
 * `zstdCompressSync` and its opposite make a context and buffers for every call: with some ten
 * frames a block that was 40 % of the time, and most of the garbage. A stream's own handle works on
 * one context and on the caller's memory, but is not part of Node's documented interface. Where it is
 * not what it was in Node 24, the documented functions do the same, slower.
 */
export type Zstd = {
  /** One frame of `bytes`, in memory of its own. */
  compress(bytes: Uint8Array, level: ZstdLevel): Uint8Array<ArrayBuffer>
  /**
   * Decompresses one frame of exactly `sizeBytes` into `target` at `at`, where there is room for
   * `SPARE_BYTES` more.
   * @throws FormatProblem when the frame is damaged, of another size, or followed by anything
   */
  decompressInto(frame: Uint8Array, target: Uint8Array, at: number, sizeBytes: number): void
  /** Whether contexts are kept. */
  readonly isReusing: boolean
}

/** What the decompressor may write beyond a frame's end before it is stopped. */
export const SPARE_BYTES = 32

/** The handle of a stream of `node:zlib`, as far as it is used. */
type Handle = {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void
}
type Context = {
  readonly stream: { readonly destroyed: boolean }
  readonly handle: Handle
  /** After a call: bytes of output left free, bytes of input left unread. */
  readonly state: Uint32Array
}

export function openZstd(): Zstd {
  const contexts = new Map<ZstdLevel | 'decompress', Context>()
  const contextOf = (kind: ZstdLevel | 'decompress'): Context | undefined => {
    const known = contexts.get(kind)
    // A context that met damage is left to the collector.
    if (known !== undefined && !known.stream.destroyed) return known
    const opened = openContext(kind)
    if (opened !== undefined) contexts.set(kind, opened)
    return opened
  }
  let scratch = new Uint8Array(0)
  return {
    isReusing: contextOf('decompress') !== undefined,
    compress(bytes, level) {
      const context = contextOf(level)
      if (context === undefined) return compress(bytes, level)
      const bound = compressedBytesMax(bytes.length)
      if (scratch.length < bound) scratch = new Uint8Array(bound)
      const { handle, state } = context
      const end = constants.ZSTD_e_end
      handle.writeSync(end, bytes, 0, bytes.length, scratch, 0, scratch.length)
      return scratch.slice(0, scratch.length - (state[0] ?? 0))
    },
    decompressInto(frame, target, at, sizeBytes) {
      const context = contextOf('decompress')
      if (context === undefined) {
        target.set(decompress(frame, sizeBytes), at)
        return
      }
      const { handle, state, stream } = context
      const room = sizeBytes + SPARE_BYTES
      handle.writeSync(constants.ZSTD_e_continue, frame, 0, frame.length, target, at, room)
      if (!stream.destroyed && state[0] === SPARE_BYTES && state[1] === 0) return
      contexts.delete('decompress')
      throw new FormatProblem('a frame is damaged or not as long as is due')
    },
  }
}

function openContext(kind: ZstdLevel | 'decompress'): Context | undefined {
  const stream: object =
    kind === 'decompress'
      ? createZstdDecompress().on('error', () => {})
      : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: kind } })
  return isContextStream(stream)
    ? { stream, handle: stream._handle, state: stream._writeState }
    : undefined
}

type ContextStream = {
  readonly destroyed: boolean
  readonly _handle: Handle
  readonly _writeState: Uint32Array
}

function isContextStream(stream: object): stream is ContextStream {
  return (
    '_handle' in stream &&
    '_writeState' in stream &&
    stream._writeState instanceof Uint32Array &&
    typeof stream._handle === 'object' &&
    stream._handle !== null &&
    'writeSync' in stream._handle &&
    typeof stream._handle.writeSync === 'function'
  )
}

/** What zstd needs at most, as its own `ZSTD_compressBound` has it. */
function compressedBytesMax(sizeBytes: number): number {
  return sizeBytes + (sizeBytes >> 8) + 131_072
}

export function compress(bytes: Uint8Array, level: ZstdLevel): Uint8Array<ArrayBuffer> {
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  return zstdCompressSync(bytes, { params, chunkSize: compressedBytesMax(bytes.length) })
}

/** One frame of exactly `sizeBytes`: the library is silent about bytes after a first frame. */
export function decompress(frame: Uint8Array, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = decompressUpTo(frame, sizeBytes)
  if (bytes.length === sizeBytes) return new Uint8Array(bytes.buffer, bytes.byteOffset, sizeBytes)
  throw new FormatProblem(`a frame holds ${bytes.length} bytes, ${sizeBytes} are due`)
}

function decompressUpTo(frame: Uint8Array, sizeBytes: number): Buffer<ArrayBuffer> {
  // Room beyond the result, so that the library needs one buffer and no second look.
  const chunkSize = Math.max(1024, sizeBytes + SPARE_BYTES)
  try {
    return zstdDecompressSync(frame, { chunkSize, maxOutputLength: chunkSize })
  } catch (cause) {
    throw new FormatProblem('a frame cannot be decompressed', { cause })
  }
}
