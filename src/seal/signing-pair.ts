import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { assert } from '#stdx/assert'

/** Ed25519 seed, 32 bytes: the private half of a signing pair. */
export type SigningSeed = Uint8Array
/** Raw Ed25519 public key, 32 bytes. */
export type SigningPublicKey = Uint8Array

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const RAW_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** Signs with Ed25519. What the bytes are for stands at their beginning: the callers see to that. */
export function signBytes(seed: SigningSeed, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, bytes, pairOf(seed).privateKey))
}

/** A check of signatures by one public key, for use on many of them. */
export function openVerifier(
  publicKey: SigningPublicKey,
): (bytes: Uint8Array, signature: Uint8Array) => boolean {
  assert(publicKey.byteLength === RAW_KEY_BYTES, 'An Ed25519 public key has 32 bytes.')
  const der = Buffer.concat([SPKI_PREFIX, publicKey])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return (bytes, signature) => verify(null, bytes, key, signature)
}

export function signingPublicKeyOf(seed: SigningSeed): SigningPublicKey {
  return pairOf(seed).publicKey.slice()
}

/** By which entries name their author: first 16 bytes of SHA-256 of the public key, hex. */
export function signingKeyId(publicKey: SigningPublicKey): string {
  return createHash('sha256').update(publicKey).digest().subarray(0, 16).toString('hex')
}

/** Of the seeds that a process holds: finding a public key takes as long as signing with it. */
const knownPairs = new WeakMap<SigningSeed, SigningPair>()
type SigningPair = { readonly privateKey: KeyObject; readonly publicKey: SigningPublicKey }

function pairOf(seed: SigningSeed): SigningPair {
  const known = knownPairs.get(seed)
  if (known !== undefined) return known
  assert(seed.byteLength === RAW_KEY_BYTES, 'An Ed25519 seed has 32 bytes.')
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(spki.subarray(spki.byteLength - RAW_KEY_BYTES))
  const pair = { privateKey, publicKey }
  knownPairs.set(seed, pair)
  return pair
}
