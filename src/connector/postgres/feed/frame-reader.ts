import { AppError } from '#stdx/app-error'

const HEADER_BYTES = 5
/** The server builds no message of more than 1 GiB. */
const FRAME_BYTES_MAX = 2 ** 30 + HEADER_BYTES

/**
 * Finds the frames in what a server sends, wherever reads cut them.
 *
 * ```
 * frame = type:u8 length:u32be payload:(length - 4)     PostgreSQL, "Message Formats"
 * ```
 *
 * Holds one read, or one frame that is longer. What `buffer`, `start` and `end` show is good until
 * the next call.
 */
export class FrameReader {
  type = 0
  buffer: Buffer = EMPTY
  start = 0
  end = 0
  #chunk: Buffer = EMPTY
  #at = 0
  /** A frame that began in an earlier read; its size is known. */
  #cut: Buffer | undefined
  #cutUsed = 0

  /** Only when `next` has returned false. The bytes are kept until then. */
  push(chunk: Buffer): void {
    if (this.#cut === undefined) {
      const rest = this.#chunk.subarray(this.#at)
      this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      this.#at = 0
      return
    }
    const count = Math.min(this.#cut.length - this.#cutUsed, chunk.length)
    chunk.copy(this.#cut, this.#cutUsed, 0, count)
    this.#cutUsed += count
    this.#chunk = chunk
    this.#at = count
  }

  /** Whether there is a whole frame; then it is shown. */
  next(): boolean {
    const cut = this.#cut
    if (cut !== undefined) {
      if (this.#cutUsed < cut.length) return false
      this.#cut = undefined
      this.#show(cut, 0, cut.length)
      return true
    }
    const chunk = this.#chunk
    const rest = chunk.length - this.#at
    if (rest < HEADER_BYTES) return false
    const size = 1 + chunk.readUInt32BE(this.#at + 1)
    if (size < HEADER_BYTES || size > FRAME_BYTES_MAX) {
      const message = `Cannot read the feed: found a frame of ${size} bytes`
      throw new AppError('connector.feed-unreadable', message, { size })
    }
    if (size <= rest) {
      this.#show(chunk, this.#at, size)
      this.#at += size
      return true
    }
    this.#cut = Buffer.allocUnsafeSlow(size)
    this.#cutUsed = chunk.copy(this.#cut, 0, this.#at)
    this.#chunk = EMPTY
    this.#at = 0
    return false
  }

  #show(buffer: Buffer, at: number, size: number): void {
    this.type = buffer[at] ?? 0
    this.buffer = buffer
    this.start = at + HEADER_BYTES
    this.end = at + size
  }
}

const EMPTY = Buffer.alloc(0)
