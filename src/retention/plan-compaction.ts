import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { KeptVersions } from '#segment/kept-points'
import { type PlacedSegment, seqsOf } from '#segment/segment'
import type { ObjectName } from '#store/object-store'
import type { ExpiredPoints } from '#timeline/expired-points'
import type { TimelineState } from '#timeline/timeline-state'

/** Segments that follow each other in key order: what one session wrote of one entity and layout. */
export type Run = {
  readonly segments: readonly PlacedSegment[]
  /** Stored, keys and rows. */
  readonly bytes: number
  readonly versionCount: number
  /** Seqs of its versions. */
  readonly seqMin: number
  readonly seqMax: number
  /** Seq of the entry that added it. */
  readonly addedBy: number
}

/** Everything that is live of one generation of an entity, and which points need it. */
export type GenerationRuns = {
  readonly entity: EntityName
  readonly generation: number
  /** By their newest version, oldest first. */
  readonly runs: readonly Run[]
  /** Seqs of the kept points that hold the generation, ascending, and the rows of the first of them. */
  readonly points: readonly number[]
  readonly firstRowCount: number
  /** Points that were let go, and the entries that did it. */
  readonly expired: ExpiredPoints
  /** Of the newest point of the timeline. */
  readonly newestSeq: number
}

/** Runs to be replaced by what kept points see of them. */
export type Merge = {
  readonly entity: EntityName
  readonly generation: number
  /**
   * `unseen`: no kept point holds the generation, so nothing is read and nothing written. `expired`:
   * much of it was only seen by points that were let go. `similar`: there are many of one size.
   * `sparse`: its large values lie in objects that hold little else that is needed.
   */
  readonly reason: 'unseen' | 'expired' | 'similar' | 'sparse'
  readonly runs: readonly Run[]
  readonly kept: KeptVersions
  /** Objects whose large values are stored anew. */
  readonly leaving?: ReadonlySet<ObjectName>
}

const FAN_IN = 8
/** Sizes are told apart by powers of the fan-in, from this one on. */
const LEAST_TIER_BYTES = 65_536
/** A run of this share of the largest one is merged no more, and a merge stops at the second share. */
const LARGE_SHARE = 0.05
const MERGED_SHARE = 0.1
/** Runs smaller than this are merged however small the largest one is. */
const SMALL_BYTES = 2_097_152
/** A generation is written anew when this share of its versions may go. */
const DROPPABLE_SHARE = 0.125
/** Small merges share an entry until their runs pass this. */
const ENTRY_BYTES = 67_108_864
/** What the decoded blocks of a merge may take. */
const MERGE_MEMORY_BYTES = 104_857_600
/** A decoded block and what is read ahead of it. */
const RUN_MEMORY_BYTES = 2_359_296

/** What is live, generation by generation. Pure. */
export function listGenerations(state: TimelineState): GenerationRuns[] {
  return [...state.segments].flatMap(([entity, segments]) => {
    const layouts = new Map((state.schemas.get(entity) ?? []).map((one) => [one.version, one]))
    return [...Map.groupBy(segments, ({ ref }) => ref.generation)].map(([generation, members]) =>
      describeGeneration(state, { entity, generation, segments: members, layouts }),
    )
  })
}

function describeGeneration(
  { expired, points }: TimelineState,
  {
    entity,
    generation,
    layouts,
    segments,
  }: {
    readonly entity: EntityName
    readonly generation: number
    readonly segments: readonly PlacedSegment[]
    readonly layouts: ReadonlyMap<number, SchemaVersion>
  },
): GenerationRuns {
  const runs = [...Map.groupBy(segments, (one) => nameOfRun(one, layouts)).values()].map(toRun)
  const held = points.flatMap(({ factsOf, seq }) => {
    const facts = factsOf(entity)
    return facts?.generation === generation ? [{ seq, rows: facts.rows }] : []
  })
  return {
    entity,
    generation,
    runs: runs.sort((a, b) => a.seqMax - b.seqMax || a.seqMin - b.seqMin),
    points: held.map(({ seq }) => seq),
    firstRowCount: held[0]?.rows ?? 0,
    expired,
    newestSeq: points.at(-1)?.seq ?? 0,
  }
}

/** Segments of one session and layout do not overlap; `mergeSegments` writes a run per layout. */
function nameOfRun({ ref }: PlacedSegment, layouts: ReadonlyMap<number, SchemaVersion>): string {
  const session = ref.keyring.slice(0, ref.keyring.lastIndexOf('/'))
  return `${session}/${layouts.get(ref.schema)?.layout ?? 0}`
}

function toRun(segments: readonly PlacedSegment[]): Run {
  const seqs = segments.map(seqsOf)
  return {
    segments,
    bytes: segments.reduce((sum, { ref }) => sum + bytesOf(ref), 0),
    versionCount: segments.reduce((sum, { ref }) => sum + ref.versionCount, 0),
    seqMin: Math.min(...seqs.map(({ min }) => min)),
    seqMax: Math.max(...seqs.map(({ max }) => max)),
    addedBy: Math.max(...segments.map(({ seq }) => seq)),
  }
}

function bytesOf({ keys, rows }: PlacedSegment['ref']): number {
  return keys.sizeBytes + (rows?.sizeBytes ?? 0)
}

/** The next merge of a generation by what its entries tell; `undefined` when there is none. Pure. */
export function planMerge(one: GenerationRuns): Merge | undefined {
  if (one.points.length === 0) return toMerge(one, 'unseen', one.runs)
  const similar = findSimilar(one.runs)
  return similar && toMerge(one, 'similar', similar)
}

/**
 * Whether so much of a generation may be droppable that it is worth counting. An upper bound: before
 * the first kept point one version a record is needed, between two at least those of the largest run,
 * which has each record once; of a run that spans points everything may go when one of them was let go
 * since it was written. Pure.
 */
export function isWorthCounting(one: GenerationRuns): boolean {
  const { expired, points, runs } = one
  if (expired.size === 0) return false
  const intervalOf = (seq: number) => points.findIndex((point) => point >= seq)
  const isInside = ({ seqMax, seqMin }: Run) => intervalOf(seqMin) === intervalOf(seqMax)
  const straddling = runs.filter((run) => !isInside(run))
  let droppable = sumVersions(straddling.filter((run) => isLoose(run, expired)))
  const byInterval = Map.groupBy(runs.filter(isInside), ({ seqMax }) => intervalOf(seqMax))
  for (const [interval, members] of byInterval) {
    const isShared = straddling.some(
      ({ seqMax, seqMin }) => intervalOf(seqMin) <= interval && interval <= intervalOf(seqMax),
    )
    const needed = interval < 0 || isShared ? 0 : leastNeeded(one, interval, members)
    droppable += Math.max(0, sumVersions(members) - needed)
  }
  return droppable >= DROPPABLE_SHARE * sumVersions(runs)
}

function leastNeeded(
  { expired, firstRowCount }: GenerationRuns,
  interval: number,
  members: readonly Run[],
): number {
  if (interval === 0) return firstRowCount
  const tight = members.filter((run) => !isLoose(run, expired))
  return Math.max(0, ...tight.map(({ versionCount }) => versionCount))
}

/** Whether a run may hold several versions of a record that no point tells apart any more. */
function isLoose({ addedBy, seqMax, seqMin }: Run, expired: GenerationRuns['expired']): boolean {
  if (seqMin === seqMax) return false
  return expired.isAnyBetween({ seqMin, seqMax }, addedBy)
}

function sumVersions(runs: readonly Run[]): number {
  return runs.reduce((sum, { versionCount }) => sum + versionCount, 0)
}

/**
 * The merge that drops what may go, when that is enough. Pure.
 * @param dropped as `countDroppable` says
 */
export function planRewrite(one: GenerationRuns, dropped: readonly number[]): Merge | undefined {
  const total = sumVersions(one.runs)
  const all = dropped.reduce((sum, count) => sum + count, 0)
  if (all === 0 || all < DROPPABLE_SHARE * total) return undefined
  // What is newer than nearly all that goes stays as it is: a rolling window rewrites its old end only.
  let reached = 0
  const last = dropped.findIndex((count) => {
    reached += count
    return reached >= 0.9 * all
  })
  const upTo = one.points[last] ?? Number.POSITIVE_INFINITY
  const runs = one.runs.filter(({ seqMin }) => seqMin <= upTo)
  return toMerge(one, 'expired', fitMemory(runs))
}

/** Versions that all runs together can do without. */
export function keptOf(one: GenerationRuns, runs: readonly Run[]): KeptVersions {
  const outside = one.runs.filter((run) => !runs.includes(run))
  // Of a source that is followed there are more than a call takes arguments.
  const outsideSeqMin = outside.reduce((min, { seqMin }) => Math.min(min, seqMin), Infinity)
  return { points: one.points, newestSeq: one.newestSeq, outsideSeqMin }
}

/**
 * Merges by the entry they share: small ones share one. Never two of one generation: the segments of
 * one session and layout are one run, and the results of two merges may overlap. Pure.
 */
export function cutSteps(merges: readonly Merge[]): Merge[][] {
  const steps: Merge[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const merge of merges) {
    const { entity, generation, runs } = merge
    const isMet = steps
      .at(-1)
      ?.some((other) => other.entity === entity && other.generation === generation)
    if (bytes >= ENTRY_BYTES || isMet) {
      steps.push([])
      bytes = 0
    }
    steps.at(-1)?.push(merge)
    bytes += runs.reduce((sum, run) => sum + run.bytes, 0)
  }
  return steps
}

function toMerge(one: GenerationRuns, reason: Merge['reason'], runs: readonly Run[]): Merge {
  const { entity, generation } = one
  return { entity, generation, reason, runs, kept: keptOf(one, runs) }
}

/**
 * Neighbours in time of one size, `FAN_IN` of them at least, with smaller ones between them. Merging
 * neighbours only leaves runs that a look at an old point can pass over.
 */
function findSimilar(runs: readonly Run[]): readonly Run[] | undefined {
  const largest = runs.reduce((max, { bytes }) => Math.max(max, bytes), 0)
  const isSmall = ({ bytes }: Run) =>
    bytes < SMALL_BYTES || (bytes < LARGE_SHARE * largest && bytes < largest)
  const stretches = cutStretches(runs, isSmall)
  const tiers = [...new Set(stretches.flat().map(tierOf))].sort((a, b) => a - b)
  for (const tier of tiers) {
    for (const stretch of stretches) {
      const found = cutStretches(stretch, (run) => tierOf(run) <= tier).find(
        (some) => some.filter((run) => tierOf(run) === tier).length >= FAN_IN,
      )
      if (found !== undefined) return takeOldest(found, MERGED_SHARE * largest)
    }
  }
  // Sizes that alternate must not keep runs from ever being merged.
  const longest = stretches.find((some) => some.length >= FAN_IN * FAN_IN)
  return longest && takeOldest(longest, MERGED_SHARE * largest)
}

/** Runs in a row for which `isIn` holds. */
function cutStretches(runs: readonly Run[], isIn: (run: Run) => boolean): Run[][] {
  const stretches: Run[][] = [[]]
  for (const run of runs) {
    if (isIn(run)) stretches.at(-1)?.push(run)
    else stretches.push([])
  }
  return stretches.filter((some) => some.length > 0)
}

function tierOf({ bytes }: Run): number {
  return Math.round(
    Math.log(Math.max(bytes, LEAST_TIER_BYTES) / LEAST_TIER_BYTES) / Math.log(FAN_IN),
  )
}

/** Until the result is large, or memory would be. */
function takeOldest(runs: readonly Run[], bytesMax: number): readonly Run[] {
  const most = Math.max(bytesMax, SMALL_BYTES)
  let bytes = 0
  const end = runs.findIndex((run) => {
    bytes += run.bytes
    return bytes >= most
  })
  return fitMemory(end < 0 ? runs : runs.slice(0, Math.max(2, end + 1)))
}

/** The oldest that can be merged at a time; the result takes part in the next merge. */
function fitMemory(runs: readonly Run[]): readonly Run[] {
  let bytes = 0
  const end = runs.findIndex((run) => {
    bytes += memoryOf(run)
    return bytes > MERGE_MEMORY_BYTES
  })
  return end < 0 ? runs : runs.slice(0, Math.max(2, end))
}

/** A small run is one block of several times its stored size. */
function memoryOf({ bytes }: Run): number {
  return Math.min(RUN_MEMORY_BYTES, 65_536 + 16 * bytes)
}
