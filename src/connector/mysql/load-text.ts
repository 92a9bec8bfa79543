import type { RowBatch } from '#record/row-batch'
import { assert } from '#stdx/assert'

/**
 * Turns canonical row text into what `LOAD DATA ... ESCAPED BY '\\'` reads.
 *
 * ```
 * \v \f        the bytes themselves: LOAD DATA would read the letters
 * \\x68690a    of a field of bytes: the bytes, with \0 \t \n \\ escaped
 * ```
 *
 * Everything else is the same in both. Pieces of rows may be cut anywhere. Nothing that is given is
 * changed; what needs no change is handed on as it is.
 */
export class LoadText {
  readonly #isBytes: Uint8Array
  readonly #hasBytes: boolean
  /** Rows that were ended so far. */
  rowCount = 0
  #field = 0
  /** Bytes of the field seen so far, as far as they matter. */
  #seen = 0
  #isEscaped = false
  /** Whether the field is `\\x...` and not null. */
  #isHex = false
  /** The first digit of a pair that was cut, or -1. */
  #digit = -1

  /** @param isBytes by field: whether its text is that of bytes */
  constructor(isBytes: readonly boolean[]) {
    this.#isBytes = Uint8Array.from(isBytes, Number)
    this.#hasBytes = isBytes.includes(true)
  }

  convert(piece: Uint8Array): Uint8Array {
    // A piece that ends inside an escape is rewritten, which keeps the backslash back.
    const isAsIs = !this.#hasBytes && !this.#isEscaped && piece.at(-1) !== BACKSLASH
    if (!isAsIs || hasForeignEscape(piece)) return this.#rewrite(piece)
    this.rowCount += countNewlines(piece)
    return piece
  }

  #rewrite(piece: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(piece.length + 2)
    let used = 0
    for (const byte of piece) {
      if (byte === TAB || byte === NEWLINE) {
        assert(!this.#isEscaped && this.#digit < 0, 'A field ends with a whole value.')
        out[used++] = byte
        this.#field = byte === TAB ? this.#field + 1 : 0
        if (byte === NEWLINE) this.rowCount += 1
        this.#seen = 0
        this.#isHex = false
      } else if (this.#isBytes[this.#field] === 1) {
        used = this.#takeHex(byte, out, used)
      } else if (this.#isEscaped) {
        this.#isEscaped = false
        if (byte === LETTER_V) out[used++] = 0x0b
        else if (byte === LETTER_F) out[used++] = 0x0c
        else {
          out[used++] = BACKSLASH
          out[used++] = byte
        }
      } else if (byte === BACKSLASH) this.#isEscaped = true
      else out[used++] = byte
    }
    return out.subarray(0, used)
  }

  #takeHex(byte: number, out: Buffer, from: number): number {
    let used = from
    this.#seen = Math.min(this.#seen + 1, 4)
    if (this.#seen === 1) return used
    if (this.#seen === 2) {
      this.#isHex = byte === BACKSLASH
      if (this.#isHex) return used
      // Null.
      out[used++] = BACKSLASH
      out[used++] = byte
      return used
    }
    if (this.#seen === 3) return used
    assert(this.#isHex, 'Nothing follows a null.')
    const digit = byte < 0x3a ? byte - 0x30 : byte - 0x57
    if (this.#digit < 0) {
      this.#digit = digit
      return used
    }
    const value = this.#digit * 16 + digit
    this.#digit = -1
    const escaped = ESCAPES.get(value)
    if (escaped !== undefined) out[used++] = BACKSLASH
    out[used++] = escaped ?? value
    return used
  }
}

/** The rows of batches, converted. `text` counts them. */
export async function* convertRows(
  text: LoadText,
  rows: AsyncIterable<RowBatch>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const batch of rows) {
    signal.throwIfAborted()
    for (const piece of batch.kind === 'rows' ? [batch.bytes] : batch.parts) {
      yield* slices(text.convert(piece))
    }
  }
}

/** The driver copies what it is given into one packet. */
function* slices(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES)
}

const SLICE_BYTES = 262_144

function hasForeignEscape(piece: Uint8Array): boolean {
  const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
  return bytes.includes('\\v') || bytes.includes('\\f')
}

function countNewlines(piece: Uint8Array): number {
  let count = 0
  for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) count += 1
  return count
}

const TAB = 0x09
const NEWLINE = 0x0a
const BACKSLASH = 0x5c
const LETTER_F = 0x66
const LETTER_V = 0x76
const ESCAPES = new Map([
  [0x00, 0x30],
  [0x09, 0x74],
  [0x0a, 0x6e],
  [0x5c, 0x5c],
])
