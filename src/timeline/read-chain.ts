import type { Chain, LinkedEntry, Links, SeenHead } from './chain-slots.ts'
import { VAULT_TIMELINE } from './entry-name.ts'
import type { Entry } from './envelope.ts'
import type { HeadMemory } from './head-memory.ts'
import { collectRevocations, type Revocations } from './revocations.ts'
import { isRevoked, type WalkDeps, walkTimeline } from './walk-timeline.ts'

export type ReadChainDeps = WalkDeps & { readonly memory: HeadMemory }

export type ReadChainOptions = {
  /** Heads that others are known to have seen. */
  readonly findSaid?: () => Promise<readonly SeenHead[]>
  /** What `_vault` revokes; for that timeline itself its own entries say so. */
  readonly revoked?: Revocations
  readonly signal: AbortSignal
}

/**
 * Reads every entry of a timeline and verifies it: seal, signature, author, place, chain. Holds them
 * all.
 *
 * One listing, then the entries concurrently. Damage is in the result, and so is that the timeline
 * is an older one than was seen.
 */
export async function readChain(
  deps: ReadChainDeps,
  source: string,
  { findSaid, revoked = new Map(), signal }: ReadChainOptions,
): Promise<Chain> {
  const seen = await recallSeen(deps, source, findSaid)
  const chain = await readWith(revoked)
  await rememberHead(deps, chain)
  return chain

  async function readWith(known: Revocations): Promise<Chain> {
    const entries: Entry[] = []
    const onEntry = ({ entry }: LinkedEntry) => entries.push(entry)
    const links = await walkTimeline(deps, source, { seen, revoked: known, onEntry, signal })
    const own = source === VAULT_TIMELINE ? collectRevocations(entries) : []
    const found = new Map([...own, ...known])
    // Who was revoked later may have stated something before that does not count.
    return isRevoked(links, found) ? await readWith(found) : { ...links, entries }
  }
}

/**
 * What was seen of a timeline is asked before it is read: an entry that another process commits and
 * remembers meanwhile must not look like one that went missing.
 */
export async function recallSeen(
  { memory }: Pick<ReadChainDeps, 'memory'>,
  source: string,
  findSaid: ReadChainOptions['findSaid'],
): Promise<readonly SeenHead[]> {
  const [remembered, said] = await Promise.all([memory.recall(source), findSaid?.() ?? []])
  return remembered === undefined ? said : [...said, remembered]
}

/** Remembers the head of a timeline that is as it should be, should it be newer. */
export async function rememberHead(
  { memory }: Pick<ReadChainDeps, 'memory'>,
  links: Links,
): Promise<void> {
  const { headHash: hash, headSeq: seq, source, voids } = links
  if (seq < 0 || links.damagedFrom !== null || voids.length > 0) return
  const remembered = await memory.recall(source)
  if (remembered === undefined || remembered.seq < seq) await memory.remember(source, { seq, hash })
}
