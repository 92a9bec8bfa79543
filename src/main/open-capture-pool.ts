import type { Config } from '#config/config'
import { isStoreUrl } from '#config/place'
import { proveCreateOnly } from '#store/probe-store'
import { formatEntryName } from '#timeline/entry-name'
import { toThreadKeys } from '#vault/thread-keys'
import type { Vault } from '#vault/vault'
import { CapturePool } from './capture-pool.ts'
import { openStore } from './open-store.ts'

/**
 * Threads that capture one source, with its keys. None is started before it is needed. A bucket is
 * asked first whether it still keeps conditions, as somebody may have put something before it.
 *
 * @param threadUrl of `capture-thread`, as source or as bundle
 */
export async function openCapturePool(
  { config, threadUrl, vault }: { config: Config; threadUrl: URL; vault: Vault },
  source: string,
  signal: AbortSignal,
): Promise<CapturePool> {
  const { tempDir } = config
  const place = config.readVault()
  if (isStoreUrl(place)) {
    await proveCreateOnly(openStore(place, tempDir), formatEntryName(source, 0), signal)
  }
  const keys = await toThreadKeys(vault, source, signal)
  return new CapturePool(threadUrl, { keys, vault: place, keyring: config.readKeyring(), tempDir })
}
