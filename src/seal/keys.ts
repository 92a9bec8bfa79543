import type { Brand } from '#stdx/brand'

/**
 * The keys of a vault and who holds them (`docs/security.md`). Everything is a plain bag of bytes in
 * memory; nothing here is ever printed, logged or put into an entry.
 */

/** Random, 16 bytes as 32 lower-case hex digits. */
export type VaultId = Brand<string, 'VaultId'>

export type Role = 'root' | 'capture' | 'custodian' | 'keeper' | 'restore' | 'auditor'

/** Raw X25519 keys, 32 bytes. */
export type SealingPublicKey = Uint8Array
export type SealingPrivateKey = Uint8Array

/** AES-256 key of one block, used by one process only. */
export type DataKey = Uint8Array

/**
 * What a source's rows are recognised by; one secret per source, 32 bytes, from which everything
 * else follows by HKDF-SHA-256. It never changes within a generation.
 */
export type DigestKey = Uint8Array

/**
 * Whose keys the data keys of a session are sealed to: all of them to each of `read`, those of
 * `.keys` to each of `capture` too.
 */
export type Recipients = {
  readonly read: readonly SealingPublicKey[]
  readonly capture: readonly SealingPublicKey[]
}

/**
 * What can be opened: `read` opens rows and keys, `capture` keys only. `past` are read keys that
 * were rotated: they open what has not been sealed anew yet.
 */
export type Openers = {
  readonly read?: SealingPrivateKey
  readonly capture?: SealingPrivateKey
  readonly past?: readonly SealingPrivateKey[]
}
