import type { BegunFact, RestoreFacts } from './fold-facts.ts'

/**
 * Restores that began and of which nothing says how they ended: interrupted, or still running. One is
 * settled once the same was asked for again, of the same system, and was written; or once it was undone.
 * Pure.
 */
export function listOpenRestores({
  begun,
  restores,
}: Pick<RestoreFacts, 'begun' | 'restores'>): BegunFact[] {
  const ended = new Set(restores.map(({ body }) => body.restore))
  const refused = listRolledBack({ restores })
  const written = restores.filter(({ body }) => !refused.has(body.restore))
  const undone = new Set(written.flatMap(({ body }) => body.undoes ?? []))
  const done = new Set(written.map(({ body }) => body.restore))
  return begun.filter(({ body, seq }) => {
    if (ended.has(body.restore) || undone.has(body.restore)) return false
    return !begun.some((one) => one.seq > seq && done.has(one.body.restore) && isSame(one, body))
  })
}

/** Ids of restores of which nothing was written: the target refused them before the commit. Pure. */
export function listRolledBack({ restores }: Pick<RestoreFacts, 'restores'>): ReadonlySet<string> {
  const refused = restores.filter(({ body }) => body.rolledBack === true)
  return new Set(refused.map(({ body }) => body.restore))
}

/** Whether two restores were asked for in the same words, of the same system. */
export function isSame(
  { body }: BegunFact,
  other: Pick<BegunFact['body'], 'identity' | 'request'>,
): boolean {
  const [a, b] = [body.identity, other.identity]
  return body.request === other.request && a.system === b.system && a.database === b.database
}
