import { AppError, isAppError } from '#stdx/app-error'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectStore } from '#store/object-store'
import { type LinkedEntry, Linker, type Links, type SeenHead } from './chain-slots.ts'
import { formatEntryName, VAULT_TIMELINE } from './entry-name.ts'
import { hashEntry, parseSlot, type ReadEntryDeps, type Slot } from './envelope.ts'
import { findSlotsAfter, listSlots, type SlotPlace } from './find-slots.ts'
import { collectRevocations, type Revocations, voidRevoked } from './revocations.ts'

export type WalkDeps = ReadEntryDeps & { readonly store: ObjectStore }

export type Walk = {
  readonly seen: readonly SeenHead[]
  /** What `_vault` revokes; of that timeline itself, what is known before it is read. */
  readonly revoked: Revocations
  /** Called with every entry that counts, in order. */
  readonly onEntry: (linked: LinkedEntry) => void
  /** Called now and then between entries. */
  readonly onWindow?: () => Promise<void>
  readonly signal: AbortSignal
}

/** How many entries are on their way at a time. */
const GETS_MAX = 16
const WINDOW_SLOTS = 1024

/** Reads every slot of a timeline and verifies it: seal, signature, author, place, chain. */
export async function walkTimeline(deps: WalkDeps, source: string, walk: Walk): Promise<Links> {
  const walking = new Walking(deps, source, walk)
  for await (const window of windowsOf(listSlots(deps.store, source, walk.signal))) {
    await walking.take(window)
  }
  return await walking.finish()
}

export type Known = {
  /** Sound, as this machine has verified them. */
  readonly links: Links
  /** Hash of the object that was in a slot up to the last entry of them. */
  readonly hashAt: (seq: number) => string | undefined
}

/**
 * Reads only what came after what is known. The head names all entries before it by their hashes:
 * while it is the same, so are they.
 * @returns `undefined` when anything does not fit what is known: then what lies there now tells
 */
export async function walkOn(
  deps: WalkDeps,
  { hashAt, links }: Known,
  walk: Walk,
): Promise<Links | undefined> {
  const { headHash, headSeq, source } = links
  const isOther = ({ hash, seq }: SeenHead) =>
    seq <= headSeq && (seq === headSeq ? headHash : hashAt(seq)) !== hash
  if (walk.seen.some(isOther) || isRevoked(links, walk.revoked)) return undefined
  const after = await findSlotsAfter(deps.store, { headSeq, source }, walk.signal)
  if (after === undefined) return undefined
  const walking = new Walking(deps, source, walk, links)
  try {
    const head = { name: formatEntryName(source, headSeq), seq: headSeq }
    const bytes = await readObject(deps, source, head, walk.signal)
    if (hashEntry(bytes) !== headHash) return undefined
    for await (const window of windowsOf(after)) await walking.take(window)
  } catch (error) {
    if (isAppError(error, 'timeline.damaged')) return undefined
    throw error
  }
  const found = await walking.finish()
  return found.damagedFrom === null && found.rolledBack === null ? found : undefined
}

/** Whether somebody stated an entry that counts and is revoked from before it. */
export function isRevoked({ authors, source }: Links, revoked: Revocations): boolean {
  return [...revoked].some(([author, last]) => (authors.get(author) ?? -1) > (last[source] ?? -1))
}

class Walking {
  readonly #deps: WalkDeps
  readonly #source: string
  readonly #walk: Walk
  readonly #linker: Linker
  #revoked: Revocations
  #last: SlotPlace | undefined
  #linkedSeq = -1

  constructor(deps: WalkDeps, source: string, walk: Walk, after?: Links) {
    this.#deps = deps
    this.#source = source
    this.#walk = walk
    this.#revoked = walk.revoked
    this.#linker = new Linker(source, { seen: walk.seen, after })
  }

  async take(window: readonly SlotPlace[]): Promise<void> {
    this.#last = window.at(-1)
    await this.#link(this.#linker.isBroken ? window.filter(this.#tells(window)) : window)
    await this.#walk.onWindow?.()
  }

  async finish(): Promise<Links> {
    const last = this.#last
    if (last !== undefined && last.seq !== this.#linkedSeq) await this.#link([last])
    const { last: entry, links } = this.#linker.finish()
    if (entry !== undefined) this.#walk.onEntry(entry)
    return links
  }

  /** Which slots behind a damage tell something: the next one, and what was seen. */
  #tells([next]: readonly SlotPlace[]): (place: SlotPlace) => boolean {
    return (place) => place === next || this.#walk.seen.some(({ seq }) => seq === place.seq)
  }

  async #link(places: readonly SlotPlace[]): Promise<void> {
    const { signal } = this.#walk
    const slots: Slot[] = []
    const reading = mapConcurrent(places, GETS_MAX, async (place) =>
      parseSlot(
        this.#deps,
        { source: this.#source, seq: place.seq },
        await readObject(this.#deps, this.#source, place, signal),
      ),
    )
    for await (const slot of reading) slots.push(slot)
    this.#learnRevoked(slots)
    for (const slot of voidRevoked(this.#source, slots, this.#revoked)) {
      const linked = this.#linker.add(slot)
      if (linked !== undefined) this.#walk.onEntry(linked)
      this.#linkedSeq = slot.seq
    }
  }

  #learnRevoked(slots: readonly Slot[]): void {
    if (this.#source !== VAULT_TIMELINE) return
    const entries = slots.flatMap((slot) => (slot.kind === 'entry' ? [slot.entry] : []))
    // The first word on a certificate counts.
    this.#revoked = new Map([...collectRevocations(entries), ...this.#revoked])
  }
}

async function readObject(
  { store }: WalkDeps,
  source: string,
  { name }: SlotPlace,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await store.get(name, { signal })
  } catch (error) {
    if (!isAppError(error, 'store.not-found') && !isAppError(error, 'store.short-read')) throw error
    const message = `Cannot read timeline "${source}": object "${name}" is listed but cannot be read`
    throw new AppError('timeline.damaged', message, { object: name }, { cause: error })
  }
}

async function* windowsOf(
  places: AsyncIterable<SlotPlace> | Iterable<SlotPlace>,
): AsyncGenerator<readonly SlotPlace[], void, undefined> {
  let window: SlotPlace[] = []
  for await (const place of places) {
    window.push(place)
    if (window.length < WINDOW_SLOTS) continue
    yield window
    window = []
  }
  if (window.length > 0) yield window
}
