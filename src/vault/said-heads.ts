import type { SeenHead } from '#timeline/chain-slots'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { foldFacts } from '#timeline/fold-facts'
import { type ReadHeadDeps, readBackwards } from '#timeline/read-head'
import { type Revocations, voidRevoked } from '#timeline/revocations'

/** How far back the newest word on all heads is looked for. */
const LOOKBACK_MAX = 64

/** What `_vault` says the heads are, by its newest word on it; nothing when it said nothing lately. */
export async function readSaidHeads(
  deps: ReadHeadDeps,
  revoked: Revocations,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SeenHead>> {
  let looked = 0
  for await (const read of readBackwards(deps, { source: VAULT_TIMELINE }, signal)) {
    const [slot] = voidRevoked(VAULT_TIMELINE, [read], revoked)
    if (slot?.kind === 'entry' && slot.entry.body.kind === 'heads') {
      return foldFacts({ entries: [slot.entry] }).heads
    }
    looked += 1
    if (looked >= LOOKBACK_MAX) break
  }
  return new Map()
}

/** The newest slot of a source that is an entry, judged by itself. */
export async function readHead(
  deps: ReadHeadDeps,
  {
    knownSeq,
    revoked,
    source,
  }: {
    readonly source: string
    readonly knownSeq: number | undefined
    readonly revoked: Revocations
  },
  signal: AbortSignal,
): Promise<SeenHead | undefined> {
  for await (const read of readBackwards(deps, { knownSeq, source }, signal)) {
    const [slot] = voidRevoked(source, [read], revoked)
    if (slot?.kind === 'entry') return { seq: slot.seq, hash: slot.hash }
  }
  return undefined
}
