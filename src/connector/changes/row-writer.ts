/** Where the text of a row goes. */
export type RowSink = {
  tab(): void
  endRow(): void
  writeNull(): void
  /** Text in UTF-8, which is escaped. */
  writeValue(from: Uint8Array, start: number, length: number): void
  /** Bytes as hex digits. */
  writeHex(from: Uint8Array, start: number, length: number): void
  /** A short text in ASCII that needs no escapes. */
  writeAscii(text: string): void
}

/**
 * Writes values as the text of rows (`#record/row-text`) into one growing block, with no object and
 * no call of a decoder per value.
 */
export class RowWriter implements RowSink {
  #bytes = allocate(START_BYTES)
  #used = 0

  get used(): number {
    return this.#used
  }

  /** Makes room for `count` bytes: nothing else checks. */
  reserve(count: number): void {
    const wanted = this.#used + count
    if (wanted <= this.#bytes.length) return
    const grown = allocate(Math.max(wanted, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = grown
  }

  tab(): void {
    this.#bytes[this.#used++] = TAB
  }

  endRow(): void {
    this.#bytes[this.#used++] = NEWLINE
  }

  writeNull(): void {
    this.#bytes[this.#used++] = BACKSLASH
    this.#bytes[this.#used++] = CAPITAL_N
  }

  /** The hot loop: every byte of every value passes here. */
  writeValue(from: Uint8Array, start: number, length: number): void {
    const bytes = this.#bytes
    let used = this.#used
    for (let at = start, end = start + length; at < end; at++) {
      const byte = from[at] ?? 0
      if (byte > CARRIAGE_RETURN ? byte !== BACKSLASH : byte < BACKSPACE) {
        bytes[used++] = byte
        continue
      }
      bytes[used++] = BACKSLASH
      bytes[used++] = ESCAPES[byte] ?? byte
    }
    this.#used = used
  }

  writeHex(from: Uint8Array, start: number, length: number): void {
    const bytes = this.#bytes
    let used = this.#used
    for (let at = start, end = start + length; at < end; at++) {
      const byte = from[at] ?? 0
      bytes[used++] = HEX[byte >> 4] ?? 0
      bytes[used++] = HEX[byte & 15] ?? 0
    }
    this.#used = used
  }

  writeAscii(text: string): void {
    const bytes = this.#bytes
    let used = this.#used
    for (let i = 0; i < text.length; i++) bytes[used++] = text.charCodeAt(i)
    this.#used = used
  }

  /** Adds text that is already a row's. */
  append(text: Uint8Array): void {
    this.reserve(text.length)
    this.#bytes.set(text, this.#used)
    this.#used += text.length
  }

  /** A copy of the bytes from `from` on. */
  copy(from: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(from, this.#used)
  }

  /** All bytes, which are then the caller's, and an empty block. */
  take(): Uint8Array<ArrayBuffer> {
    const used = this.#used
    this.#used = 0
    if (used <= this.#bytes.length / 2) return this.#bytes.slice(0, used)
    const taken = this.#bytes.subarray(0, used)
    this.#bytes = allocate(START_BYTES)
    return taken
  }
}

const SLICE_BYTES = 262_144

/** Writes one large row, in pieces that are never joined. */
export class LargeRowWriter implements RowSink {
  readonly #piece = new RowWriter()
  readonly #parts: Uint8Array<ArrayBuffer>[] = []

  tab(): void {
    this.#reserve().tab()
  }

  endRow(): void {
    this.#reserve().endRow()
  }

  writeNull(): void {
    this.#reserve().writeNull()
  }

  writeValue(from: Uint8Array, start: number, length: number): void {
    for (let done = 0; done < length; done += SLICE_BYTES) {
      const count = Math.min(SLICE_BYTES, length - done)
      this.#reserve().writeValue(from, start + done, count)
    }
  }

  writeHex(from: Uint8Array, start: number, length: number): void {
    for (let done = 0; done < length; done += SLICE_BYTES) {
      const count = Math.min(SLICE_BYTES, length - done)
      this.#reserve().writeHex(from, start + done, count)
    }
  }

  writeAscii(text: string): void {
    this.#reserve().writeAscii(text)
  }

  /** The whole row, in pieces of at most 1 MiB. */
  takeParts(): readonly Uint8Array<ArrayBuffer>[] {
    if (this.#piece.used > 0) this.#parts.push(this.#piece.take())
    return this.#parts
  }

  #reserve(): RowWriter {
    if (this.#piece.used > SLICE_BYTES) this.#parts.push(this.#piece.take())
    this.#piece.reserve(2 * SLICE_BYTES)
    return this.#piece
  }
}

const START_BYTES = 4096
const TAB = 0x09
const NEWLINE = 0x0a
const BACKSPACE = 0x08
const CARRIAGE_RETURN = 0x0d
const BACKSLASH = 0x5c
const CAPITAL_N = 0x4e

const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))

/** What follows the backslash, by byte. */
const ESCAPES = Uint8Array.from({ length: 128 }, (_, byte) => {
  const letter = byte === BACKSLASH ? '\\' : ('btnvfr'[byte - BACKSPACE] ?? '?')
  return letter.charCodeAt(0)
})

function allocate(count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(count))
}
