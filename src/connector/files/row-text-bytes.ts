const BACKSLASH = 0x5c
const SMALL = 48

/** The letter after the backslash for each byte that row text escapes, 0 for the others. */
const LETTERS = new Uint8Array(256)
for (const [byte, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [BACKSLASH, '\\'],
] as const) {
  LETTERS[byte] = letter.charCodeAt(0)
}

/** What a letter after a backslash means in JSON: quotes and strokes are themselves. */
const MEANINGS = Uint8Array.from({ length: 256 }, (_, byte) => byte)
for (const byte of [0x08, 0x09, 0x0a, 0x0c, 0x0d]) MEANINGS[LETTERS[byte] ?? 0] = byte

/** Row text that grows at its end. Bytes are copied in, never kept. */
export class RowTextBytes {
  bytes: Uint8Array<ArrayBuffer>
  length = 0

  constructor(capacity = 65_536) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Makes sure that `count` more bytes fit. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }

  push(byte: number): void {
    this.reserve(1)
    this.bytes[this.length++] = byte
  }

  pushNull(): void {
    this.reserve(2)
    this.bytes[this.length++] = BACKSLASH
    this.bytes[this.length++] = 0x4e
  }

  copy(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start)
    if (end - start > SMALL) {
      this.bytes.set(from.subarray(start, end), this.length)
      this.length += end - start
      return
    }
    const { bytes } = this
    let at = this.length
    for (let i = start; i < end; i++) bytes[at++] = from[i] ?? 0
    this.length = at
  }

  copyEscaped(from: Uint8Array, start: number, end: number): void {
    this.reserve(2 * (end - start))
    const { bytes } = this
    let at = this.length
    for (let i = start; i < end; i++) {
      const byte = from[i] ?? 0
      const letter = LETTERS[byte] ?? 0
      if (letter === 0) bytes[at++] = byte
      else {
        bytes[at++] = BACKSLASH
        bytes[at++] = letter
      }
    }
    this.length = at
  }

  /** The same for the inside of quotes, where quotes stand twice or after the escape. */
  copyUnquoted(
    from: Uint8Array,
    { end, start }: { start: number; end: number },
    { escapeByte, quoteByte }: { quoteByte: number; escapeByte: number },
  ): void {
    this.reserve(2 * (end - start))
    const { bytes } = this
    let at = this.length
    for (let i = start; i < end; i++) {
      let byte = from[i] ?? 0
      if (byte === quoteByte || byte === escapeByte) byte = from[++i] ?? 0
      const letter = LETTERS[byte] ?? 0
      if (letter !== 0) bytes[at++] = BACKSLASH
      bytes[at++] = letter === 0 ? byte : letter
    }
    this.length = at
  }

  /** The same for the inside of a JSON string whose escapes are of one letter. */
  copyJsonEscaped(from: Uint8Array, start: number, end: number): void {
    this.reserve(2 * (end - start))
    const { bytes } = this
    let at = this.length
    for (let i = start; i < end; i++) {
      let byte = from[i] ?? 0
      if (byte === BACKSLASH) byte = MEANINGS[from[++i] ?? 0] ?? 0
      const letter = LETTERS[byte] ?? 0
      if (letter !== 0) bytes[at++] = BACKSLASH
      bytes[at++] = letter === 0 ? byte : letter
    }
    this.length = at
  }

  /** A copy of what is there from `start` on. */
  slice(start = 0): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(start, this.length)
  }
}
