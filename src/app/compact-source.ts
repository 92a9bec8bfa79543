import type { Merge } from '#retention/plan-compaction'
import { type CompactionSummary, planRound, runCompaction } from '#retention/run-compaction'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { sayHeads } from './points/say-heads.ts'

/** What `compact --dry-run` prints: what would be merged first. */
export type CompactionPlan = {
  readonly source: string
  readonly merges: readonly PlannedMerge[]
  /** Stored keys and rows of these segments now. */
  readonly bytesBefore: number
}

export type PlannedMerge = {
  readonly entity: string
  readonly generation: number
  readonly reason: Merge['reason']
  /** Names of the segments that would be replaced. */
  readonly segments: readonly string[]
  readonly versions: number
  readonly bytes: number
}

export type CompactedSource = CompactionSummary & { readonly source: string }

/**
 * Merges what one source has in many segments, and drops what no kept point sees. What every kept
 * point holds stays the same; the space comes back when what was replaced is collected.
 *
 * @throws vault.source-unknown | vault.role-missing | retention.compaction-raced | timeline.damaged
 */
export async function compactSource(
  deps: Pick<Context, 'clock' | 'progress' | 'random'>,
  vault: Vault,
  source: string,
  signal: AbortSignal,
): Promise<CompactedSource> {
  const { clock, progress, random } = deps
  progress.begin({ label: `Compacting ${source}` })
  const add = (done: { readonly rows: number; readonly bytes: number }) => progress.add(done)
  const summary = await runCompaction({ vault, clock, random, progress: add }, source, signal)
  if (summary.entries.length > 0) await sayHeads(vault, signal)
  progress.end()
  return { source, ...summary }
}

/**
 * What `compactSource` would merge, segment by segment. What comes out of these merges may be merged
 * again in the same run.
 */
export async function planSource(
  vault: Vault,
  source: string,
  signal: AbortSignal,
): Promise<CompactionPlan> {
  const merges = await planRound(vault, await vault.readTimeline(source, signal), signal)
  const planned = merges.map(describe)
  return {
    source,
    merges: planned,
    bytesBefore: planned.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

function describe({ entity, generation, reason, runs }: Merge): PlannedMerge {
  return {
    entity,
    generation,
    reason,
    segments: runs.flatMap(({ segments }) => segments.map(({ ref }) => ref.keyring)),
    versions: runs.reduce((sum, { versionCount }) => sum + versionCount, 0),
    bytes: runs.reduce((sum, one) => sum + one.bytes, 0),
  }
}
