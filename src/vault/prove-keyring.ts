import type { Part } from '#seal/data-keys'
import { commitToKeys, openKeyring } from '#seal/keyring'
import type { Openers, VaultId } from '#seal/keys'
import { AppError, isAppError } from '#stdx/app-error'
import type { KeyringParts } from './needed-objects.ts'
import type { Vault } from './vault.ts'

export type KeyringInHand = {
  readonly vaultId: VaultId
  /** As it was sealed, wherever it lies now. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly openers: Openers
  readonly parts: KeyringParts
}

const PARTS: readonly Part[] = ['keys', 'rows', 'blobs']

/**
 * Whether a keyring object holds the keys that its entries commit to. `false`: these openers cannot
 * say it; then it is in its form, which anybody could have made.
 * @throws seal.not-authentic when it is not in its form, or holds other keys
 */
export async function proveKeyring(inHand: KeyringInHand): Promise<boolean> {
  const { name, parts } = inHand
  const opened = await openKeyring(inHand)
  let isProven = true
  for (const part of PARTS) {
    const ref = parts[part]
    if (ref == null) continue
    const keys = opened[part]
    if (keys === undefined) isProven = false
    else if (commitToKeys(ref.name, keys) !== ref.commitment) {
      const message = `Cannot rely on keyring object "${name}": its keys of ${part} are not those committed`
      throw new AppError('seal.not-authentic', message, { name })
    }
  }
  return isProven
}

/** Whatever the credential has to open a timeline's data keys with; perhaps nothing. */
export async function openersOf(
  vault: Vault,
  timeline: string,
  signal: AbortSignal,
): Promise<Openers> {
  try {
    const isReader = vault.holder.reads
    const deps = isReader
      ? await vault.rowDeps(timeline, signal)
      : await vault.readDeps(timeline, signal)
    return deps.openers
  } catch (error) {
    const isNone =
      isAppError(error, 'vault.role-missing') || isAppError(error, 'vault.certificate-revoked')
    if (isNone) return {}
    throw error
  }
}
