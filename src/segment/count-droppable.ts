import type { SchemaVersion } from '#record/schema'
import { findFirst } from './columns.ts'
import type { KeptVersions } from './kept-points.ts'
import { openKernel } from './kernel/open-kernel.ts'
import { RunChain } from './merge/run-chain.ts'
import { VersionSieve } from './merge/version-sieve.ts'
import { endOfStretch, heapOfCursors } from './read/run-cursor.ts'
import type { PlacedSegment, SegmentReadDeps } from './segment.ts'

export type CountDroppableOptions = {
  /** As `mergeSegments` takes them. */
  readonly runs: readonly (readonly PlacedSegment[])[]
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  readonly kept: KeptVersions
  readonly signal: AbortSignal
}

const READ_AHEAD_BYTES = 262_144

/**
 * How many versions a merge of all runs would drop: per kept point, those that came after the kept
 * point before it and no later than it; last, those after all of them. Reads `.keys` only.
 * @throws segment.damaged | segment.object-missing | segment.missing-key
 */
export async function countDroppable(
  deps: SegmentReadDeps,
  { kept, runs, schemas, signal }: CountDroppableOptions,
): Promise<number[]> {
  const { points } = kept
  const dropped = new Array<number>(points.length + 1).fill(0)
  const sieve = new VersionSieve(kept, (seq) => {
    const at = findFirst(0, points.length, (i) => (points[i] ?? 0) >= seq)
    dropped[at] = (dropped[at] ?? 0) + 1
  })
  const heap = heapOfCursors(await openChains(deps, { runs, schemas, signal }))
  for (let run = heap.top(); run !== undefined; run = heap.top()) {
    signal.throwIfAborted()
    const to = endOfStretch(run, heap.second())
    sieve.sift(run, to)
    heap.settle(await run.moveTo(to))
  }
  sieve.finish()
  return dropped
}

async function openChains(
  deps: SegmentReadDeps,
  { runs, schemas, signal }: Omit<CountDroppableOptions, 'kept'>,
): Promise<RunChain[]> {
  const kernel = openKernel()
  const chains: RunChain[] = []
  for (const run of runs) {
    const target = schemas.get(run[0]?.ref.schema ?? 0)
    if (target === undefined) continue
    const options = { kernel, schemas, target, readAheadBytes: READ_AHEAD_BYTES, signal }
    const chain = await RunChain.open(deps, run, options)
    if (chain !== undefined) chains.push(chain)
  }
  return chains
}
