import { openBlobIndex } from '#segment/blob-index'
import { countDroppable } from '#segment/count-droppable'
import { discardSegments } from '#segment/discard-segments'
import { measureBlobs } from '#segment/measure-blobs'
import { mergeSegments } from '#segment/merge-segments'
import type { SegmentRef } from '#segment/segment'
import { AppError, isAppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { CompactBody } from '#timeline/maintenance-entry'
import { refuseUnfit } from '#timeline/refuse-unfit'
import { liveSegments, type TimelineState } from '#timeline/timeline-state'
import { giveWay } from '#vault/give-way'
import type { Vault } from '#vault/vault'
import {
  cutSteps,
  type GenerationRuns,
  isWorthCounting,
  keptOf,
  listGenerations,
  type Merge,
  planMerge,
  planRewrite,
} from './plan-compaction.ts'
import { planSparse } from './plan-sparse.ts'

export type RunCompactionDeps = {
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  /** Told of every batch that was merged. */
  readonly progress: (done: { readonly rows: number; readonly bytes: number }) => void
}

export type CompactionSummary = {
  /** Entries that were committed. */
  readonly entries: readonly number[]
  /** Segments that were replaced, and those that stand for them. */
  readonly replaced: number
  readonly written: number
  readonly droppedVersions: number
  /** Of the segments that were replaced, and of those written. */
  readonly bytesBefore: number
  readonly bytesStored: number
  readonly durationMs: number
}

/** How often a merge is given up because somebody else replaced its segments first. */
const CONFLICTS_MAX = 5

/**
 * Merges segments of one source until nothing is worth merging. Each entry is a step of its own: an
 * interrupt loses the step it hits, and the next run goes on from there. Captures go on meanwhile.
 *
 * What every kept point holds stays the same. A step is committed after what it wrote was read back
 * from the store and compared; nothing is deleted, `collect` does that.
 * @throws retention.compaction-raced when somebody else keeps replacing the same segments
 * @throws timeline.damaged | timeline.format-unsupported before anything is written
 */
export async function runCompaction(
  deps: RunCompactionDeps,
  source: string,
  signal: AbortSignal,
): Promise<CompactionSummary> {
  const startedAtMs = deps.clock.passedMs()
  const done = { entries: [] as number[], replaced: 0, written: 0, droppedVersions: 0 }
  const bytes = { bytesBefore: 0, bytesStored: 0 }
  for (let conflicts = 0; ; ) {
    const state = await deps.vault.readTimeline(source, signal)
    const merges = await planRound(deps.vault, state, signal)
    if (merges.length === 0) break
    for (const step of cutSteps(merges)) {
      const result = await runStep(deps, { state, step }, signal)
      if (result === undefined) {
        conflicts += 1
        if (conflicts >= CONFLICTS_MAX) throw raced(source)
        break
      }
      done.entries.push(result.seq)
      done.replaced += result.body.removes.length
      done.written += result.body.segments.length
      done.droppedVersions += result.droppedVersions
      bytes.bytesBefore += sumBytes(step)
      bytes.bytesStored += result.body.bytesStored
    }
  }
  return { ...done, ...bytes, durationMs: deps.clock.passedMs() - startedAtMs }
}

/** The next merge of every generation that has one. Reads nothing but keys of what may be droppable. */
export async function planRound(
  vault: Vault,
  state: TimelineState,
  signal: AbortSignal,
): Promise<Merge[]> {
  refuseUnfit(state)
  const merges: Merge[] = []
  const generations = listGenerations(state)
  for (const one of generations) {
    const merge = planMerge(one) ?? (await findRewrite(vault, state, one, signal))
    if (merge !== undefined) merges.push(merge)
  }
  // Last, when it is settled which versions stay.
  return merges.length > 0 ? merges : await findSparse(vault, state, generations, signal)
}

async function findSparse(
  vault: Vault,
  state: TimelineState,
  generations: readonly GenerationRuns[],
  signal: AbortSignal,
): Promise<Merge[]> {
  const live = liveSegments(state)
  if (!live.some(({ ref }) => ref.blobs !== null || ref.borrowed.length > 0)) return []
  const deps = await vault.readDeps(state.source, signal)
  return planSparse(state, generations, await measureBlobs(deps, live, signal))
}

async function findRewrite(
  vault: Vault,
  state: TimelineState,
  one: GenerationRuns,
  signal: AbortSignal,
): Promise<Merge | undefined> {
  if (!isWorthCounting(one)) return undefined
  const schemas = schemasOf(state, one)
  const kept = keptOf(one, one.runs)
  const runs = one.runs.map(({ segments }) => segments)
  const deps = await vault.readDeps(state.source, signal)
  return planRewrite(one, await countDroppable(deps, { kept, runs, schemas, signal }))
}

type StepResult = {
  readonly seq: number
  readonly body: CompactBody
  readonly droppedVersions: number
}

/** `undefined` when others replaced one of its segments first: then nothing of it stays. */
async function runStep(
  deps: RunCompactionDeps,
  { state, step }: { readonly state: TimelineState; readonly step: readonly Merge[] },
  signal: AbortSignal,
): Promise<StepResult | undefined> {
  const startedAtMs = deps.clock.passedMs()
  const session = Buffer.from(deps.random.bytes(16)).toString('hex')
  const merged = await mergeAll(deps, { session, state, step }, signal)
  const body: CompactBody = {
    kind: 'compact',
    session,
    removes: step.flatMap(({ runs }) => runs.flatMap(namesOf)),
    segments: merged.segments,
    bytesStored: merged.segments.reduce((sum, ref) => sum + storedBytes(ref), 0),
    durationMs: deps.clock.passedMs() - startedAtMs,
  }
  const seq = await commit(deps.vault, state, body, signal)
  if (seq === undefined) {
    await discardSegments(deps.vault, merged.segments)
    return undefined
  }
  return { seq, body, droppedVersions: merged.droppedVersions }
}

async function mergeAll(
  { progress: onProgress, vault }: RunCompactionDeps,
  {
    session,
    state,
    step,
  }: { readonly session: string; readonly state: TimelineState; readonly step: readonly Merge[] },
  signal: AbortSignal,
): Promise<{ segments: SegmentRef[]; droppedVersions: number }> {
  const { source } = state
  const read = await vault.readDeps(source, signal)
  const write = await vault.writeDeps(source, signal)
  const digestKey = await vault.digestKey(source, signal)
  let number = 0
  const allocateNumber = () => ++number
  const common = { digestKey, source, session, allocateNumber, onProgress, signal }
  const live = liveSegments(state)
  // Shared by the merges of a step, so that a value that leaves is stored once.
  const blobs = openBlobIndex(read, live, step[0]?.leaving)
  const segments: SegmentRef[] = []
  let droppedVersions = 0
  try {
    for (const merge of step) {
      const runs = merge.runs.map((run) => run.segments)
      if (merge.reason === 'unseen') {
        droppedVersions += merge.runs.reduce((sum, { versionCount }) => sum + versionCount, 0)
        continue
      }
      const schemas = schemasOf(state, merge)
      const { kept, leaving } = merge
      const request = { ...common, runs, schemas, kept, blobs, ...(leaving && { leaving }) }
      const merged = await mergeSegments({ read, write }, request)
      segments.push(...merged.segments)
      droppedVersions += merged.droppedCount
    }
  } catch (error) {
    await discardSegments(vault, segments)
    throw error
  }
  return { segments, droppedVersions }
}

/** After whatever was added meanwhile, unless that replaced one of these segments. */
async function commit(
  vault: Vault,
  before: TimelineState,
  body: CompactBody,
  signal: AbortSignal,
): Promise<number | undefined> {
  return await giveWay(async (lost) => {
    const state = lost === 0 ? before : await vault.readTimeline(before.source, signal)
    const live = new Set(liveSegments(state).map(({ ref }) => `${ref.keyring}`))
    if (!body.removes.every((name) => live.has(name))) return undefined
    try {
      return (await vault.append(state, body, signal)).seq
    } catch (error) {
      // What may still be taken is left for collection to judge.
      if (isAppError(error, 'vault.entry-refused')) await discardSegments(vault, body.segments)
      throw error
    }
  })
}

function schemasOf({ schemas }: TimelineState, { entity }: Pick<Merge, 'entity'>) {
  return new Map((schemas.get(entity) ?? []).map((one) => [one.version, one]))
}

function namesOf({ segments }: Merge['runs'][number]): string[] {
  return segments.map(({ ref }) => ref.keyring)
}

function sumBytes(merges: readonly Merge[]): number {
  return merges.flatMap(({ runs }) => runs).reduce((sum, { bytes }) => sum + bytes, 0)
}

function storedBytes({ blobs, keys, rows }: SegmentRef): number {
  return keys.sizeBytes + (rows?.sizeBytes ?? 0) + (blobs?.sizeBytes ?? 0)
}

function raced(source: string): AppError {
  const found = `others replaced the same segments first, ${CONFLICTS_MAX} times`
  return new AppError('retention.compaction-raced', `Cannot compact "${source}": ${found}`, {
    source,
  })
}
