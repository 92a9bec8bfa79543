import { AppError } from '#stdx/app-error'

const HEADER_BYTES = 4
const PAYLOAD_BYTES_MAX = 0xffffff
/** The server sends no event of more. */
const EVENT_BYTES_MAX = 2 ** 30 + 1_048_576

/**
 * Finds the packets in what a server sends, wherever reads cut them, and joins those that go on in
 * the next.
 *
 * ```
 * packet = length:u24le sequence:u8 payload(length)     MySQL, "MySQL Packets"
 *          a payload of 0xFFFFFF bytes goes on in the next packet
 * ```
 *
 * Holds one read, or one payload that is longer. What `buffer`, `start` and `end` show is good until
 * the next call.
 */
export class PacketReader {
  buffer: Buffer = EMPTY
  start = 0
  end = 0
  #read: Buffer = EMPTY
  #at = 0
  /** Of a packet that began in an earlier read, and of those that it goes on from. */
  #pieces: Buffer[] = []
  #pieceBytes = 0
  /** Payload still to come of the packet that was cut. */
  #missing = 0
  #isContinued = false

  /** Only when `next` has returned false. The bytes are kept until then. */
  push(read: Buffer): void {
    const rest = this.#read.subarray(this.#at)
    this.#read = rest.length === 0 ? read : Buffer.concat([rest, read])
    this.#at = 0
  }

  /** Whether there is a whole payload; then it is shown. */
  next(): boolean {
    for (;;) {
      if (this.#missing > 0 && !this.#takePiece()) return false
      if (this.#pieceBytes > 0 && !this.#isContinued) return this.#showPieces()
      if (this.#read.length - this.#at < HEADER_BYTES) return false
      const size = this.#read.readUIntLE(this.#at, 3)
      const begin = this.#at + HEADER_BYTES
      this.#at = begin
      this.#isContinued = size === PAYLOAD_BYTES_MAX
      const isWhole = begin + size <= this.#read.length
      if (isWhole && !this.#isContinued && this.#pieceBytes === 0) {
        this.buffer = this.#read
        this.start = begin
        this.end = begin + size
        this.#at = this.end
        return true
      }
      this.#missing = size
      if (this.#pieceBytes + size > EVENT_BYTES_MAX) {
        const found = `an event of more than ${EVENT_BYTES_MAX} bytes`
        throw new AppError('connector.feed-unreadable', `Cannot read the feed: found ${found}`)
      }
    }
  }

  /** Returns whether the packet is there whole. */
  #takePiece(): boolean {
    const count = Math.min(this.#missing, this.#read.length - this.#at)
    if (count > 0) this.#pieces.push(this.#read.subarray(this.#at, this.#at + count))
    this.#pieceBytes += count
    this.#at += count
    this.#missing -= count
    return this.#missing === 0
  }

  #showPieces(): boolean {
    this.buffer = Buffer.concat(this.#pieces, this.#pieceBytes)
    this.start = 0
    this.end = this.#pieceBytes
    this.#pieces = []
    this.#pieceBytes = 0
    return true
  }
}

const EMPTY = Buffer.alloc(0)
