import type { Config } from '#config/config'
import type { Vault } from '#vault/vault'
import { CapturePool } from './capture-pool.ts'

/**
 * Threads that capture one source, with its keys. None is started before it is needed.
 *
 * @param threadUrl of `capture-thread`, as source or as bundle
 */
export async function openCapturePool(
  { config, threadUrl, vault }: { config: Config; threadUrl: URL; vault: Vault },
  source: string,
  signal: AbortSignal,
): Promise<CapturePool> {
  const [write, read, digestKey] = await Promise.all([
    vault.writeDeps(source, signal),
    vault.readDeps(source, signal),
    vault.digestKey(source, signal),
  ])
  return new CapturePool(threadUrl, {
    keys: { digestKey, openers: read.openers, recipients: write.recipients, vaultId: vault.id },
    vault: config.readVault(),
    keyring: config.readKeyring(),
    tempDir: config.tempDir,
  })
}
