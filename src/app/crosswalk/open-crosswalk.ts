import type { SourceCut } from '#connector/connector'
import type { SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { Catalogue } from '#record/schema'
import type { CompareDeps } from '#restore/compare-target'
import { Crosswalk, type CrosswalkLine } from '#restore/crosswalk'
import { type FoundWritten, findWritten } from '#restore/find-written'
import { AppError } from '#stdx/app-error'
import { parsePointAddress } from '#timeline/resolve-point'
import type { Vault } from '#vault/vault'
import { findRestored, readRestoredEntity } from '../points/read-restored.ts'
import { type ReadLines, readLines } from './read-crosswalk.ts'

/** What one source's records are called in a target, and what had to be found out about it. */
export type OpenedCrosswalk = {
  readonly known: Crosswalk
  /** Ids of interrupted restores whose rows are there, and of those that left nothing. */
  readonly written: readonly string[]
  readonly gone: readonly string[]
}

export type OpeningCrosswalk = {
  readonly compare: CompareDeps
  /** As the target describes what restores wrote into it. */
  readonly catalogue: Catalogue
  readonly cut: Pick<SourceCut, 'scan'>
  /** The target is seen in its own shape, not in that of the point. */
  readonly isMigration: boolean
  readonly target: string
  readonly vault: Vault
}

/** Lines of one source in one system, oldest first. */
export async function readSourceLines(
  vault: Vault,
  { identity, source }: { readonly identity: SourceIdentity; readonly source: string },
  signal: AbortSignal,
): Promise<readonly ReadLines[]> {
  const all = await readLines(vault, identity, signal)
  return all.filter(({ begun }) => parsePointAddress(begun.body.point).source === source)
}

/** What records may be called there: of restores that wrote, or of which nothing says how they ended. */
export function linesGiven(lines: readonly ReadLines[]): readonly CrosswalkLine[] {
  return lines.flatMap((one) => (one.state === 'written' || one.state === 'open' ? one.lines : []))
}

/**
 * The crosswalk as it counts. Of restores that were interrupted the target itself is asked: their rows are
 * there as they were to be, or nothing is. Where neither is so, a person has to say. Those of the other shape
 * cannot be looked for: they stay open, for the next restore that sees the target as they do.
 *
 * @throws restore.keys-unclear, and as reading pre-images and tables
 */
export async function openCrosswalk(
  deps: OpeningCrosswalk,
  lines: readonly ReadLines[],
  signal: AbortSignal,
): Promise<OpenedCrosswalk> {
  const written: string[] = []
  const gone: string[] = []
  const open = lines.filter(({ begun, state }) => {
    return state === 'open' && (begun.body.mapping !== undefined) === deps.isMigration
  })
  for (const one of open) {
    const { restore } = one.begun.body
    const found = await judgeOpen(deps, one, signal)
    if (found.isWritten) written.push(restore)
    else if (found.taken === null) gone.push(restore)
    else throw unclear(deps.target, restore, found.taken)
  }
  const counting = lines.filter(({ begun, state }) => {
    return state === 'written' || written.includes(begun.body.restore)
  })
  return { known: new Crosswalk(counting.flatMap((one) => one.lines)), written, gone }
}

async function judgeOpen(
  { catalogue, compare, cut, vault }: OpeningCrosswalk,
  { begun, lines }: ReadLines,
  signal: AbortSignal,
): Promise<FoundWritten> {
  const found = await findRestored(vault, begun, signal)
  const minted = new Set(lines.map(({ targetEntity }) => targetEntity))
  const isInserting = begun.body.entities.some(
    ({ entity, insert }) => insert > 0 && minted.has(entity),
  )
  // It gave rows that were there to other records, as a person said: they are theirs, written or not.
  if (!isInserting) return { isWritten: true, taken: null }
  let taken: EntityName | null = null
  for (const { entity, insert } of begun.body.entities) {
    const described = catalogue.entities.find((one) => one.entity === entity)
    if (insert === 0 || !minted.has(entity) || described === undefined) continue
    await using stack = new AsyncDisposableStack()
    const restored = await readRestoredEntity(
      { compare, stack, vault },
      { ...found, entity },
      signal,
    )
    const one = await findWritten(compare, { undone: restored, cut, described }, signal)
    if (one.isWritten) return one
    taken ??= one.taken
  }
  return { isWritten: false, taken }
}

function unclear(target: string, restore: string, entity: EntityName): AppError {
  const found = `numbers that restore ${restore} was about to give in "${entity}" are taken by other records`
  const message = `Cannot tell what records are called in "${target}": ${found}`
  return new AppError('restore.keys-unclear', message, { target, restore, entity })
}
