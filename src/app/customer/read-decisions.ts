import type { CustomerMap } from '#customer/customer-map'
import { type Decision, parseDecision } from '#customer/decisions'
import type { SourceAt } from '#customer/map-at'
import type { Vault } from '#vault/vault'

/**
 * All that people decided on who is one, oldest first, whether it still stands or not.
 * @throws customer.decision-unreadable | vault.document-damaged: one that cannot be read could be any
 */
export async function readDecisions(
  { identities }: Pick<Vault, 'identities'>,
  signal: AbortSignal,
): Promise<Decision[]> {
  return (await identities.readIdentities(signal)).map(parseDecision)
}

/** The map with what was decided by the latest of these moments. */
export function decidedThen(map: CustomerMap, sources: readonly SourceAt[]): CustomerMap {
  const times = sources.map(({ point }) => {
    return Date.parse(point.transaction?.time ?? point.body.cut.time)
  })
  const latestMs = Math.max(...times)
  const decisions = map.decisions.filter(({ time }) => Date.parse(time) <= latestMs)
  return { ...map, decisions }
}
