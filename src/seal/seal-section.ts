import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Part } from './data-keys.ts'
import type { DataKey, VaultId } from './keys.ts'

/** Where a section stands. Sealed bytes open at the place they were sealed for and at no other. */
export type SectionPlace = {
  readonly vaultId: VaultId
  /** Name that is the segment's for ever: the same whatever store the bytes lie in. */
  readonly segment: string
  readonly part: Part
  readonly block: number
  readonly section: number
}

/** By how much a section grows when it is sealed. */
export const SECTION_OVERHEAD_BYTES = 16

const COUNTER_MAX = 0xffff_ffff

/**
 * Seals one section with AES-256-GCM: ciphertext, then the tag of 16 bytes.
 *
 * The nonce is the section's number, so a key seals each section of its one block once and nothing
 * else, ever.
 */
export function sealSection(
  key: DataKey,
  place: SectionPlace,
  plaintext: Uint8Array,
): Uint8Array<ArrayBuffer> {
  // Given the bytes themselves, Node takes 8 us more to find out what they are.
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonceOf(place.section))
  cipher.setAAD(formatPlace(place))
  const sealed = allocate(plaintext.byteLength + SECTION_OVERHEAD_BYTES)
  sealed.set(cipher.update(plaintext))
  cipher.final()
  sealed.set(cipher.getAuthTag(), plaintext.byteLength)
  return sealed
}

/**
 * The plaintext of a section, once it is known to be authentic.
 * @throws seal.not-authentic when the bytes, the key or the place are not those of the sealing
 * @throws seal.key-destroyed when the keyring no longer holds the key
 */
export function unsealSection(
  key: DataKey,
  place: SectionPlace,
  sealed: Uint8Array,
): Uint8Array<ArrayBuffer> {
  if (key.byteLength === 0) throw keyDestroyed(place)
  const size = sealed.byteLength - SECTION_OVERHEAD_BYTES
  if (size < 0) throw notAuthentic(place, `it has ${sealed.byteLength} bytes, fewer than a tag`)
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(key), nonceOf(place.section))
  decipher.setAAD(formatPlace(place))
  decipher.setAuthTag(sealed.subarray(size))
  const plaintext = decipher.update(sealed.subarray(0, size))
  try {
    decipher.final()
  } catch (cause) {
    plaintext.fill(0)
    throw notAuthentic(place, 'its tag does not match', cause)
  }
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, size)
}

/** Every byte is written before it is read, so nothing is cleared first: that costs a tenth. */
function allocate(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer)
}

/** The section's number in the last four of twelve bytes, big-endian. */
function nonceOf(section: number): Uint8Array {
  assert(
    Number.isInteger(section) && section >= 0 && section <= COUNTER_MAX,
    'A section number fits 32 bits.',
  )
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(8, section)
  return nonce
}

/** Lengths go before the texts, so that no two places share their bytes. */
function formatPlace({ vaultId, segment, part, block, section }: SectionPlace): Buffer {
  const text = `${vaultId.length}:${vaultId}${segment.length}:${segment}${part}/${block}/${section}`
  return Buffer.from(`holdfast section 1\n${text}`)
}

function notAuthentic(place: SectionPlace, found: string, cause?: unknown): AppError {
  const { segment, part, block, section } = place
  const what = `section ${section} of block ${block} of "${segment}" (${part})`
  return new AppError('seal.not-authentic', `Cannot unseal ${what}: ${found}`, place, { cause })
}

function keyDestroyed(place: SectionPlace): AppError {
  const what = `block ${place.block} of "${place.segment}" (${place.part})`
  return new AppError(
    'seal.key-destroyed',
    `Cannot unseal ${what}: the keyring no longer holds its key`,
    place,
  )
}
