import { CELL } from './cells.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const LETTER_U = 0x75
const ZERO = 0x30
const encoder = new TextEncoder()
const TRUE = { bytes: encoder.encode('true'), kind: CELL.boolean }
const FALSE = { bytes: encoder.encode('false'), kind: CELL.boolean }
const NULL = { bytes: encoder.encode('null'), kind: CELL.null }

/** What may stand after a backslash, of RFC 8259, but for the `u`. */
const IS_ESCAPE = new Uint8Array(256)
for (const letter of '"\\/bfnrt') IS_ESCAPE[letter.charCodeAt(0)] = 1

/** Reads one JSON text from bytes of UTF-8, value by value, without making objects of them. */
export class JsonScanner {
  /** The value that was read last: its kind and where it is, quotes left out. */
  kind: number = CELL.null
  start = 0
  end = 0
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #to = 0

  begin(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes
    this.#at = from
    this.#to = to
  }

  /** Whether everything was looked at, be it that something was missing there. */
  get isExhausted(): boolean {
    return this.#at >= this.#to
  }

  isAtEnd(): boolean {
    this.#skipSpace()
    return this.#at >= this.#to
  }

  /** Passes a punctuation mark if it is what comes next. */
  take(mark: string): boolean {
    this.#skipSpace()
    if (this.#at >= this.#to || this.#bytes[this.#at] !== mark.charCodeAt(0)) return false
    this.#at += 1
    return true
  }

  /** `false`: no string is next, or it does not end or is broken. */
  readString(): boolean {
    this.#skipSpace()
    if (this.#at >= this.#to || this.#bytes[this.#at] !== QUOTE) return false
    const bytes = this.#bytes
    const to = this.#to
    this.start = this.#at + 1
    this.kind = CELL.string
    let at = this.start
    for (; at < to; at++) {
      const byte = bytes[at] ?? 0
      if (byte === QUOTE) break
      if (byte < 0x20) return false
      if (byte !== BACKSLASH) continue
      at += 1
      const letter = bytes[at] ?? 0
      if (letter === LETTER_U) this.kind = CELL.stringUnicode
      else if (this.kind === CELL.string) this.kind = CELL.stringEscaped
      if (at < to && letter !== LETTER_U && IS_ESCAPE[letter] !== 1) return false
    }
    this.#at = Math.min(at + 1, to)
    this.end = at
    return at < to && (this.kind !== CELL.stringUnicode || isJson(bytes, this.start - 1, at + 1))
  }

  readValue(): boolean {
    this.#skipSpace()
    const byte = this.#at < this.#to ? (this.#bytes[this.#at] ?? 0) : 0
    if (byte === QUOTE) return this.readString()
    this.start = this.#at
    if (byte === MINUS || isDigit(byte)) return this.#readNumber()
    if (byte === 0x7b || byte === 0x5b) return this.#readNested()
    return this.#readLiteral()
  }

  /** A number of RFC 8259. */
  #readNumber(): boolean {
    const bytes = this.#bytes
    const whole = bytes[this.#at] === MINUS ? this.#at + 1 : this.#at
    let at = this.#passDigits(whole)
    let isNumber = at > whole && (bytes[whole] !== ZERO || at === whole + 1)
    if (at < this.#to && bytes[at] === POINT) {
      const fraction = at + 1
      at = this.#passDigits(fraction)
      isNumber &&= at > fraction
    }
    if (at < this.#to && isExponent(bytes[at] ?? 0)) {
      const sign = bytes[at + 1]
      const exponent = sign === MINUS || sign === PLUS ? at + 2 : at + 1
      at = this.#passDigits(exponent)
      isNumber &&= at > exponent
    }
    this.#end(CELL.number, at)
    return isNumber
  }

  #passDigits(from: number): number {
    let at = from
    while (at < this.#to && isDigit(this.#bytes[at] ?? 0)) at += 1
    return at
  }

  #readNested(): boolean {
    const begin = this.#at
    let depth = 0
    do {
      const byte = this.#bytes[this.#at] ?? 0
      if (byte === QUOTE && !this.readString()) return false
      if (byte === QUOTE) continue
      if (byte === 0x7b || byte === 0x5b) depth += 1
      if (byte === 0x7d || byte === 0x5d) depth -= 1
      this.#at += 1
    } while (depth > 0 && this.#at < this.#to)
    this.start = begin
    this.#end(CELL.nested, this.#at)
    return depth === 0 && isJson(this.#bytes, begin, this.#at)
  }

  #readLiteral(): boolean {
    const letter = this.#bytes[this.#at]
    const { bytes, kind } =
      letter === NULL.bytes[0] ? NULL : letter === TRUE.bytes[0] ? TRUE : FALSE
    const end = this.#at + bytes.length
    let at = this.#at
    for (; at < Math.min(end, this.#to); at++) {
      if (bytes[at - this.#at] !== this.#bytes[at]) return false
    }
    this.#end(kind, at)
    return at === end
  }

  #end(kind: number, end: number): void {
    this.kind = kind
    this.end = end
    this.#at = end
  }

  #skipSpace(): void {
    while (this.#at < this.#to && isSpace(this.#bytes[this.#at] ?? 0)) this.#at += 1
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}

function isExponent(byte: number): boolean {
  return byte === 0x45 || byte === 0x65
}

function isJson(bytes: Uint8Array, start: number, end: number): boolean {
  try {
    JSON.parse(Buffer.from(bytes.subarray(start, end)).toString())
    return true
  } catch {
    return false
  }
}
