import { type CheckDepth, checkVault, type VaultCheck } from '#vault/check-vault'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'

export type CheckedVault = VaultCheck

/** Whether the vault is whole. Reads every byte of it; damage is the answer, not an error. */
export async function checkWholeVault(
  deps: Pick<Context, 'progress'>,
  vault: Vault,
  depth: CheckDepth,
  signal: AbortSignal,
): Promise<CheckedVault> {
  deps.progress.begin({ label: 'Checking the vault' })
  const onProgress = ({ bytes }: { readonly bytes: number }) => deps.progress.add({ bytes })
  const report = await checkVault(vault, { depth, signal, onProgress })
  deps.progress.end()
  return report
}
