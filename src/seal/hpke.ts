import { createDecipheriv, createHmac, diffieHellman, type KeyObject } from 'node:crypto'
import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from 'hpke'
import type { SealingPublicKey } from './keys.ts'
import { importPublicKey } from './sealing-pair.ts'

/**
 * HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM: anyone
 * may seal to a public key, only its private key opens. It authenticates nobody.
 */

export const HPKE_ENC_BYTES = 32
const INFO = new TextEncoder().encode('holdfast hpke 1')

export function createSuite(): CipherSuite {
  return new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM)
}

export type SealHpkeRequest = {
  readonly publicKey: SealingPublicKey
  readonly aad: Uint8Array
  readonly plaintext: Uint8Array
}

export async function sealHpke({
  publicKey,
  aad,
  plaintext,
}: SealHpkeRequest): Promise<{ readonly enc: Uint8Array; readonly sealed: Uint8Array }> {
  const suite = createSuite()
  const key = await suite.DeserializePublicKey(publicKey)
  const { encapsulatedSecret, ciphertext } = await suite.Seal(key, plaintext, { aad, info: INFO })
  return { enc: encapsulatedSecret, sealed: ciphertext }
}

export type OpenHpkeRequest = {
  readonly privateKey: KeyObject
  /** Of the same pair. */
  readonly publicKey: SealingPublicKey
  readonly enc: Uint8Array
  readonly aad: Uint8Array
  readonly sealed: Uint8Array
}

/**
 * The plaintext, or `undefined` when the bytes were not sealed to this key with this `aad`.
 *
 * Written from the RFC's sections 4.1 and 5.1: every segment that is read is opened so, twice, and the
 * library's way takes three times as long, most of it to other threads and back.
 */
export function openHpke({
  privateKey,
  publicKey,
  enc,
  aad,
  sealed,
}: OpenHpkeRequest): Uint8Array | undefined {
  if (enc.byteLength !== HPKE_ENC_BYTES || sealed.byteLength < TAG_BYTES) return undefined
  try {
    const dh = diffieHellman({ privateKey, publicKey: importPublicKey(enc) })
    if (dh.every((byte) => byte === 0)) return undefined
    const prk = extract(KEM_SUITE, NOTHING, 'eae_prk', dh)
    const shared = expand(KEM_SUITE, prk, 'shared_secret', [32, enc, publicKey])
    const secret = extract(SUITE, shared, 'secret', NOTHING)
    const key = expand(SUITE, secret, 'key', [32, CONTEXT])
    const nonce = expand(SUITE, secret, 'base_nonce', [12, CONTEXT])
    const options = { authTagLength: TAG_BYTES }
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, options).setAAD(aad)
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const plaintext = decipher.update(sealed.subarray(0, -TAG_BYTES))
    decipher.final()
    return new Uint8Array(plaintext)
  } catch {
    // Whatever it objects to (tag, point of low order), the bytes are not authentic.
    return undefined
  }
}

const TAG_BYTES = 16
const NOTHING = Buffer.alloc(0)
/** DHKEM(X25519, HKDF-SHA256); then with HKDF-SHA256 and AES-256-GCM. */
const KEM_SUITE = Buffer.from([...Buffer.from('KEM'), 0, 0x20])
const SUITE = Buffer.from([...Buffer.from('HPKE'), 0, 0x20, 0, 1, 0, 2])
/** Of the key schedule: base mode, without a key that both sides had before. */
const CONTEXT = Buffer.concat([
  Buffer.of(0),
  extract(SUITE, NOTHING, 'psk_id_hash', NOTHING),
  extract(SUITE, NOTHING, 'info_hash', INFO),
])

function extract(suite: Buffer, salt: Uint8Array, label: string, ikm: Uint8Array): Buffer {
  return createHmac('sha256', salt)
    .update('HPKE-v1')
    .update(suite)
    .update(label)
    .update(ikm)
    .digest()
}

/** @param context how many bytes, at most 32, and what they are bound to */
function expand(
  suite: Buffer,
  prk: Uint8Array,
  label: string,
  [sizeBytes, ...context]: readonly [number, ...Uint8Array[]],
): Buffer {
  const hmac = createHmac('sha256', prk).update(Buffer.of(0, sizeBytes)).update('HPKE-v1')
  hmac.update(suite).update(label)
  for (const bytes of context) hmac.update(bytes)
  return hmac.update(Buffer.of(1)).digest().subarray(0, sizeBytes)
}
