import type { Config } from '#config/config'
import { toThreadKeys } from '#vault/thread-keys'
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
  return new CapturePool(threadUrl, {
    keys: await toThreadKeys(vault, source, signal),
    vault: config.readVault(),
    keyring: config.readKeyring(),
    tempDir: config.tempDir,
  })
}
