import { isSound, type LinkedEntry, type Links } from './chain-slots.ts'
import type { LogPages } from './kept-pages.ts'
import {
  type ReadChainDeps,
  type ReadChainOptions,
  recallSeen,
  rememberHead,
} from './read-chain.ts'
import type { Revocations } from './revocations.ts'
import type { KeptForm, TimelineMemory } from './timeline-memory.ts'
import { isRevoked, type Walk, walkOn, walkTimeline } from './walk-timeline.ts'

/** A timeline as it was read: enough to go on from there. */
export type Kept = {
  readonly links: Links
  /** The head when it was last kept outside this process; -1: it never was. */
  readonly keptSeq: number
}

/** What becomes of entries while they are read. */
export type Fold<K extends Kept> = {
  take(linked: LinkedEntry): void
  spill(pages: LogPages): Promise<void>
  finish(links: Links, keptSeq: number): K
}

/** How one kind of timeline is folded and kept. */
export type Keeping<K extends Kept> = {
  readonly form: KeptForm<K>
  readonly begin: (source: string, before?: K) => Fold<K>
  readonly hashAt: (kept: K, seq: number) => string | undefined
  /** What its own entries revoke. */
  readonly revokedBy: (kept: K) => Revocations
}

export type ReadKeptDeps<K extends Kept> = ReadChainDeps & {
  /** Absent: nothing is kept outside this process. */
  readonly kept?: TimelineMemory | undefined
  /** As this process read it before. */
  readonly before?: K | undefined
}

/** Every command verifies fewer entries than this again; of a long timeline keeping takes longer. */
const STEP = 8
const STEP_MAX = 256
const STEP_SHARE = 4096

/**
 * Reads a timeline to its head and folds it. What this machine has verified before is not verified
 * again: reading goes on from there, and takes no longer where there is more of it. Where anything
 * does not fit, every entry is read anew.
 */
export async function readKept<K extends Kept>(
  deps: ReadKeptDeps<K>,
  source: string,
  keeping: Keeping<K>,
  { findSaid, revoked = new Map(), signal }: ReadChainOptions,
): Promise<K> {
  const seen = await recallSeen(deps, source, findSaid)
  const asked = { source, keeping, seen, signal }
  const before = deps.before ?? (await deps.kept?.recall(source, keeping.form))
  const read =
    (before && (await goOn(deps, asked, before, revoked))) ?? (await begin(deps, asked, revoked))
  await rememberHead(deps, read.links)
  const { headSeq } = read.links
  const step = Math.min(STEP_MAX, STEP + Math.floor(headSeq / STEP_SHARE))
  if (!isSound(read.links) || headSeq < read.keptSeq + step) return read
  return (await deps.kept?.remember(source, keeping.form, { ...read, keptSeq: headSeq })) ?? read
}

type Asked<K extends Kept> = Pick<Walk, 'seen' | 'signal'> & {
  readonly source: string
  readonly keeping: Keeping<K>
}

async function goOn<K extends Kept>(
  deps: ReadKeptDeps<K>,
  { keeping, seen, signal, source }: Asked<K>,
  before: K,
  given: Revocations,
): Promise<K | undefined> {
  const fold = keeping.begin(source, before)
  const revoked = new Map([...given, ...keeping.revokedBy(before)])
  const known = { links: before.links, hashAt: (seq: number) => keeping.hashAt(before, seq) }
  const onEntry = (linked: LinkedEntry) => fold.take(linked)
  const links = await walkOn(deps, known, { seen, signal, revoked, onEntry })
  const read = links && fold.finish(links, before.keptSeq)
  return read && isRevoked(read.links, keeping.revokedBy(read)) ? undefined : read
}

async function begin<K extends Kept>(
  deps: ReadKeptDeps<K>,
  asked: Asked<K>,
  revoked: Revocations,
): Promise<K> {
  const { keeping, seen, signal, source } = asked
  const fold = keeping.begin(source)
  const pages = deps.kept?.pagesOf(source)
  const onWindow = async () => {
    if (pages !== undefined) await fold.spill(pages)
  }
  const onEntry = (linked: LinkedEntry) => fold.take(linked)
  const links = await walkTimeline(deps, source, { seen, signal, revoked, onEntry, onWindow })
  const read = fold.finish(links, -1)
  const found = new Map([...keeping.revokedBy(read), ...revoked])
  // Who was revoked later may have stated something before that does not count.
  return isRevoked(links, found) ? await begin(deps, asked, found) : read
}
