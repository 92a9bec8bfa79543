/** Reads the numbers and texts of an event's body, in order. */
export class ByteReader {
  readonly buffer: Buffer
  at: number
  readonly end: number

  constructor(buffer: Buffer, at: number, end: number) {
    this.buffer = buffer
    this.at = at
    this.end = end
  }

  get isAtEnd(): boolean {
    return this.at >= this.end
  }

  u8(): number {
    return this.buffer.readUInt8(this.#step(1))
  }

  u16(): number {
    return this.buffer.readUInt16LE(this.#step(2))
  }

  u32(): number {
    return this.buffer.readUInt32LE(this.#step(4))
  }

  u48(): number {
    return this.buffer.readUIntLE(this.#step(6), 6)
  }

  u64(): bigint {
    return this.buffer.readBigUInt64LE(this.#step(8))
  }

  /** A number of the protocol's own length: below 0xFB one byte, 0xFC + u16, 0xFD + u24, 0xFE + u64. */
  lenenc(): number {
    const first = this.u8()
    if (first < 0xfb) return first
    if (first === 0xfc) return this.u16()
    if (first === 0xfd) return this.buffer.readUIntLE(this.#step(3), 3)
    return Number(this.u64())
  }

  /** A view of the next bytes. */
  bytes(count: number): Buffer {
    const from = this.#step(count)
    return this.buffer.subarray(from, from + count)
  }

  skip(count: number): void {
    this.#step(count)
  }

  #step(count: number): number {
    const from = this.at
    if (from + count > this.end) throw new RangeError('An event ends too early.')
    this.at += count
    return from
  }
}
