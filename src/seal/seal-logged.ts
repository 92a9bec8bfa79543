import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { assert } from '#stdx/assert'

/** What one object of the log is sealed under: a key of its own, from the log key and its salt. */
export type LoggedPlace = {
  readonly logKey: Uint8Array
  /** 32 random bytes that stand in the object. */
  readonly salt: Uint8Array
  /** Authenticated along: which vault, which object, which format. */
  readonly aad: Uint8Array
}

// The derived key seals one object, so its one nonce may be any.
const NONCE = new Uint8Array(12)
const TAG_BYTES = 16

/** Seals an object for everyone who may read the log: ciphertext, then the tag of 16 bytes. */
export function sealLogged(place: LoggedPlace, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', deriveKey(place), NONCE).setAAD(place.aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** The plaintext, or `undefined` when the bytes are not authentic at this place. */
export function unsealLogged(place: LoggedPlace, sealed: Uint8Array): Uint8Array | undefined {
  const size = sealed.byteLength - TAG_BYTES
  if (size < 0) return undefined
  const decipher = createDecipheriv('aes-256-gcm', deriveKey(place), NONCE).setAAD(place.aad)
  decipher.setAuthTag(sealed.subarray(size))
  const plaintext = decipher.update(sealed.subarray(0, size))
  try {
    decipher.final()
    return plaintext
  } catch {
    // A void object in a timeline is data, not a failure: the reader reports it by its slot.
    return undefined
  }
}

function deriveKey({ logKey, salt }: LoggedPlace): KeyObject {
  assert(salt.byteLength === 32, 'The salt of a logged object has 32 bytes.')
  return createSecretKey(new Uint8Array(hkdfSync('sha256', logKey, salt, 'holdfast log 1', 32)))
}
