import { AppError, isAppError } from '#stdx/app-error'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectName, ObjectStore } from '#store/object-store'
import { type Chain, chainSlots, type SeenHead } from './chain-slots.ts'
import { parseEntryName, VAULT_TIMELINE } from './entry-name.ts'
import { parseSlot, type ReadEntryDeps, type Slot } from './envelope.ts'
import type { HeadMemory } from './head-memory.ts'
import { collectRevocations, type Revocations, voidRevoked } from './revocations.ts'

/** How many entries are on their way at a time. */
const GETS_MAX = 16

export type ReadChainDeps = ReadEntryDeps & {
  readonly store: ObjectStore
  readonly memory: HeadMemory
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
  { findSaid, known, revoked, signal }: ReadChainOptions,
): Promise<Chain> {
  // What was seen is asked first: an entry that another process commits and remembers meanwhile must
  // not look like one that went missing.
  const [remembered, said] = await Promise.all([deps.memory.recall(source), findSaid?.() ?? []])
  const read = await readSlots(deps, source, { known, signal })
  const slots = voidRevoked(source, read, revoked ?? revokedBy(source, read))
  const seen = remembered === undefined ? said : [...said, remembered]
  const chain = chainSlots(source, slots, seen)
  const isNewer = remembered === undefined || remembered.seq < chain.headSeq
  if (isNewer && chain.headSeq >= 0 && chain.damagedFrom === null && chain.voids.length === 0) {
    await deps.memory.remember(source, { seq: chain.headSeq, hash: chain.headHash })
  }
  return chain
}

function revokedBy(source: string, slots: readonly Slot[]): Revocations {
  if (source !== VAULT_TIMELINE) return new Map()
  return collectRevocations(slots.flatMap((slot) => (slot.kind === 'entry' ? [slot.entry] : [])))
}

async function readSlots(
  deps: ReadChainDeps,
  source: string,
  {
    known,
    signal,
  }: { readonly known: Map<number, Slot> | undefined; readonly signal: AbortSignal },
): Promise<Slot[]> {
  const places: { name: ObjectName; seq: number }[] = []
  for await (const { name } of deps.store.list(`timelines/${source}/`, signal)) {
    const parsed = parseEntryName(name)
    if (parsed?.source === source) places.push({ name, seq: parsed.seq })
  }
  // What was there and is not any more must not be taken from memory.
  if (known !== undefined && known.size > places.length) known.clear()
  const slots: Slot[] = []
  const reading = mapConcurrent(
    places,
    GETS_MAX,
    async ({ name, seq }) =>
      known?.get(seq) ?? (await readSlot(deps, { name, seq, source }, signal)),
  )
  for await (const slot of reading) {
    slots.push(slot)
    if (slot.kind === 'entry') known?.set(slot.seq, slot)
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
