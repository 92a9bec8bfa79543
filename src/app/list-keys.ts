import { type ListedKeys, listKeys } from '#vault/list-keys'
import { openWithCredential } from '#vault/open-vault'
import type { Context } from './context.ts'
import { formatFingerprint } from './credential/format-recovery-kit.ts'

export type KeysAnswer = Omit<ListedKeys, 'rootKey'> & {
  /** Fingerprint of the root key, as the recovery kit prints it. */
  readonly rootKey: string
}

/** Slots, certificates and who opens what. @throws vault.role-missing never: every role may ask */
export async function listVaultKeys(
  deps: Pick<Context, 'readVaultRequest'>,
  signal: AbortSignal,
): Promise<KeysAnswer> {
  const { vault } = await openWithCredential(await deps.readVaultRequest(signal))
  const listed = await listKeys(vault, signal)
  return { ...listed, rootKey: formatFingerprint(vault.rootPublicKey) }
}
