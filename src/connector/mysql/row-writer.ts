import { isUtf8 } from 'node:buffer'
import { BLOCK_BYTES, LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { formatFloat } from './format-float.ts'

/**
 * How the bytes of a field become canonical text:
 *
 * - `text` as they are, escaped
 * - `bytes` as `\x` and hex digits
 * - `bits` the last `width` bits as digits
 * - `float` a double's text as the shortest text of the 32-bit value
 */
export type FieldForm =
  | { readonly kind: 'text' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'bits'; readonly width: number }
  | { readonly kind: 'float' }

/**
 * Turns rows of the text protocol into blocks of canonical row text.
 *
 * ```
 * row   = *( field )                     MySQL, "ProtocolText::ResultsetRow"
 * field = 0xFB                           null
 *       | length:lenenc bytes(length)
 * lenenc  below 0xFB one byte; 0xFC + u16le; 0xFD + u24le; 0xFE + u64le
 * ```
 *
 * A row that is there whole is written straight into the block, without any object of its own; one
 * that comes in pieces goes through `beginRow`, `addPiece`, `endRow`, and may be larger than memory
 * likes: it is kept once, as text, in pieces.
 */
export class RowWriter {
  readonly #forms: readonly FieldForm[]
  readonly #kinds: Uint8Array
  readonly #emit: (batch: RowBatch) => void
  #block = allocate(BLOCK_BYTES)
  #used = 0
  #pieces: PieceWriter | undefined

  constructor(forms: readonly FieldForm[], emit: (batch: RowBatch) => void) {
    this.#forms = forms
    this.#kinds = Uint8Array.from(forms, ({ kind }) => KINDS.indexOf(kind))
    this.#emit = emit
  }

  /** Whether `writeRow` takes a row of so many bytes; others come in pieces. */
  fits(sizeBytes: number): boolean {
    return outBytesMax(sizeBytes, this.#forms.length) <= LARGE_ROW_BYTES
  }

  /** The hot loop. The row is all of `source` from `from` to `to`. */
  writeRow(source: Uint8Array, from: number, to: number): void {
    if (this.#used + outBytesMax(to - from, this.#forms.length) > BLOCK_BYTES) this.#flush()
    const kinds = this.#kinds
    const block = this.#block
    let out = this.#used
    let at = from
    for (let i = 0; i < kinds.length; i++) {
      if (i > 0) block[out++] = TAB
      let size = source[at++] ?? 0
      if (size === NULL) {
        block[out++] = BACKSLASH
        block[out++] = LETTER_N
        continue
      }
      if (size > NULL) {
        const lengthBytes = lengthBytesOf(size)
        size = readLength(source, at, lengthBytes)
        at += lengthBytes
      }
      const end = at + size
      if (kinds[i] === 0) {
        while (at < end) {
          const byte = source[at++] ?? 0
          const escaped = ESCAPES[byte] ?? 0
          if (escaped !== 0) block[out++] = BACKSLASH
          block[out++] = escaped === 0 ? byte : escaped
        }
      } else {
        out = this.#writeOther(source.subarray(at, end), i, out)
        at = end
      }
    }
    block[out++] = NEWLINE
    assert(at === to, 'A row ends with its last field.')
    this.#used = out
  }

  /** Begins a row whose bytes come with `addPiece`, cut anywhere. */
  beginRow(): void {
    this.#pieces = new PieceWriter(this.#forms)
  }

  addPiece(bytes: Uint8Array): void {
    assert(this.#pieces !== undefined, 'A row was begun.')
    this.#pieces.add(bytes)
  }

  endRow(): void {
    assert(this.#pieces !== undefined, 'A row was begun.')
    const { parts, sizeBytes } = this.#pieces.end()
    this.#pieces = undefined
    if (sizeBytes > LARGE_ROW_BYTES) {
      this.#flush()
      refuseBrokenText(parts)
      this.#emit({ kind: 'large', parts })
      return
    }
    if (this.#used + sizeBytes > BLOCK_BYTES) this.#flush()
    for (const part of parts) {
      this.#block.set(part, this.#used)
      this.#used += part.length
    }
  }

  /** Hands out what is left. */
  finish(): void {
    assert(this.#pieces === undefined, 'A stream of rows ends after a whole row.')
    this.#flush()
  }

  #writeOther(value: Uint8Array, field: number, from: number): number {
    const block = this.#block
    const form = this.#forms[field]
    if (form?.kind !== 'bytes') {
      const text = formatOther(value, form)
      return from + block.write(text, from, 'latin1')
    }
    let out = from
    block[out++] = BACKSLASH
    block[out++] = BACKSLASH
    block[out++] = LETTER_X
    for (let at = 0; at < value.length; at++) {
      const byte = value[at] ?? 0
      block[out++] = HEX[byte >> 4] ?? 0
      block[out++] = HEX[byte & 15] ?? 0
    }
    return out
  }

  #flush(): void {
    const used = this.#used
    if (used === 0) return
    this.#used = 0
    const { buffer } = this.#block
    // Many tables are tiny: a copy spares the consumer a block that is mostly air.
    const isSmall = used <= BLOCK_BYTES / 2
    const bytes = isSmall
      ? new Uint8Array(this.#block.subarray(0, used))
      : new Uint8Array(buffer, 0, used)
    if (!isSmall) this.#block = allocate(BLOCK_BYTES)
    refuseBrokenText([bytes])
    this.#emit({ kind: 'rows', bytes })
  }
}

/** One row in pieces of any size. Holds its text, in parts of at most `PART_BYTES` and a little. */
class PieceWriter {
  readonly #forms: readonly FieldForm[]
  readonly #parts: Uint8Array<ArrayBuffer>[] = []
  #part = allocate(PART_BYTES)
  #used = 0
  #sizeBytes = 0
  #field = -1
  /** Bytes still to come of the field's value. */
  #missing = 0
  /** Of a length that was cut: how many bytes it has, and those seen. */
  #lengthBytes = 0
  #seen: number[] = []
  /** A value that is only read whole; never long. */
  #whole: number[] = []

  constructor(forms: readonly FieldForm[]) {
    this.#forms = forms
  }

  add(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#missing > 0) {
        const count = Math.min(this.#missing, bytes.length - at, SLICE_BYTES)
        this.#missing -= count
        this.#write(bytes.subarray(at, at + count))
        if (this.#missing === 0) this.#endValue()
        at += count
      } else {
        this.#takeLength(bytes[at] ?? 0)
        at += 1
      }
    }
  }

  end(): { parts: Uint8Array<ArrayBuffer>[]; sizeBytes: number } {
    const isWhole = this.#missing === 0 && this.#field === this.#forms.length - 1
    assert(isWhole && this.#lengthBytes === 0, 'A row ends with its last field.')
    this.#reserve(1)
    this.#part[this.#used++] = NEWLINE
    this.#closePart()
    return { parts: this.#parts, sizeBytes: this.#sizeBytes }
  }

  #takeLength(byte: number): void {
    if (this.#lengthBytes > 0) {
      this.#seen.push(byte)
      if (this.#seen.length < this.#lengthBytes) return
      const size = readLength(Uint8Array.from(this.#seen), 0, this.#lengthBytes)
      this.#lengthBytes = 0
      this.#seen = []
      this.#beginValue(size)
      return
    }
    this.#field += 1
    this.#reserve(5)
    if (this.#field > 0) this.#part[this.#used++] = TAB
    if (byte === NULL) {
      this.#part[this.#used++] = BACKSLASH
      this.#part[this.#used++] = LETTER_N
    } else if (byte > NULL) {
      this.#lengthBytes = lengthBytesOf(byte)
    } else {
      this.#beginValue(byte)
    }
  }

  #beginValue(sizeBytes: number): void {
    this.#missing = sizeBytes
    if (this.#forms[this.#field]?.kind === 'bytes') {
      this.#reserve(3)
      this.#used += this.#part.write('\\\\x', this.#used, 'latin1')
    }
    if (sizeBytes === 0) this.#endValue()
  }

  #write(bytes: Uint8Array): void {
    this.#reserve(bytes.length * 2)
    const part = this.#part
    let out = this.#used
    const kind = this.#forms[this.#field]?.kind
    if (kind === 'text') {
      for (const byte of bytes) {
        const escaped = ESCAPES[byte] ?? 0
        if (escaped !== 0) part[out++] = BACKSLASH
        part[out++] = escaped === 0 ? byte : escaped
      }
    } else if (kind === 'bytes') {
      for (const byte of bytes) {
        part[out++] = HEX[byte >> 4] ?? 0
        part[out++] = HEX[byte & 15] ?? 0
      }
    } else {
      this.#whole.push(...bytes)
    }
    this.#used = out
  }

  #endValue(): void {
    const form = this.#forms[this.#field]
    if (form?.kind === 'text' || form?.kind === 'bytes') return
    const text = formatOther(Uint8Array.from(this.#whole), form)
    this.#whole = []
    this.#reserve(text.length)
    this.#used += this.#part.write(text, this.#used, 'latin1')
  }

  #reserve(sizeBytes: number): void {
    if (this.#used + sizeBytes <= this.#part.length) return
    this.#closePart()
    this.#part = allocate(PART_BYTES)
  }

  #closePart(): void {
    if (this.#used === 0) return
    const { buffer } = this.#part
    const isFull = this.#used > PART_BYTES / 2
    const bytes = isFull
      ? new Uint8Array(buffer, 0, this.#used)
      : new Uint8Array(this.#part.subarray(0, this.#used))
    this.#parts.push(bytes)
    this.#sizeBytes += this.#used
    this.#used = 0
  }
}

function formatOther(value: Uint8Array, form: FieldForm | undefined): string {
  if (form?.kind === 'float') return formatFloat(Buffer.from(value).toString('latin1'))
  const width = form?.kind === 'bits' ? form.width : 0
  const bits = Array.from(value, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return bits.padStart(width, '0').slice(-width)
}

function lengthBytesOf(first: number): number {
  if (first === 0xfc) return 2
  return first === 0xfd ? 3 : 8
}

function readLength(bytes: Uint8Array, at: number, lengthBytes: number): number {
  let size = 0
  for (let i = lengthBytes - 1; i >= 0; i--) size = size * 256 + (bytes[at + i] ?? 0)
  return size
}

/** Escapes double a byte, hex digits do too; bits take eight for one, and come with a length byte. */
function outBytesMax(sizeBytes: number, fieldCount: number): number {
  return 2 * sizeBytes + fieldCount * OTHER_BYTES_MAX
}

/** @throws connector.value-refused when rows are not UTF-8 */
function refuseBrokenText(parts: readonly Uint8Array[]): void {
  const [only] = parts
  if (parts.length === 1 && only !== undefined && isUtf8(only)) return
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for (const part of parts) decoder.decode(part, { stream: true })
    decoder.decode()
  } catch (cause) {
    const message = 'Cannot read rows: a text is not valid in its character set'
    throw new AppError('connector.value-refused', message, {}, { cause })
  }
}

/** Memory of its own, not a view into Node's shared pool: it is handed to another thread. */
function allocate(size: number): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(size)
}

const KINDS: readonly FieldForm['kind'][] = ['text', 'bytes', 'bits', 'float']
const NULL = 0xfb
const TAB = 0x09
const NEWLINE = 0x0a
const BACKSLASH = 0x5c
const LETTER_N = 0x4e
const LETTER_X = 0x78
const PART_BYTES = 1_048_576
/** Of a value in pieces, written at a time: at most half a part. */
const SLICE_BYTES = 262_144
/** A tab, and the text of a value that is neither text nor bytes. */
const OTHER_BYTES_MAX = 80
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
const ESCAPES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const escaped = '\b\t\n\v\f\r\\'.indexOf(String.fromCharCode(byte))
  return escaped < 0 ? 0 : 'btnvfr\\'.charCodeAt(escaped)
})
