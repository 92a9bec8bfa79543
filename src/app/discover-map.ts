import { type Discovery, discoverMap } from '#customer/discover-map'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { findSourcesAt } from './find-sources-at.ts'
import { readAgain } from './points/read-again.ts'

export type DiscoveredMap = Discovery

/**
 * Proposes a customer map from what the vault holds; no source is asked.
 * @param at points; the newest of every source that none of them means
 * @throws vault.role-missing without the read key
 */
export async function discoverCustomerMap(
  deps: Pick<Context, 'progress' | 'random' | 'readConfig'>,
  vault: Vault,
  at: readonly string[],
  signal: AbortSignal,
): Promise<DiscoveredMap> {
  const { tempDir } = await deps.readConfig()
  const { progress, random } = deps
  const begin = (step: string) => progress.begin({ label: step })
  const found = await readAgain(async () => {
    const sources = await findSourcesAt(vault, { addresses: at }, signal)
    return await discoverMap({ random, tempDir, begin }, sources, signal)
  })
  progress.end()
  return found
}
