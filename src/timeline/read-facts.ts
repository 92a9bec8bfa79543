import type { Chain, LinkedEntry } from './chain-slots.ts'
import { VAULT_TIMELINE } from './entry-name.ts'
import type { Entry } from './envelope.ts'
import { FACTS_FORM } from './kept-forms.ts'
import { PagedLog } from './paged-log.ts'
import type { ReadChainOptions } from './read-chain.ts'
import { type Keeping, type Kept, type ReadKeptDeps, readKept } from './read-kept.ts'
import { collectRevocations } from './revocations.ts'

/** The timeline of the vault itself. */
export type KeptFacts = Kept & {
  /** Those that count; of what was said of heads, the newest. */
  readonly entries: readonly Entry[]
  readonly hashes: PagedLog<string>
}

/** Reads the vault's own timeline to its head, going on from what is known of it. */
export async function readFacts(
  deps: ReadKeptDeps<KeptFacts>,
  options: Omit<ReadChainOptions, 'revoked'>,
): Promise<KeptFacts> {
  return await readKept(deps, VAULT_TIMELINE, FACTS, options)
}

/** As a chain from which only superseded words on heads are missing. */
export function toChain({ entries, links }: KeptFacts): Chain {
  return { ...links, entries }
}

const FACTS: Keeping<KeptFacts> = {
  form: FACTS_FORM,
  begin(_, before) {
    let entries: readonly Entry[] = before?.entries ?? []
    let hashes = before?.hashes ?? new PagedLog<string>()
    return {
      take({ entry, hash }: LinkedEntry) {
        for (const slot of entry.voids) hashes = hashes.add(slot.hash)
        hashes = hashes.add(hash)
        entries = [
          ...(entry.body.kind === 'heads' ? dropSuperseded(entries, entry) : entries),
          entry,
        ]
      },
      async spill(pages) {
        hashes = await pages.keep(hashes)
      },
      finish: (links, keptSeq) => ({ links, keptSeq, entries, hashes }),
    }
  },
  hashAt: ({ hashes }, seq) => hashes.at(seq),
  revokedBy: ({ entries }) => collectRevocations(entries),
}

/** Without earlier words on heads that add nothing: every timeline they name is said to be as far again. */
function dropSuperseded(entries: readonly Entry[], { body: newer }: Entry): readonly Entry[] {
  if (newer.kind !== 'heads') return entries
  return entries.filter(
    ({ body }) =>
      body.kind !== 'heads' ||
      Object.entries(body.heads).some(
        ([timeline, { seq }]) => seq > (newer.heads[timeline]?.seq ?? -1),
      ),
  )
}
