import type { Entry } from '#timeline/envelope'
import type { Needed } from './needed-objects.ts'

/**
 * Entries that become visible together. Between an entry that adds an object and the one that lets it
 * go, points would be seen whose objects went before they could be copied.
 */
export function* batchesOf(
  { spans }: Pick<Needed, 'spans'>,
  { fromSeq, toSeq }: { readonly fromSeq: number; readonly toSeq: number },
): Generator<{ readonly first: number; readonly last: number }, void, undefined> {
  const untilOf = new Map<number, number>()
  for (const { seq, untilSeq } of spans) {
    untilOf.set(seq, Math.max(untilSeq, untilOf.get(seq) ?? 0))
  }
  let first = fromSeq + 1
  let untilSeq = 0
  for (let seq = first; seq <= toSeq; seq++) {
    untilSeq = Math.max(untilSeq, untilOf.get(seq) ?? 0)
    if (seq < untilSeq && seq < toSeq) continue
    yield { first, last: seq }
    first = seq + 1
  }
}

type Facts = readonly Pick<Entry, 'body' | 'seq'>[]
const OF_KEYS: ReadonlySet<string> = new Set(['certificate', 'recipients', 'resealed', 'revoke'])

/**
 * The first fact that must stay away, as it says newer heads of sources than are shown: they would
 * look rolled back. `Infinity` when none does.
 * @param shown by source that could not be copied whole, its newest entry there
 */
export function firstUntold(facts: Facts, shown: ReadonlyMap<string, number>): number {
  const untold = facts.find(({ body }) => {
    if (body.kind !== 'heads') return false
    return [...shown].some(([source, seq]) => (body.heads[source]?.seq ?? -1) > seq)
  })
  return untold === undefined ? Number.POSITIVE_INFINITY : keepKeys(facts, untold.seq)
}

/**
 * Facts from `seq` on stay away, unless any of them is about keys: whom to believe has to be known,
 * even where a source then looks rolled back and a document is missing.
 */
export function keepKeys(facts: Facts, seq: number): number {
  const isOfKeys = facts.some((fact) => fact.seq >= seq && OF_KEYS.has(fact.body.kind))
  return isOfKeys ? Number.POSITIVE_INFINITY : seq
}
