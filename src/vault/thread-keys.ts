import type { DigestKey, Openers, Recipients, VaultId } from '#seal/keys'
import type { Resealed } from '#timeline/fold-facts'
import type { Repairs } from './repaired-store.ts'
import type { Vault } from './vault.ts'

/**
 * What a worker thread needs to write and read segments of one source, as plain data that can be
 * cloned. The stores it opens itself. Holds keys: it goes to a thread of this process and nowhere else.
 */
export type ThreadKeys = {
  readonly vaultId: VaultId
  readonly recipients: Recipients
  readonly openers: Openers
  readonly digestKey: DigestKey
  /** Under which epoch's name new objects of the keyring go. */
  readonly epoch: number
  /** What says which of several objects of the keyring is right. */
  readonly resealed: readonly Resealed[]
  readonly repairs: Repairs
}

/** @throws vault.role-missing */
export async function toThreadKeys(
  vault: Vault,
  source: string,
  signal: AbortSignal,
): Promise<ThreadKeys> {
  const [{ recipients }, { openers }, digestKey] = await Promise.all([
    vault.writeDeps(source, signal),
    vault.readDeps(source, signal),
    vault.digestKey(source, signal),
  ])
  const epoch = await vault.keyEpoch(signal)
  const resealed = await vault.resealed(signal)
  const repairs = await vault.repairs(source, signal)
  return { vaultId: vault.id, recipients, openers, digestKey, epoch, resealed, repairs }
}
