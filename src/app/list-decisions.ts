import { type Decision, standingOf } from '#customer/decisions'
import type { Vault } from '#vault/vault'
import { readDecisions } from './customer/read-decisions.ts'

/** What was decided on who is one, as `customer decisions --json` prints it; newest first. */
export type ListedDecisions = readonly ListedDecision[]

export type ListedDecision = Decision & {
  /** Whether nobody decided otherwise on the same two since. */
  readonly stands: boolean
}

/** @throws as `readDecisions` */
export async function listDecisions(vault: Vault, signal: AbortSignal): Promise<ListedDecisions> {
  const all = await readDecisions(vault, signal)
  const standing = new Set(standingOf(all))
  return all.map((one) => ({ ...one, stands: standing.has(one) })).reverse()
}
