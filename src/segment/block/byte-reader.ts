import { FormatProblem } from './format-problem.ts'

/** Reads what `ByteWriter` wrote. @throws FormatProblem where the bytes are no such thing */
export class ByteReader {
  readonly #bytes: Uint8Array<ArrayBuffer>
  #at: number

  constructor(bytes: Uint8Array<ArrayBuffer>, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get at(): number {
    return this.#at
  }

  number(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new FormatProblem('it ends inside a number')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new FormatProblem('a number is too long')
  }

  /** A number that is at most `max`; what is to be allocated is bounded before it is believed. */
  numberUpTo(max: number): number {
    const value = this.number()
    if (value > max) throw new FormatProblem(`a number is ${value}, at most ${max} is possible`)
    return value
  }

  /** A view of the next bytes. */
  raw(count: number): Uint8Array<ArrayBuffer> {
    const end = this.#at + count
    if (end > this.#bytes.length) throw new FormatProblem('it ends too early')
    const view = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return view
  }

  sized(): Uint8Array<ArrayBuffer> {
    return this.raw(this.number())
  }

  text(): string {
    return Buffer.from(this.sized()).toString()
  }

  finish(): void {
    const left = this.#bytes.length - this.#at
    if (left !== 0) throw new FormatProblem(`${left} bytes follow its end`)
  }
}
