import { assert } from '#stdx/assert'

/** How text became bytes. `ascii`: every byte is below 128, so that most encodings agree on it. */
export type EncodingName = 'ascii' | 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252' | 'latin1'

/** Bytes of a file in, UTF-8 out: a view that is good until the next call. */
export type Decoder = {
  /** @returns `undefined` when the bytes are no text of the encoding */
  decode(block: Uint8Array, isLast: boolean): Uint8Array | undefined
}

/** UTF-8 passes as it is: whoever opens a file has made sure of it. The BOM is not part of the block. */
export function openDecoder(encoding: EncodingName): Decoder {
  switch (encoding) {
    case 'ascii':
    case 'utf-8':
      return { decode: (block) => block }
    case 'utf-16le':
    case 'utf-16be':
      return new Utf16Decoder(encoding)
    case 'windows-1252':
    case 'latin1':
      return new ByteDecoder(encoding)
  }
}

export const BOMS: Readonly<Partial<Record<EncodingName, Uint8Array>>> = {
  'utf-8': Uint8Array.of(0xef, 0xbb, 0xbf),
  'utf-16le': Uint8Array.of(0xff, 0xfe),
  'utf-16be': Uint8Array.of(0xfe, 0xff),
}

const encoder = new TextEncoder()

/** @returns `undefined` when the text has a character that the encoding lacks */
export function encodeText(text: string, encoding: EncodingName): Uint8Array | undefined {
  switch (encoding) {
    case 'ascii':
    case 'utf-8':
      return encoder.encode(text)
    case 'utf-16le':
      return Buffer.from(text, 'utf16le')
    case 'utf-16be':
      return Buffer.from(text, 'utf16le').swap16()
    case 'windows-1252':
      return encodeBytes(text, WINDOWS_1252_BYTES)
    case 'latin1':
      return encodeBytes(text, new Map())
  }
}

/**
 * What windows-1252 makes of the bytes from 0x80 to 0x9F, as the Encoding standard has it: the five
 * that Microsoft left open are control characters, so that every byte has a character of its own.
 */
const WINDOWS_1252 = [
  0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039,
  0x0152, 0x8d, 0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc,
  0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
]
const WINDOWS_1252_BYTES = new Map(WINDOWS_1252.map((point, i) => [point, 0x80 + i]))

function encodeBytes(text: string, own: ReadonlyMap<number, number>): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    const isSame = unit < 0x80 || (unit < 0x100 && (unit >= 0xa0 || own.size === 0))
    const byte = isSame ? unit : own.get(unit)
    if (byte === undefined) return undefined
    bytes[i] = byte
  }
  return bytes
}

/** One byte a character. Writes at most three bytes for one. */
class ByteDecoder implements Decoder {
  readonly #points: Uint16Array
  #out = new Uint8Array(0)

  constructor(encoding: 'windows-1252' | 'latin1') {
    this.#points = Uint16Array.from({ length: 256 }, (_, byte) => byte)
    if (encoding === 'windows-1252') this.#points.set(WINDOWS_1252, 0x80)
  }

  decode(block: Uint8Array): Uint8Array {
    if (this.#out.length < block.length * 3) this.#out = new Uint8Array(block.length * 3)
    const out = this.#out
    let at = 0
    for (let i = 0; i < block.length; i++) {
      const point = this.#points[block[i] ?? 0] ?? 0
      if (point < 0x80) out[at++] = point
      else if (point < 0x800) {
        out[at++] = 0xc0 | (point >> 6)
        out[at++] = 0x80 | (point & 0x3f)
      } else {
        out[at++] = 0xe0 | (point >> 12)
        out[at++] = 0x80 | ((point >> 6) & 0x3f)
        out[at++] = 0x80 | (point & 0x3f)
      }
    }
    return out.subarray(0, at)
  }
}

/** Halves of characters wait for the next block. */
class Utf16Decoder implements Decoder {
  readonly #isBig: boolean
  #rest: Uint8Array = new Uint8Array(0)

  constructor(encoding: 'utf-16le' | 'utf-16be') {
    this.#isBig = encoding === 'utf-16be'
  }

  decode(block: Uint8Array, isLast: boolean): Uint8Array | undefined {
    const bytes = Buffer.concat([this.#rest, block])
    let end = bytes.length - (bytes.length % 2)
    const isHigh = end >= 2 && this.#isHighSurrogate(bytes, end - 2)
    if (isHigh && !isLast) end -= 2
    if (isLast && end !== bytes.length) return undefined
    this.#rest = bytes.subarray(end)
    const units = bytes.subarray(0, end)
    const text = (this.#isBig ? Buffer.from(units).swap16() : units).toString('utf16le')
    return text.isWellFormed() ? encoder.encode(text) : undefined
  }

  #isHighSurrogate(bytes: Uint8Array, at: number): boolean {
    const high = bytes[this.#isBig ? at : at + 1]
    assert(high !== undefined, 'A unit of UTF-16 has two bytes.')
    return high >= 0xd8 && high <= 0xdb
  }
}
