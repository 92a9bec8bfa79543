import { assert } from '#stdx/assert'
import { MinHeap } from '../batch/min-heap.ts'
import { largeBytes } from '../batch/pieces.ts'
import { releaseBatch, releaseRows } from '../batch/release.ts'
import { BatchCursor } from '../compare/batch-cursor.ts'
import type { VersionBatch } from '../version-batch.ts'
import { PickedVersions } from './picked-versions.ts'
import { compareForSort, sortInMemory } from './sort-in-memory.ts'
import { type SortDeps, SortedRun } from './sorted-run.ts'

export type SortOptions = {
  /** Versions are spilled when they pass this; what is held besides is some 40 MiB. */
  readonly memoryBytesMax: number
  readonly signal: AbortSignal
}

/** Runs merged at a time: each holds one frame. */
const FAN_IN = 32
const FRAME_BYTES = 262_144
/** Beside its bytes a version costs its numbers and its place in the order. */
const VERSION_BYTES = 48
/** What its columns cost a batch. */
const BATCH_BYTES = 4_096

/**
 * The versions of all batches in the order of `compareForSort`, for the caller to take whenever they
 * fill a block; the batches are taken over.
 */
export async function* sortBatches(
  deps: SortDeps,
  input: AsyncIterable<VersionBatch>,
  { memoryBytesMax, signal }: SortOptions,
): AsyncGenerator<PickedVersions, void, undefined> {
  await using runs = new RunLevels(deps)
  let held: VersionBatch[] = []
  let heldBytes = 0
  for await (const batch of input) {
    signal.throwIfAborted()
    if (batch.count === 0) continue
    held.push(batch)
    heldBytes += bytesOf(batch)
    if (heldBytes < memoryBytesMax) continue
    await runs.spill(held)
    held = []
    heldBytes = 0
  }
  const picked = new PickedVersions()
  if (runs.isEmpty) {
    yield* sortInMemory(held, picked)
    return
  }
  await runs.spill(held)
  held = []
  for await (const full of mergeRuns(runs.all(), picked)) {
    signal.throwIfAborted()
    yield full
  }
}

/** Runs by how often their versions were merged: of each level at most `FAN_IN` at a time. */
class RunLevels implements AsyncDisposable {
  readonly #deps: SortDeps
  readonly #levels: SortedRun[][] = []
  #unfinished: SortedRun | undefined

  constructor(deps: SortDeps) {
    this.#deps = deps
  }

  get isEmpty(): boolean {
    return this.#levels.length === 0
  }

  all(): readonly SortedRun[] {
    return this.#levels.flat()
  }

  /** Makes a run of versions that are held in memory. */
  async spill(batches: readonly VersionBatch[]): Promise<void> {
    if (batches.length === 0) return
    await this.#write(0, sortInMemory(batches, new PickedVersions(FRAME_BYTES)))
    for (const batch of batches) releaseBatch(batch)
    for (let level = 0; this.#runsOf(level).length >= FAN_IN; level++) {
      const runs = this.#runsOf(level)
      await this.#write(level + 1, mergeRuns(runs, new PickedVersions(FRAME_BYTES)))
      for (const run of runs.splice(0)) await run[Symbol.asyncDispose]()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#unfinished?.[Symbol.asyncDispose]()
    for (const run of this.all()) await run[Symbol.asyncDispose]()
  }

  async #write(
    level: number,
    versions: Iterable<PickedVersions> | AsyncIterable<PickedVersions>,
  ): Promise<void> {
    const run = new SortedRun(this.#deps)
    this.#unfinished = run
    for await (const full of versions) {
      const batch = full.take()
      await run.append(batch)
      releaseRows(batch)
    }
    this.#runsOf(level).push(run)
    this.#unfinished = undefined
  }

  #runsOf(level: number): SortedRun[] {
    const runs = this.#levels[level] ?? []
    this.#levels[level] = runs
    return runs
  }
}

/** Picks the versions of all runs in order; yields whenever what was picked has to be taken. */
async function* mergeRuns(
  runs: readonly SortedRun[],
  picked: PickedVersions,
): AsyncGenerator<PickedVersions, void, undefined> {
  const heap = await openHeap(runs)
  for (let top = heap.top(); top !== undefined; top = heap.top()) {
    const { batch, index } = top
    assert(batch !== undefined, 'A run in the heap stands at a version.')
    picked.pick(batch, index)
    if (picked.isFull) yield picked
    top.index += 1
    if (top.index >= batch.count) await top.advance()
    heap.settle(top.batch !== undefined)
  }
  if (!picked.isEmpty) yield picked
}

async function openHeap(runs: readonly SortedRun[]): Promise<MinHeap<BatchCursor>> {
  const cursors = runs.map((run) => BatchCursor.over(run.read()))
  for (const cursor of cursors) await cursor.advance()
  return new MinHeap(cursors, (a, b) => {
    const left = a.batch
    const right = b.batch
    assert(left !== undefined && right !== undefined, 'A run in the heap stands at a version.')
    return compareForSort(left, a.index, right, b.index)
  })
}

function bytesOf({ keys, rows, large, count }: VersionBatch): number {
  let sizeBytes =
    BATCH_BYTES + count * VERSION_BYTES + keys.bytes.length + (rows?.bytes.length ?? 0)
  for (const values of large.values()) sizeBytes += largeBytes(values)
  return sizeBytes
}
