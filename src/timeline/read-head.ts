import { collect } from '#stdx/streams'
import type { ObjectStore } from '#store/object-store'
import { formatEntryName } from './entry-name.ts'
import { parseSlot, type ReadEntryDeps, type Slot } from './envelope.ts'
import { findLast, LISTED_MAX, listSlots, type SlotPlace } from './find-slots.ts'

/** So many of the last slots are looked at where they are not listed. */
const BACKWARDS_MAX = 1024

export type ReadHeadDeps = ReadEntryDeps & { readonly store: ObjectStore }

/**
 * The slots of a timeline from its head backwards, each authenticated by itself: its place in the
 * chain is not looked at.
 *
 * @param knownSeq of an entry that somebody saw; from a late one on the head is looked for, not listed
 */
export async function* readBackwards(
  deps: ReadHeadDeps,
  { knownSeq, source }: { readonly source: string; readonly knownSeq?: number | undefined },
  signal: AbortSignal,
): AsyncGenerator<Slot, void, undefined> {
  for (const { name, seq } of await listBackwards(
    deps,
    { knownSeq: knownSeq ?? 0, source },
    signal,
  )) {
    yield await parseSlot(deps, { source, seq }, await deps.store.get(name, { signal }))
  }
}

async function listBackwards(
  { store }: ReadHeadDeps,
  { knownSeq, source }: { readonly source: string; readonly knownSeq: number },
  signal: AbortSignal,
): Promise<readonly SlotPlace[]> {
  const known = formatEntryName(source, knownSeq)
  const isFound = knownSeq > LISTED_MAX && (await store.stat(known, signal)) !== undefined
  if (!isFound) return (await collect(listSlots(store, source, signal))).reverse()
  const last = await findLast(store, { headSeq: knownSeq, source }, signal)
  return Array.from({ length: BACKWARDS_MAX }, (_, i) => last - i)
    .filter((seq) => seq >= 0)
    .map((seq) => ({ name: formatEntryName(source, seq), seq }))
}
