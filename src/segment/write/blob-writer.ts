import { createHmac } from 'node:crypto'
import type { DigestKeys } from '#seal/digest-keys'
import { commitToKeys } from '#seal/keyring'
import { sealSection, unsealSection } from '#seal/seal-section'
import { AppError } from '#stdx/app-error'
import type { BlobIndex } from '../blob-index.ts'
import { compress, decompress } from '../block/zstd.ts'
import type { SegmentWriteDeps } from '../segment.ts'
import type { BlobRef } from '../version-batch.ts'
import type { SegmentFile } from './segment-file.ts'

/**
 * A block of `.blobs`: one large value's canonical text, cut into sections.
 *
 * ```
 * per section
 *   size      4  of the sealed section, little-endian
 *   section   n  sealed; in it: size of the text (4, little-endian), then one zstd frame of it
 * ```
 */
export const BLOB_SECTION_BYTES = 1_048_576
export const BLOB_SIZE_BYTES = 4

const DATA_KEY_BYTES = 32

type Parts = readonly Uint8Array<ArrayBuffer>[]

/** Stores large values, each once as far as the index knows. Holds two sections. */
export class BlobWriter {
  readonly #deps: SegmentWriteDeps
  readonly #digestKeys: DigestKeys
  readonly #index: BlobIndex

  constructor(deps: SegmentWriteDeps, digestKeys: DigestKeys, index: BlobIndex) {
    this.#deps = deps
    this.#digestKeys = digestKeys
    this.#index = index
  }

  /** @param parts the value's canonical text; not joined, not kept */
  async store(file: SegmentFile, parts: Parts, signal: AbortSignal): Promise<BlobRef> {
    const hash = new Uint8Array(hashOf(this.#digestKeys.blob, parts))
    const known = await this.#index.claim(hash, signal)
    if (known !== undefined) return known
    const ref = await this.#write(file, parts, hash)
    this.#index.announce(ref)
    return ref
  }

  async #write(file: SegmentFile, parts: Parts, hash: Uint8Array): Promise<BlobRef> {
    const { blobs, keyring } = file
    const offset = blobs.sizeBytes
    const block = blobs.keys.length
    const key = this.#deps.random.bytes(DATA_KEY_BYTES)
    blobs.keys.push(key)
    const place = { vaultId: this.#deps.vaultId, segment: keyring, part: 'blobs', block } as const
    let section = 0
    let textBytes = 0
    for (const text of cutParts(parts)) {
      const sealed = sealSection(key, { ...place, section }, encodeSection(text))
      const decoded = decodeSection(unsealSection(key, { ...place, section }, sealed))
      if (Buffer.compare(decoded, text) !== 0) throw notVerified(keyring, block)
      await blobs.write(formatSize(sealed.length))
      await blobs.write(sealed)
      section += 1
      textBytes += text.length
    }
    const sizeBytes = blobs.sizeBytes - offset
    const commitment = commitToKeys(blobs.name, [key])
    const object = blobs.name
    return { hash, textBytes, object, keyring, commitment, block, offset, sizeBytes }
  }
}

/** @throws FormatProblem when the bytes are no such section */
export function decodeSection(section: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const sizeBytes = Buffer.from(section.buffer, section.byteOffset).readUInt32LE(0)
  return decompress(section.subarray(BLOB_SIZE_BYTES), Math.min(sizeBytes, BLOB_SECTION_BYTES))
}

function encodeSection(text: Uint8Array): Uint8Array {
  return Buffer.concat([formatSize(text.length), compress(text, 3)])
}

function formatSize(sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(BLOB_SIZE_BYTES)
  bytes.writeUInt32LE(sizeBytes)
  return bytes
}

function hashOf(key: Uint8Array, parts: Parts): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

/** Stretches of `BLOB_SECTION_BYTES`, the last one shorter. */
function* cutParts(parts: Parts): Generator<Uint8Array> {
  let section = new Uint8Array(BLOB_SECTION_BYTES)
  let filled = 0
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const taken = part.subarray(at, at + BLOB_SECTION_BYTES - filled)
      section.set(taken, filled)
      filled += taken.length
      at += taken.length
      if (filled < BLOB_SECTION_BYTES) continue
      yield section
      section = new Uint8Array(BLOB_SECTION_BYTES)
      filled = 0
    }
  }
  if (filled > 0) yield section.subarray(0, filled)
}

function notVerified(segment: string, block: number): AppError {
  const found = 'a section does not decode to what was encoded'
  const message = `Cannot write large value ${block} of "${segment}": ${found}`
  return new AppError('segment.not-verified', message, { segment, block })
}
