import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { assert } from '#stdx/assert'
import type { SealingPrivateKey, SealingPublicKey } from './keys.ts'

const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')
const RAW_KEY_BYTES = 32

/** The X25519 public key of a private key; any 32 bytes are one. */
export function publicKeyOf(privateKey: SealingPrivateKey): SealingPublicKey {
  const spki = createPublicKey(importPrivateKey(privateKey)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(spki.byteLength - RAW_KEY_BYTES))
}

export function importPrivateKey(privateKey: SealingPrivateKey): KeyObject {
  assert(privateKey.byteLength === RAW_KEY_BYTES, 'An X25519 private key has 32 bytes.')
  const key = Buffer.concat([PKCS8_PREFIX, privateKey])
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

/** @throws when it has other than 32 bytes */
export function importPublicKey(publicKey: SealingPublicKey): KeyObject {
  const key = Buffer.concat([SPKI_PREFIX, publicKey])
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

/** By which a keyring object says whom it is sealed to: first 8 bytes of SHA-256 of the public key. */
export function sealingKeyId(publicKey: SealingPublicKey): Uint8Array {
  return createHash('sha256').update(publicKey).digest().subarray(0, 8)
}
