import { type CheckDepth, checkVault, type VaultCheck } from '#vault/check-vault'
import { type Healing, healVault, refuseHealing } from '#vault/heal-vault'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { sayHeads } from './points/say-heads.ts'
import { openReplica, type ReplicaPlace } from './replicate-vault.ts'

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

export type HealedVault = CheckedVault & Healing

/**
 * Heals from a replica what a check finds, and checks again. Entries come back first, because they say
 * what else there should be.
 */
export async function healWholeVault(
  deps: Pick<Context, 'openStore' | 'progress' | 'random' | 'readConfig'>,
  vault: Vault,
  { depth, from }: { readonly depth: CheckDepth; readonly from: ReplicaPlace },
  signal: AbortSignal,
): Promise<HealedVault> {
  // A check of the whole vault comes first, and would be for nothing.
  await refuseHealing(vault, signal)
  const replica = await openReplica(deps, vault, from, signal)
  const healed = new Set<string>()
  for (;;) {
    const report = await checkWholeVault(deps, vault, depth, signal)
    const { problems } = report
    const healing = await healVault(vault, { replica, problems, random: deps.random, signal })
    // What was healed may show what else is damaged; what does not stay healed is not tried again.
    const isNews = healing.healed.some((object) => !healed.has(object))
    if (!isNews) {
      if (healed.size > 0) await sayHeads(vault, signal)
      return { ...report, healed: [...healed], left: healing.left }
    }
    for (const object of healing.healed) healed.add(object)
  }
}
