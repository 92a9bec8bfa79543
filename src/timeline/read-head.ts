import { collect } from '#stdx/streams'
import type { ObjectStore } from '#store/object-store'
import { parseEntryName } from './entry-name.ts'
import { parseSlot, type ReadEntryDeps, type Slot } from './envelope.ts'

export type ReadHeadDeps = ReadEntryDeps & { readonly store: ObjectStore }

/**
 * The slots of a timeline from its head backwards, each authenticated by itself: its place in the
 * chain is not looked at.
 */
export async function* readBackwards(
  deps: ReadHeadDeps,
  source: string,
  signal: AbortSignal,
): AsyncGenerator<Slot, void, undefined> {
  const listed = await collect(deps.store.list(`timelines/${source}/`, signal))
  for (const { name } of listed.reverse()) {
    const parsed = parseEntryName(name)
    if (parsed?.source !== source) continue
    const bytes = await deps.store.get(name, { signal })
    yield await parseSlot(deps, { source, seq: parsed.seq }, bytes)
  }
}
