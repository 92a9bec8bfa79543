import { checkVault } from '#vault/check-vault'
import { healVault } from '#vault/heal-vault'
import type { Actor, Turn } from '../actor.ts'
import { must } from '../truth.ts'

const DAY_MS = 86_400_000

/** Checks the vault and takes whole copies of what is damaged from the replica, as `check --from` does. */
export function healer(name: string, isAlone: boolean): Actor {
  return {
    name,
    holds: isAlone ? { role: 'keeper', source: null } : 'everything',
    restMs: 3 * DAY_MS,
    mustSucceed: true,
    turn: heal,
  }
}

async function heal(turn: Turn): Promise<void> {
  const { isMisled, log, random, replica, signal, truth, vault } = turn
  const rotten = [...truth.rotten]
  const other = vault.openElsewhere(replica.store, replica.keyring)
  const healed = new Set<string>()
  for (;;) {
    const options = { depth: 'decoded', signal, onProgress: () => {} } as const
    const { problems } = await checkVault(vault, options)
    if (problems.length === 0) {
      for (const name of rotten) truth.rotten.delete(name)
      return
    }
    log(`found ${problems.map(({ object }) => object).join(', ')} damaged`)
    const healing = await healVault(vault, { replica: other, problems, random, signal })
    const isNews = healing.healed.some((object) => !healed.has(object))
    for (const object of healing.healed) healed.add(object)
    log(`healed ${healing.healed.length} objects`)
    if (isNews) continue
    const [left] = healing.left
    // What a revoked author stated too late is void, and no copy makes it count.
    const isRevoked = truth.upheavals > 0 && /was revoked before/.test(left?.problem ?? '')
    const isExplained = isMisled() || truth.voids.size > 0 || isRevoked
    must(left === undefined || isExplained, 'I1', `${left?.object} is not healed: ${left?.problem}`)
    return
  }
}
