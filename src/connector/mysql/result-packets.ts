import { assert } from '#stdx/assert'
import type { RowWriter } from './row-writer.ts'

/**
 * Takes the rows out of what a server answers to a SELECT.
 *
 * ```
 * packet = length:u24le sequence:u8 payload(length)     MySQL, "MySQL Packets"
 *          a payload of 0xFFFFFF bytes goes on in the next packet
 * answer = columns:lenenc packet, that many definitions, EOF, rows, EOF      "Text Resultset"
 *        | ERR                                          at any place
 * EOF    = 0xFE and at most 8 more bytes;  ERR = 0xFF ...
 * ```
 *
 * Packets are cut anywhere between reads.
 */
export class ResultPackets {
  readonly #rows: RowWriter
  #phase: 'begin' | 'definitions' | 'rows' = 'begin'
  #definitionsMissing = 0
  /** The head of a packet that was cut, as far as it was seen; its first byte of payload included. */
  readonly #head = Buffer.alloc(HEAD_BYTES)
  #headUsed = 0
  /** Payload still to come of the packet that was cut. */
  #missing = 0
  #into: 'row' | 'carry' | 'small' | 'nowhere' = 'nowhere'
  /** A row of ordinary size that was cut: joined here, as every read cuts one. */
  #carry = Buffer.alloc(0)
  #carryUsed = 0
  #isContinued = false
  #isInRow = false
  #small: Buffer[] = []

  constructor(rows: RowWriter) {
    this.#rows = rows
  }

  /**
   * Takes one read of the socket; not kept after the call.
   *
   * @returns the packet that ends the answer, or `undefined` while more follows
   */
  push(bytes: Buffer): Buffer | undefined {
    let at = 0
    while (at < bytes.length) {
      if (this.#missing > 0) {
        at = this.#continuePacket(bytes, at)
      } else {
        if (this.#phase === 'rows' && this.#headUsed === 0) at = this.#takeWholeRows(bytes, at)
        at = this.#takeHead(bytes, at)
      }
      const last = this.#missing === 0 && this.#into === 'small' ? this.#endSmall() : undefined
      if (last !== undefined) return last
    }
    return undefined
  }

  /** Stops before a packet that is not there whole, is no row, or goes on in another. */
  #takeWholeRows(bytes: Buffer, from: number): number {
    if (this.#isInRow) return from
    const rows = this.#rows
    const end = bytes.length
    let at = from
    while (end - at >= HEAD_BYTES) {
      const size = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
      const begin = at + HEADER_BYTES
      const first = bytes[begin] ?? 0
      if (begin + size > end || !rows.fits(size)) break
      if (first === ERR || (first === EOF && size < EOF_BYTES_MAX)) break
      rows.writeRow(bytes, begin, begin + size)
      at = begin + size
    }
    return at
  }

  #takeHead(bytes: Buffer, from: number): number {
    const count = Math.min(HEAD_BYTES - this.#headUsed, bytes.length - from)
    bytes.copy(this.#head, this.#headUsed, from, from + count)
    this.#headUsed += count
    // A row of exactly 0xFFFFFF bytes goes on in a packet of none.
    const isEmpty = this.#headUsed >= HEADER_BYTES && this.#head.readUIntLE(0, 3) === 0
    if (this.#headUsed < HEAD_BYTES && !isEmpty) return from + count
    const unused = isEmpty ? this.#headUsed - HEADER_BYTES : 0
    this.#headUsed = 0
    this.#beginPacket()
    return from + count - unused
  }

  #beginPacket(): void {
    const size = this.#head.readUIntLE(0, 3)
    const first = this.#head[HEADER_BYTES] ?? 0
    const isEnd = !this.#isInRow && (first === ERR || (first === EOF && size < EOF_BYTES_MAX))
    this.#isContinued = size === PAYLOAD_BYTES_MAX
    this.#missing = Math.max(0, size - 1)
    if (this.#phase === 'definitions' && !isEnd) {
      this.#into = 'nowhere'
      this.#definitionsMissing -= 1
    } else if (this.#phase === 'rows' && !isEnd && !this.#isInRow && this.#rows.fits(size)) {
      this.#into = 'carry'
      if (this.#carry.length < size) this.#carry = Buffer.allocUnsafeSlow(size * 2)
      this.#carry[0] = first
      this.#carryUsed = 1
      if (this.#missing === 0) this.#endCarry()
    } else if (this.#phase === 'rows' && !isEnd) {
      this.#into = 'row'
      if (!this.#isInRow) this.#rows.beginRow()
      this.#isInRow = true
      if (size > 0) this.#rows.addPiece(this.#head.subarray(HEADER_BYTES, HEAD_BYTES))
      if (this.#missing === 0) this.#endRowPacket()
    } else {
      this.#into = 'small'
      this.#small = [Buffer.from(this.#head)]
    }
  }

  #continuePacket(bytes: Buffer, at: number): number {
    const count = Math.min(this.#missing, bytes.length - at)
    const piece = bytes.subarray(at, at + count)
    this.#missing -= count
    if (this.#into === 'row') this.#rows.addPiece(piece)
    if (this.#into === 'carry') this.#carryUsed += piece.copy(this.#carry, this.#carryUsed)
    if (this.#into === 'small') this.#small.push(Buffer.from(piece))
    if (this.#missing === 0 && this.#into === 'row') this.#endRowPacket()
    if (this.#missing === 0 && this.#into === 'carry') this.#endCarry()
    return at + count
  }

  #endCarry(): void {
    this.#into = 'nowhere'
    this.#rows.writeRow(this.#carry, 0, this.#carryUsed)
  }

  #endRowPacket(): void {
    this.#into = 'nowhere'
    if (this.#isContinued) return
    this.#isInRow = false
    this.#rows.endRow()
  }

  /** A packet outside the rows: returned when it is the last of the answer. */
  #endSmall(): Buffer | undefined {
    const packet = Buffer.concat(this.#small)
    this.#small = []
    this.#into = 'nowhere'
    const first = packet[HEADER_BYTES] ?? 0
    if (first === ERR) return packet
    if (this.#phase === 'begin') {
      assert(first !== 0 && first !== LOCAL_FILE, 'A SELECT is answered with columns.')
      this.#definitionsMissing = readCount(packet)
      this.#phase = 'definitions'
      return undefined
    }
    if (this.#phase === 'definitions') {
      assert(this.#definitionsMissing === 0, 'All columns are defined before the rows.')
      this.#phase = 'rows'
      return undefined
    }
    return packet
  }
}

function readCount(packet: Buffer): number {
  const first = packet[HEADER_BYTES] ?? 0
  return first < LOCAL_FILE ? first : packet.readUInt16LE(HEADER_BYTES + 1)
}

const HEADER_BYTES = 4
/** The header and the first byte, which tells what a packet is. */
const HEAD_BYTES = 5
const PAYLOAD_BYTES_MAX = 0xffffff
const EOF_BYTES_MAX = 9
const ERR = 0xff
const EOF = 0xfe
const LOCAL_FILE = 0xfb
