import { openSegmentChecker } from '#segment/check-segment'
import type { PlacedSegment } from '#segment/segment'
import { AppError, isAppError } from '#stdx/app-error'
import { mapConcurrent } from '#stdx/streams'
import { liveSegments, type TimelineState } from '#timeline/timeline-state'
import { checkReference } from '#vault/check-reference'
import { type CheckDepth, Tally } from '#vault/check-tally'
import { readStatedKeys } from '#vault/stated-keys'
import type { Vault } from '#vault/vault'

const CHECKS_MAX = 2

/**
 * Reads every segment that counts and stands, at once or by way of others, for what the named entries
 * have replaced: every row where the credential opens rows, else every byte against its hash.
 * @throws retention.replacement-damaged naming the first object that is not whole
 */
export async function proveReplacements(
  vault: Vault,
  { entries, state }: { readonly entries: readonly number[]; readonly state: TimelineState },
  signal: AbortSignal,
): Promise<void> {
  if (entries.length === 0) return
  const { source } = state
  const depth = await deepest(vault, source, signal)
  const tally = new Tally(() => {})
  const stated = await readStatedKeys(vault, signal)
  const deps = { vault, tally, depth, stated, checkSegment: openSegmentChecker(), signal }
  const checking = mapConcurrent(standingFor(state, entries), CHECKS_MAX, async (placed) => {
    const schemas = state.schemas.get(placed.ref.entity) ?? []
    await checkReference(deps, { kind: 'segment', source, placed, schemas })
  })
  for await (const _ of checking);
  const [first] = tally.report(depth).problems
  if (first === undefined) return
  const { object, problem } = first
  const message = `Cannot delete what was replaced in "${source}": "${object}", which stands for it, is not whole: ${problem}`
  throw new AppError('retention.replacement-damaged', message, { object })
}

/** Segments that count and were added by these entries or by those that replaced theirs. */
function standingFor(
  { replaced, segments }: TimelineState,
  entries: readonly number[],
): PlacedSegment[] {
  const seqs = new Set(entries)
  // Ascending: what replaced a segment came after it.
  for (const { replacedBy, seq } of [...replaced].sort((a, b) => a.seq - b.seq)) {
    if (seqs.has(seq)) seqs.add(replacedBy)
  }
  return liveSegments({ segments }).filter(({ seq }) => seqs.has(seq))
}

async function deepest(vault: Vault, source: string, signal: AbortSignal): Promise<CheckDepth> {
  try {
    const { openers } = await vault.readDeps(source, signal)
    await vault.digestKey(source, signal)
    return openers.read === undefined ? 'hashes' : 'decoded'
  } catch (error) {
    if (isAppError(error, 'vault.role-missing')) return 'hashes'
    throw error
  }
}
