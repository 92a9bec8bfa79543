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
  /** A payload that began in an earlier read, with room for all of it. */
  #whole: Buffer | undefined
  #used = 0
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
      if (this.#whole !== undefined && !this.#takePiece(this.#whole)) return false
      if (this.#whole !== undefined && !this.#isContinued) return this.#showWhole(this.#whole)
      const begin = this.#at + HEADER_BYTES
      if (begin > this.#read.length) return false
      const size = this.#read.readUIntLE(this.#at, 3)
      const isContinued = size === PAYLOAD_BYTES_MAX
      if (this.#whole === undefined) {
        if (!isContinued && begin + size <= this.#read.length) return this.#showView(begin, size)
        if (isContinued && begin + SIZE_AT + 4 > this.#read.length) return false
        const whole = isContinued ? 1 + this.#read.readUInt32LE(begin + SIZE_AT) : size
        this.#whole = allocate(whole)
        this.#used = 0
      }
      this.#isContinued = isContinued
      this.#missing = size
      this.#at = begin
    }
  }

  /** Returns whether the packet is there whole. */
  #takePiece(whole: Buffer): boolean {
    const count = Math.min(this.#missing, this.#read.length - this.#at)
    if (this.#used + count > whole.length) throw tooLarge(this.#used + count)
    this.#read.copy(whole, this.#used, this.#at, this.#at + count)
    this.#used += count
    this.#at += count
    this.#missing -= count
    return this.#missing === 0
  }

  #showView(begin: number, size: number): boolean {
    this.buffer = this.#read
    this.start = begin
    this.end = begin + size
    this.#at = this.end
    return true
  }

  #showWhole(whole: Buffer): boolean {
    this.#whole = undefined
    this.buffer = whole
    this.start = 0
    this.end = this.#used
    return true
  }
}

function allocate(size: number): Buffer {
  if (size > EVENT_BYTES_MAX) throw tooLarge(size)
  return Buffer.allocUnsafeSlow(size)
}

function tooLarge(size: number): AppError {
  const message = `Cannot read the feed: found an event of ${size} bytes, more than it says or may have`
  return new AppError('connector.feed-unreadable', message, { size })
}

/** Where an event says how long it is, behind the byte that says that it is one. */
const SIZE_AT = 10
const EMPTY = Buffer.alloc(0)
