import type { SchemaVersion } from '#record/schema'
import type { DigestKey } from '#seal/keys'
import { assert } from '#stdx/assert'
import type { ObjectName } from '#store/object-store'
import type { BlobIndex } from './blob-index.ts'
import { createSegmentWriter, type SegmentWriter } from './create-segment-writer.ts'
import { discardSegments } from './discard-segments.ts'
import type { KeptVersions } from './kept-points.ts'
import { type Kernel, openKernel } from './kernel/open-kernel.ts'
import { bringHome } from './merge/bring-home.ts'
import { mergeVersions } from './merge/merge-versions.ts'
import { notVerified, rereadSegments } from './merge/reread-segments.ts'
import { RunChain } from './merge/run-chain.ts'
import { VersionSieve } from './merge/version-sieve.ts'
import { VersionTrail } from './merge/version-trail.ts'
import type { PlacedSegment, SegmentReadDeps, SegmentRef, SegmentWriteDeps } from './segment.ts'

export type MergeDeps = { readonly read: SegmentReadDeps; readonly write: SegmentWriteDeps }

export type MergeRequest = {
  /**
   * Runs of one entity and generation: each is segments of one layout that follow each other in key
   * order. Memory grows with the number of runs, some 1.5 MiB for one of many blocks.
   */
  readonly runs: readonly (readonly PlacedSegment[])[]
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  readonly kept: KeptVersions
  readonly digestKey: DigestKey
  readonly source: string
  readonly session: string
  /** A number the session has not used. */
  allocateNumber(): number
  readonly signal: AbortSignal
  /** Objects whose large values are stored anew, with the versions that refer to them. */
  readonly leaving?: ReadonlySet<ObjectName>
  /** Where such values lie already; absent: each output knows its own only. */
  readonly blobs?: BlobIndex
  /** Told of every batch that was merged. */
  readonly onProgress?: (done: { readonly rows: number; readonly bytes: number }) => void
}

export type MergedSegments = {
  /** By layout, then in key order; none when nothing was kept. */
  readonly segments: readonly SegmentRef[]
  readonly versionCount: number
  readonly droppedCount: number
  /** Row text that was written. */
  readonly textBytes: number
}

const READ_AHEAD_BYTES = 262_144

/**
 * Writes the versions of all runs that some kept point sees into new segments, one run per layout,
 * rows under the newest schema version of their layout that the runs have. Large values stay where
 * they lie, but for those that leave their object.
 *
 * When it resolves, what was written is durable, and was read back from the store and compared with
 * what had been merged. Nothing refers to it yet. When it fails, it is taken back.
 * @throws segment.not-verified | segment.damaged | segment.object-missing | segment.missing-key
 */
export async function mergeSegments(
  { read, write }: MergeDeps,
  request: MergeRequest,
): Promise<MergedSegments> {
  // One for all that reads and writes: each would take its time to grow.
  const deps: Merging = { read, write, kernel: openKernel() }
  await using stack = new AsyncDisposableStack()
  const outputs = new Map<number, Output>()
  const sieve = new VersionSieve(request.kept)
  const chains = await openChains(deps, request)
  const { leaving = new Set<ObjectName>() } = request
  let textBytes = 0
  for await (const { batch, schema } of mergeVersions(chains, sieve, request.signal)) {
    let output = outputs.get(schema.layout)
    if (output === undefined) {
      const writer = stack.use(openWriter(deps, request, schema))
      output = { schema, trail: new VersionTrail(), writer }
      outputs.set(schema.layout, output)
    }
    const bytes = batch.rows?.ends[batch.count - 1] ?? 0
    const { count } = batch
    output.trail.add(batch)
    // The batch is gone afterwards.
    await output.writer.append(await bringHome(read, batch, { leaving, signal: request.signal }))
    textBytes += bytes
    request.onProgress?.({ rows: count, bytes })
  }
  return { ...(await conclude(deps, request, outputs, sieve.droppedCount)), textBytes }
}

type Merging = MergeDeps & { readonly kernel: Kernel }

type Output = {
  readonly schema: SchemaVersion
  readonly trail: VersionTrail
  readonly writer: SegmentWriter
}

function openWriter(
  { kernel, write }: Merging,
  { blobs, digestKey, session, signal, source, ...request }: MergeRequest,
  schema: SchemaVersion,
): SegmentWriter {
  const allocateNumber = () => request.allocateNumber()
  const places = { source, session, schema, stamps: 'full', allocateNumber, digestKey } as const
  // `conclude` does.
  const options = { ...places, isReadBack: true, kernel, signal }
  return createSegmentWriter(write, { ...options, ...(blobs && { blobs }) })
}

async function openChains(
  { kernel, read }: Merging,
  { runs, schemas, signal }: MergeRequest,
): Promise<RunChain[]> {
  const targets = findTargets(runs.flat(), schemas)
  const chains: RunChain[] = []
  for (const run of runs) {
    const layout = schemas.get(run[0]?.ref.schema ?? 0)?.layout
    const target = targets.get(layout ?? 0)
    assert(target !== undefined, 'A run has segments whose schema version is known.')
    const options = { kernel, schemas, target, readAheadBytes: READ_AHEAD_BYTES, signal }
    const chain = await RunChain.open(read, run, options)
    if (chain !== undefined) chains.push(chain)
  }
  return chains
}

/** Per layout, the newest schema version that one of the segments was written under. */
function findTargets(
  segments: readonly PlacedSegment[],
  schemas: ReadonlyMap<number, SchemaVersion>,
): ReadonlyMap<number, SchemaVersion> {
  const targets = new Map<number, SchemaVersion>()
  for (const { ref } of segments) {
    const schema = schemas.get(ref.schema)
    if (schema === undefined) continue
    const known = targets.get(schema.layout)
    if (known === undefined || known.version < schema.version) targets.set(schema.layout, schema)
  }
  return targets
}

/** Closes what was written, reads it back, and holds it against what went in. */
async function conclude(
  { kernel, read, write }: Merging,
  { digestKey, runs, signal }: MergeRequest,
  outputs: ReadonlyMap<number, Output>,
  droppedCount: number,
): Promise<Omit<MergedSegments, 'textBytes'>> {
  const segments: SegmentRef[] = []
  try {
    for (const [, { schema, trail, writer }] of [...outputs].sort(([a], [b]) => a - b)) {
      const refs = await writer.finish()
      segments.push(...refs)
      const found = await rereadSegments(read, refs, { kernel, schema, digestKey, signal })
      const [first] = refs
      if (first !== undefined && found !== trail.finish()) throw notVerified(first)
    }
    const versionCount = countVersions(segments)
    const inCount = countVersions(runs.flat().map(({ ref }) => ref))
    assert(inCount === versionCount + droppedCount, 'Every version was either kept or dropped.')
    return { segments, versionCount, droppedCount }
  } catch (error) {
    await discardSegments(write, segments)
    throw error
  }
}

function countVersions(refs: readonly SegmentRef[]): number {
  return refs.reduce((sum, { versionCount }) => sum + versionCount, 0)
}
