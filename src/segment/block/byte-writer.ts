/** Gathers small values into bytes. Numbers are LEB128: seven bits a byte, low ones first. */
export class ByteWriter {
  #bytes = new Uint8Array(1024)
  #size = 0

  get sizeBytes(): number {
    return this.#size
  }

  /** A whole number from 0 to 2^53. */
  number(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#size++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#size++] = rest
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#size)
    this.#size += bytes.length
  }

  /** Bytes with their length before them. */
  sized(bytes: Uint8Array): void {
    this.number(bytes.length)
    this.raw(bytes)
  }

  text(text: string): void {
    this.sized(Buffer.from(text))
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#size)
  }

  #reserve(count: number): void {
    const needed = this.#size + count
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = grown
  }
}
