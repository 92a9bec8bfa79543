import { AppError } from '#stdx/app-error'
import { replicateVault } from '#vault/replicate-vault'
import type { Actor } from '../actor.ts'

const DAY_MS = 86_400_000

/** Copies what a second place lacks; needs no key to rows. */
export function replicator(name: string, isAlone: boolean): Actor {
  return {
    name,
    holds: isAlone ? { role: 'custodian', source: null } : 'everything',
    restMs: 2 * DAY_MS,
    mustSucceed: true,
    async turn({ log, raw, replica, signal, vault }) {
      const options = { from: raw, to: replica, onProgress: () => {}, signal }
      const { damaged, entries, objects, removed } = await replicateVault(vault, options)
      log(`replicated ${entries} entries, ${objects} objects; ${removed} went`)
      const [first] = damaged
      if (first === undefined) return
      const message = `Cannot replicate "${first.object}": ${first.problem}`
      throw new AppError('vault.object-damaged', message)
    },
  }
}
