import { Folding } from './fold-timeline.ts'
import { SOURCE_FORM } from './kept-forms.ts'
import type { ReadChainOptions } from './read-chain.ts'
import { type Keeping, type Kept, type ReadKeptDeps, readKept } from './read-kept.ts'
import type { TimelineState } from './timeline-state.ts'

/** A source's timeline, folded. */
export type KeptSource = Kept & { readonly state: TimelineState }

/** Reads a source's timeline to its head, going on from what is known of it. */
export async function readSource(
  deps: ReadKeptDeps<KeptSource>,
  source: string,
  options: ReadChainOptions,
): Promise<KeptSource> {
  return await readKept(deps, source, SOURCES, options)
}

const SOURCES: Keeping<KeptSource> = {
  form: SOURCE_FORM,
  begin(source, before) {
    const folding = new Folding(source, before?.state)
    return {
      take: (linked) => folding.take(linked),
      spill: (pages) => folding.spill(pages),
      finish: (links, keptSeq) => ({ links, keptSeq, state: folding.finish(links) }),
    }
  },
  hashAt: ({ state }, seq) => state.points.log.at(seq)?.hash,
  revokedBy: () => new Map(),
}
