import { AppError, isAppError } from '#stdx/app-error'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectName, ObjectStore } from '#store/object-store'
import { type Chain, chainSlots, type SeenHead } from './chain-slots.ts'
import { parseEntryName, VAULT_TIMELINE } from './entry-name.ts'
import { parseSlot, type ReadEntryDeps, type Slot } from './envelope.ts'
import type { HeadMemory } from './head-memory.ts'
import { collectRevocations, type Revocations, voidRevoked } from './revocations.ts'
import type { SlotMemory } from './slot-memory.ts'

/** Kept anew after so many more entries: every command verifies fewer than this again. */
const SLOTS_STEP = 32
/** Longer timelines are not kept: that would take longer than a second. */
const SLOTS_MAX = 100_000

/** How many entries are on their way at a time. */
const GETS_MAX = 16

export type ReadChainDeps = ReadEntryDeps & {
  readonly store: ObjectStore
  readonly memory: HeadMemory
  /** Absent: every entry is read and verified. */
  readonly slots?: SlotMemory
}

export type ReadChainOptions = {
  readonly findSaid?: () => Promise<readonly SeenHead[]>
  /** What `_vault` revokes; for that timeline itself its own entries say so. */
  readonly revoked?: Revocations
  /** Slots that were read before and verified then; what is read now is added. The caller keeps it. */
  readonly known?: Map<number, Slot>
  readonly signal: AbortSignal
}

/**
 * Reads every entry of a timeline and verifies it: seal, signature, author, place, chain.
 *
 * One listing, then the entries concurrently. Damage is in the result, and so is that the timeline
 * is an older one than was seen.
 * @param findSaid heads that others are known to have seen; asked while the entries are read
 */
export async function readChain(
  deps: ReadChainDeps,
  source: string,
  { findSaid, known: given, revoked, signal }: ReadChainOptions,
): Promise<Chain> {
  const known = given ?? new Map<number, Slot>()
  if (known.size === 0) await fillKnown(deps, source, known)
  const knownBefore = known.size
  // What was seen is asked first: an entry that another process commits and remembers meanwhile must
  // not look like one that went missing.
  const [remembered, said] = await Promise.all([deps.memory.recall(source), findSaid?.() ?? []])
  const seen = remembered === undefined ? said : [...said, remembered]
  const chainOnce = async () => {
    const read = await readSlots(deps, source, { known, signal })
    return chainSlots(source, voidRevoked(source, read, revoked ?? revokedBy(source, read)), seen)
  }
  let chain = await chainOnce()
  if (knownBefore > 0 && !isSound(chain)) {
    // What is wrong is told from what lies there now.
    known.clear()
    chain = await chainOnce()
  }
  const isNewer = remembered === undefined || remembered.seq < chain.headSeq
  if (isNewer && chain.headSeq >= 0 && chain.damagedFrom === null && chain.voids.length === 0) {
    await deps.memory.remember(source, { seq: chain.headSeq, hash: chain.headHash })
  }
  const isMore = known.size >= knownBefore + SLOTS_STEP
  if (isSound(chain) && isMore && known.size <= SLOTS_MAX) {
    await deps.slots?.remember(source, [...known.values()])
  }
  return chain
}

function isSound({ damagedFrom, rolledBack }: Chain): boolean {
  return damagedFrom === null && rolledBack === null
}

async function fillKnown(
  { slots }: ReadChainDeps,
  source: string,
  known: Map<number, Slot>,
): Promise<void> {
  for (const [seq, slot] of (await slots?.recall(source)) ?? []) known.set(seq, slot)
}

function revokedBy(source: string, slots: readonly Slot[]): Revocations {
  if (source !== VAULT_TIMELINE) return new Map()
  return collectRevocations(slots.flatMap((slot) => (slot.kind === 'entry' ? [slot.entry] : [])))
}

async function readSlots(
  deps: ReadChainDeps,
  source: string,
  { known, signal }: { readonly known: Map<number, Slot>; readonly signal: AbortSignal },
): Promise<Slot[]> {
  const places: { name: ObjectName; seq: number }[] = []
  for await (const { name } of deps.store.list(`timelines/${source}/`, signal)) {
    const parsed = parseEntryName(name)
    if (parsed?.source === source) places.push({ name, seq: parsed.seq })
  }
  // What was there and is not any more must not be taken from memory.
  if (known.size > places.length) known.clear()
  // The head names all others by their hashes: while it is the same, so were they.
  const head = places.at(-1)
  const wasHead = known.get(head?.seq ?? -1)
  if (head !== undefined && wasHead !== undefined) {
    const slot = await readSlot(deps, { ...head, source }, signal)
    if (slot.hash !== wasHead.hash) known.clear()
  }
  const slots: Slot[] = []
  const reading = mapConcurrent(
    places,
    GETS_MAX,
    async ({ name, seq }) =>
      known.get(seq) ?? (await readSlot(deps, { name, seq, source }, signal)),
  )
  for await (const slot of reading) {
    slots.push(slot)
    if (slot.kind === 'entry') known.set(slot.seq, slot)
  }
  return slots
}

async function readSlot(
  deps: ReadChainDeps,
  { name, seq, source }: { name: ObjectName; seq: number; source: string },
  signal: AbortSignal,
): Promise<Slot> {
  try {
    return await parseSlot(deps, { source, seq }, await deps.store.get(name, { signal }))
  } catch (error) {
    if (!isAppError(error, 'store.not-found') && !isAppError(error, 'store.short-read')) throw error
    const message = `Cannot read timeline "${source}": object "${name}" is listed but cannot be read`
    throw new AppError('timeline.damaged', message, { object: name }, { cause: error })
  }
}
