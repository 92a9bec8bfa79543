import { createHmac, hkdfSync } from 'node:crypto'
import { assert } from '#stdx/assert'
import type { DigestKey } from './keys.ts'

/** What recognises things, each with a key of its own. */
export type DigestKeys = {
  /** SipHash-2-4 of rows, 16 bytes. */
  readonly row: Uint8Array
  /** HMAC-SHA-256 of large values, 32 bytes. */
  readonly blob: Uint8Array
  /** HMAC-SHA-256 of counts and sums, 32 bytes. */
  readonly fingerprint: Uint8Array
}

const FINGERPRINT_BYTES = 16

/** Derives the keys of one source by HKDF-SHA-256. The same digest key always gives the same keys. */
export function deriveDigestKeys(digestKey: DigestKey): DigestKeys {
  assert(digestKey.byteLength === 32, 'A digest key has 32 bytes.')
  const derive = (purpose: string, sizeBytes: number) =>
    new Uint8Array(hkdfSync('sha256', digestKey, '', `holdfast digest 1 ${purpose}`, sizeBytes))
  return {
    row: derive('row', 16),
    blob: derive('blob', 32),
    fingerprint: derive('fingerprint', 32),
  }
}

/**
 * The fingerprint of `count` rows whose digests add up to `digestSum` (modulo 2^128), as it is
 * shown: 32 hex digits that tell nothing of either to those without the key.
 */
export function formatFingerprint(keys: DigestKeys, count: number, digestSum: bigint): string {
  assert(Number.isSafeInteger(count) && count >= 0, 'A row count is a safe integer.')
  assert(digestSum >= 0n && digestSum < 1n << 128n, 'A sum of digests has 128 bits.')
  const bytes = new Uint8Array(24)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(count))
  view.setBigUint64(8, digestSum >> 64n)
  view.setBigUint64(16, digestSum & 0xffff_ffff_ffff_ffffn)
  const mac = createHmac('sha256', keys.fingerprint).update(bytes).digest()
  return mac.subarray(0, FINGERPRINT_BYTES).toString('hex')
}
