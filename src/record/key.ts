import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { KeyEncoding } from './schema.ts'

/**
 * Keys as bytes whose `memcmp` order is the key order, whatever the database's collation.
 *
 * ```
 * integer  9   0x00 negative | 0x01 not negative; then the value mod 2^64, big-endian
 * uuid     16  the bytes
 * bytes    n   each 0x00 as 0x00 0xFF; then 0x00 0x01
 * text     n   UTF-8, escaped and ended in the same way
 * digest   12  8 bytes of row digest, 4 bytes occurrence among equal rows, big-endian, from 0
 * ```
 *
 * A composite key is its parts one after the other. The terminator makes a value sort before every
 * longer one that begins with it, whatever follows in the key.
 *
 * Values are canonical text, unescaped: `-7` (no plus sign, no leading zero, no `-0`), lower-case
 * dashed UUIDs, `\x` with lower-case hex. Key fields are never null.
 */

const INTEGER = /^(?:0|-?[1-9][0-9]{0,19})$/
const INTEGER_MIN = -(2n ** 63n)
const INTEGER_MAX = 2n ** 64n - 1n
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const BYTES = /^\\x(?:[0-9a-f]{2})*$/
const DIGEST_KEY_BYTES = 12
const OCCURRENCES_MAX = 2 ** 32 - 1

const WANTED: Readonly<Record<KeyEncoding, string>> = {
  integer: 'a whole number within 64 bits, without plus sign or leading zeros',
  uuid: 'a UUID in lower case with dashes',
  bytes: '\\x and pairs of lower-case hex digits',
  text: 'well-formed text',
}

/** @throws record.key-invalid when a value is not the canonical text of its encoding */
export function encodeKey(
  values: readonly string[],
  encodings: readonly KeyEncoding[],
): Uint8Array<ArrayBuffer> {
  if (values.length !== encodings.length) {
    throw invalid(`found ${values.length} fields, need ${encodings.length}`)
  }
  const parts = encodings.map((encoding, i) => encodePart(values[i] ?? '', encoding))
  return new Uint8Array(Buffer.concat(parts))
}

/** The values of a key. @throws record.key-invalid when `bytes` is not what `encodeKey` gives */
export function decodeKey(bytes: Uint8Array, encodings: readonly KeyEncoding[]): string[] {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const values = encodings.map((encoding) => {
    const [value, next] = decodePart(key, at, encoding)
    at = next
    return value
  })
  if (at !== key.length) throw invalid('found bytes after its last field')
  return values
}

/** The key of a row of an entity without one. @param occurrence from 0, among rows of equal digest */
export function encodeDigestKey(digest: Uint8Array, occurrence: number): Uint8Array<ArrayBuffer> {
  assert(digest.length === 8, 'A row digest has 8 bytes.')
  assert(
    Number.isInteger(occurrence) && occurrence >= 0 && occurrence <= OCCURRENCES_MAX,
    'An occurrence fits into 32 bits.',
  )
  const key = new Uint8Array(DIGEST_KEY_BYTES)
  key.set(digest)
  new DataView(key.buffer).setUint32(8, occurrence)
  return key
}

/** @throws record.key-invalid when `bytes` is not 12 bytes long */
export function decodeDigestKey(bytes: Uint8Array): { digest: Uint8Array; occurrence: number } {
  if (bytes.length !== DIGEST_KEY_BYTES) throw invalid(`found ${bytes.length} bytes, need 12`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { digest: bytes.slice(0, 8), occurrence: view.getUint32(8) }
}

/** The key order: negative, 0 or positive. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

function encodePart(value: string, encoding: KeyEncoding): Uint8Array {
  switch (encoding) {
    case 'integer':
      return encodeInteger(value)
    case 'uuid':
      if (!UUID.test(value)) throw wanted(encoding)
      return Buffer.from(value.replaceAll('-', ''), 'hex')
    case 'bytes':
      if (!BYTES.test(value)) throw wanted(encoding)
      return escapeZeros(Buffer.from(value.slice(2), 'hex'))
    case 'text':
      if (!value.isWellFormed()) throw wanted(encoding)
      return escapeZeros(Buffer.from(value, 'utf8'))
  }
}

function encodeInteger(value: string): Buffer {
  if (!INTEGER.test(value)) throw wanted('integer')
  const integer = BigInt(value)
  if (integer < INTEGER_MIN || integer > INTEGER_MAX) throw wanted('integer')
  const bytes = Buffer.alloc(9)
  bytes[0] = integer < 0n ? 0 : 1
  bytes.writeBigUInt64BE(BigInt.asUintN(64, integer), 1)
  return bytes
}

function escapeZeros(bytes: Buffer): Buffer {
  const zeroCount = bytes.reduce((count, byte) => (byte === 0 ? count + 1 : count), 0)
  const escaped = Buffer.alloc(bytes.length + zeroCount + 2)
  let at = 0
  for (const byte of bytes) {
    escaped[at++] = byte
    if (byte === 0) escaped[at++] = 0xff
  }
  escaped[at + 1] = 0x01
  return escaped
}

function decodePart(key: Buffer, at: number, encoding: KeyEncoding): [string, number] {
  switch (encoding) {
    case 'integer':
      return [decodeInteger(take(key, at, 9)), at + 9]
    case 'uuid':
      return [formatUuid(take(key, at, 16).toString('hex')), at + 16]
    case 'bytes': {
      const [bytes, next] = unescapeZeros(key, at)
      return [`\\x${bytes.toString('hex')}`, next]
    }
    case 'text': {
      const [bytes, next] = unescapeZeros(key, at)
      return [decodeText(bytes), next]
    }
  }
}

function decodeInteger(bytes: Buffer): string {
  const unsigned = bytes.readBigUInt64BE(1)
  if (bytes[0] === 1) return String(unsigned)
  const signed = BigInt.asIntN(64, unsigned)
  if (bytes[0] !== 0 || signed >= 0n) throw invalid('found an impossible sign byte')
  return String(signed)
}

function formatUuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function take(key: Buffer, at: number, count: number): Buffer {
  if (at + count > key.length) throw invalid('found its end inside a field')
  return key.subarray(at, at + count)
}

/** The bytes of the field at `at` and where the next one begins. */
function unescapeZeros(key: Buffer, at: number): [Buffer, number] {
  const pieces: Buffer[] = []
  let start = at
  for (;;) {
    const zero = key.indexOf(0, start)
    const mark = zero < 0 ? undefined : key[zero + 1]
    if (mark === 0x01) {
      pieces.push(key.subarray(start, zero))
      return [Buffer.concat(pieces), zero + 2]
    }
    if (mark !== 0xff) throw invalid('found a field without end')
    pieces.push(key.subarray(start, zero + 1))
    start = zero + 2
  }
}

function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw invalid('found text that is not UTF-8', cause)
  }
}

function wanted(encoding: KeyEncoding): AppError {
  return invalid(`found a value of another form, need ${WANTED[encoding]}`)
}

function invalid(problem: string, cause?: unknown): AppError {
  return new AppError('record.key-invalid', `Cannot read a key: ${problem}`, {}, { cause })
}
