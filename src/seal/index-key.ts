import { hkdfSync } from 'node:crypto'
import type { SealingPrivateKey, VaultId } from './keys.ts'

/**
 * What an index on this machine is sealed under, 32 bytes: who holds the read key derives it, and
 * nobody else. Another one once keys were rotated: what was sealed under the old one is made anew.
 */
export function deriveIndexKey(read: SealingPrivateKey, vaultId: VaultId): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', read, vaultId, 'holdfast index 1', 32))
}
