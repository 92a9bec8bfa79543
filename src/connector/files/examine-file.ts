import { isAscii, isUtf8 } from 'node:buffer'
import { BOMS, type EncodingName, openDecoder } from './encoding.ts'
import { invalidFile } from './file-failure.ts'
import { readBlocks, type SourceFile } from './source-file.ts'

/** What the bytes of a file are, before anything of their text is understood. */
export type ExaminedFile = {
  readonly file: SourceFile
  readonly sha256: string
  readonly encoding: EncodingName
  readonly hasBom: boolean
  /** Whether the last character ends a line. */
  readonly isClosed: boolean
  /** The beginning of the text, in UTF-8. */
  readonly sample: Uint8Array
  readonly isSampleWhole: boolean
}

const SAMPLE_BYTES = 524_288
const LF = 0x0a
const CR = 0x0d

/**
 * Reads a file once: its hash and its encoding. A BOM says what a file is; without one, what is UTF-8
 * is read as such, and what is not is windows-1252 unless the configuration says otherwise.
 *
 * @throws connector.file-invalid when bytes are no text of the encoding, or partly UTF-8 and partly not
 */
export async function examineFile(
  file: SourceFile,
  declared: EncodingName | undefined,
  signal: AbortSignal,
): Promise<ExaminedFile> {
  const reading = readBlocks(file, signal)
  const judge = new EncodingJudge(file.label)
  let head: Uint8Array = new Uint8Array(0)
  let tail: Uint8Array = new Uint8Array(0)
  let sha256: string | undefined
  while (sha256 === undefined) {
    const next = await reading.next()
    if (next.done === true) sha256 = next.value
    else {
      const { bytes, isLast } = next.value
      if (head.length === 0) head = bytes.slice(0, SAMPLE_BYTES)
      tail = Buffer.concat([tail, bytes.subarray(-2)]).subarray(-2)
      judge.add(bytes, isLast)
    }
  }
  const { encoding, hasBom } = judge.conclude(head, declared)
  const isSampleWhole = file.stamp.sizeBytes <= head.length
  const text = hasBom ? head.subarray(BOMS[encoding]?.length ?? 0) : head
  const sample = openDecoder(encoding).decode(text, isSampleWhole)
  if (sample === undefined) throw invalidFile(file.label, `bytes that are no ${encoding}`)
  const isClosed = isLineEnd(tail, encoding)
  return { file, sha256, encoding, hasBom, isClosed, sample: sample.slice(), isSampleWhole }
}

function isLineEnd(tail: Uint8Array, encoding: EncodingName): boolean {
  const at = encoding === 'utf-16le' ? 0 : 1
  const byte = tail.length < 2 ? tail.at(-1) : tail[at]
  return byte === LF || byte === CR
}

/** Looks at all bytes of a file for what they can be. */
class EncodingJudge {
  readonly #label: string
  #rest: Uint8Array = new Uint8Array(0)
  #isAscii = true
  #isUtf8 = true
  /** Characters beyond ASCII that are UTF-8, and bytes that are not; counted where both may occur. */
  #wellFormed = 0
  #broken = 0

  constructor(label: string) {
    this.#label = label
  }

  add(block: Uint8Array, isLast: boolean): void {
    const bytes = this.#rest.length === 0 ? block : Buffer.concat([this.#rest, block])
    const end = isLast ? bytes.length : bytes.length - openLength(bytes)
    const whole = bytes.subarray(0, end)
    this.#rest = bytes.slice(end)
    if (isAscii(whole)) return
    this.#isAscii = false
    if (isUtf8(whole)) this.#wellFormed += 1
    else {
      this.#isUtf8 = false
      this.#count(whole)
    }
  }

  conclude(head: Uint8Array, declared: EncodingName | undefined) {
    const marked = (['utf-8', 'utf-16le', 'utf-16be'] as const).find((name) =>
      BOMS[name]?.every((byte, i) => head[i] === byte),
    )
    const encoding = marked ?? declared ?? this.#detect()
    if (encoding === 'utf-8' && !this.#isUtf8) {
      throw invalidFile(this.#label, 'bytes that are no UTF-8')
    }
    return { encoding, hasBom: marked !== undefined }
  }

  #detect(): EncodingName {
    if (this.#isAscii) return 'ascii'
    if (this.#isUtf8) return 'utf-8'
    if (this.#wellFormed <= this.#broken) return 'windows-1252'
    const found = 'bytes that are no UTF-8 among characters that are; declare its encoding'
    throw invalidFile(this.#label, found)
  }

  #count(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const byte = bytes[at] ?? 0
      const length = byte < 0x80 ? 1 : lengthOf(byte)
      const isWhole = length > 0 && isUtf8(bytes.subarray(at, at + length))
      if (length > 1 && isWhole) this.#wellFormed += 1
      if (!isWhole) this.#broken += 1
      at += isWhole ? length : 1
    }
  }
}

/** Bytes at the end that may be the beginning of a character. */
function openLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return lengthOf(byte) > back ? back : 0
  }
  return 0
}

/** How many bytes a character of UTF-8 has whose first one this is; 0 when it is no first one. */
function lengthOf(byte: number): number {
  if (byte >= 0xf0 && byte < 0xf5) return 4
  if (byte >= 0xe0) return byte < 0xf0 ? 3 : 0
  return byte >= 0xc2 ? 2 : 0
}
