import { collectVault } from '#retention/collect-vault'
import { runCollect } from '#retention/run-collect'
import type { Actor, Turn } from '../actor.ts'
import { must } from '../truth.ts'

const DAY_MS = 86_400_000

/** Deletes what nothing needs any more, of every source. */
export function collector(name: string, isAlone: boolean): Actor {
  return {
    name,
    holds: isAlone ? { role: 'custodian', source: null } : 'everything',
    restMs: 3 * DAY_MS,
    mustSucceed: true,
    async turn(turn) {
      const sources = await turn.vault.listSources(turn.signal)
      for (const source of sources) await collect(turn, source)
      await collectRest(turn)
    },
  }
}

/** Documents and lists that nobody committed, probes, keys that no entry speaks of. */
async function collectRest({ graceMs, isCalm, log, random, signal, truth, vault, ...turn }: Turn) {
  const request = { graceMs, isDryRun: !isCalm && turn.chance.happens(0.1) }
  const { deleted, fence } = await collectVault({ vault, random }, request, signal)
  log(`collected ${deleted.length} objects of no source, fence ${fence}`)
  const needed = deleted.find(
    ({ store, stored }) => store === 'vault' && truth.needed.has(`${store}:${stored}`),
  )
  must(needed === undefined, 'I4', `${needed?.stored} was to go, a kept point is read from it`)
}

async function collect(turn: Turn, source: string): Promise<void> {
  const { chance, graceMs, isCalm, log, random, signal, truth, vault } = turn
  const request = { source, graceMs, isDryRun: !isCalm && chance.happens(0.1) }
  const { deleted, fence } = await runCollect({ vault, random }, request, signal)
  log(`collected ${deleted.length} objects of ${source}, fence ${fence}`)
  const needed = deleted.find((waste) => truth.needed.has(`${waste.store}:${waste.name}`))
  must(needed === undefined, 'I4', `${needed?.name} was to go, a kept point is read from it`)
}
