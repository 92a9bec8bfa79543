import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from 'hpke'
import type { SealingPrivateKey, SealingPublicKey } from './keys.ts'

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
  readonly privateKey: SealingPrivateKey
  /** Of the same pair. */
  readonly publicKey: SealingPublicKey
  readonly enc: Uint8Array
  readonly aad: Uint8Array
  readonly sealed: Uint8Array
}

/** The plaintext, or `undefined` when the bytes were not sealed to this key with this `aad`. */
export async function openHpke({
  privateKey,
  publicKey,
  enc,
  aad,
  sealed,
}: OpenHpkeRequest): Promise<Uint8Array | undefined> {
  const suite = createSuite()
  // The pair, because Web Crypto's way from a private to its public key still warns on stderr.
  const pair = {
    privateKey: await suite.DeserializePrivateKey(privateKey, false),
    publicKey: await suite.DeserializePublicKey(publicKey),
  }
  try {
    return await suite.Open(pair, enc, sealed, { aad, info: INFO })
  } catch {
    // Whatever the library objects to (tag, point of low order), the bytes are not authentic.
    return undefined
  }
}
