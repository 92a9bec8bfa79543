import { AppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'
import { openWithCredential } from '#vault/open-vault'
import { RECOVERY_SLOT } from '#vault/split-keys'
import type { Context } from './context.ts'
import { formatRecoveryKit } from './credential/format-recovery-kit.ts'

/**
 * The recovery kit of the vault, with the slot that the passphrase in use opens.
 * @throws vault.role-missing with a role's credential file
 */
export async function makeRecoveryKit(
  deps: Pick<Context, 'readConfig' | 'readVaultRequest'>,
  signal: AbortSignal,
): Promise<{ readonly page: Secret; readonly vault: string }> {
  const place = (await deps.readConfig()).readVault()
  const request = await deps.readVaultRequest(signal)
  const { credential, slot, vault } = await openWithCredential(request)
  if (slot === undefined || credential.signing.root === undefined) {
    const message =
      'Cannot make a recovery kit with this credential: wanted the passphrase of the vault, or of its recovery slot'
    throw new AppError('vault.role-missing', message)
  }
  const files = new Map([[RECOVERY_SLOT, new Secret(slot)]])
  const { id, rootPublicKey } = vault
  return { page: formatRecoveryKit({ id, rootPublicKey, place }, files), vault: id }
}
