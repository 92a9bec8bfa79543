import { DELETE, type FeedChanges, INSERT } from '#connector/feed'
import type { SchemaVersion } from '#record/schema'
import type { DigestKey } from '#seal/keys'
import type { BlobIndex } from '#segment/blob-index'
import { createSegmentWriter } from '#segment/create-segment-writer'
import { type ChangeScanner, openChangeScanner } from '#segment/scan-changes'
import type { SegmentRef, SegmentWriteDeps } from '#segment/segment'
import { sortChanges } from '#segment/sort-changes'
import type { VersionBatch } from '#segment/version-batch'
import type { Random } from '#stdx/random'
import { BatchQueue } from './batch-queue.ts'
import { JoinedChanges } from './joined-changes.ts'

export type EntityGatheringDeps = {
  readonly write: SegmentWriteDeps
  readonly digestKey: DigestKey
  readonly random: Random
  readonly tempDir: string
  readonly blobs: BlobIndex
}

export type EntityGatheringOptions = {
  readonly source: string
  readonly session: string
  readonly schema: SchemaVersion
  allocateNumber(): number
  /** Versions beyond it lie sealed in temporary files. */
  readonly memoryBytesMax: number
  readonly signal: AbortSignal
}

/** Inserted, updated, deleted. */
export type Counts = { inserted: number; updated: number; deleted: number }

/**
 * Gathers the changes of one entity, in the order they are told, for one entry: sorts them while they
 * come and writes them when the last has come. Nothing it writes is visible before an entry names it.
 */
export class EntityGathering {
  readonly counts: Counts = { inserted: 0, updated: 0, deleted: 0 }
  readonly #scanner: ChangeScanner
  readonly #joined = new JoinedChanges()
  readonly #queue = new BatchQueue<VersionBatch>()
  readonly #stopped = new AbortController()
  readonly #writing: Promise<readonly SegmentRef[]>

  constructor(deps: EntityGatheringDeps, options: EntityGatheringOptions) {
    this.#scanner = openChangeScanner(options.schema, deps.digestKey)
    const signal = AbortSignal.any([options.signal, this.#stopped.signal])
    this.#writing = writeSorted(deps, { ...options, signal }, this.#queue.read())
    // Told to whoever adds, and to whoever finishes.
    this.#writing.catch((error: unknown) => this.#queue.fail(error))
  }

  /**
   * Takes over the batch, which counts so much.
   * @returns what to wait for, while what came before is spilled, before anything else is added
   */
  add(changes: FeedChanges, ordinal: number, counts: Counts): Promise<void> | undefined {
    this.counts.inserted += counts.inserted
    this.counts.updated += counts.updated
    this.counts.deleted += counts.deleted
    // What does not fit is scanned after what is held.
    const before = this.#joined.fits(changes) ? undefined : this.#scan()
    this.#joined.add(changes, ordinal)
    if (before === undefined) return this.#joined.isFull ? this.#scan() : undefined
    return before
  }

  /** Durable when it resolves. */
  async finish(): Promise<readonly SegmentRef[]> {
    await this.#scan()
    this.#queue.end()
    return await this.#writing
  }

  /** Gives up, and takes back what was not finished. */
  async discard(): Promise<void> {
    this.#stopped.abort()
    this.#queue.fail(this.#stopped.signal.reason)
    await this.#writing.catch(() => {})
  }

  async #scan(): Promise<void> {
    const joined = this.#joined.take()
    if (joined === undefined) return
    const { batch } = this.#scanner.scan(joined.changes, 1)
    batch.ordinals.set(joined.ordinals)
    await this.#queue.push(batch)
  }
}

async function writeSorted(
  deps: EntityGatheringDeps,
  options: EntityGatheringOptions,
  changes: AsyncIterable<VersionBatch>,
): Promise<readonly SegmentRef[]> {
  const { memoryBytesMax, signal, ...place } = options
  await using writer = createSegmentWriter(deps.write, {
    ...place,
    digestKey: deps.digestKey,
    blobs: deps.blobs,
    signal,
  })
  const sorted = sortChanges(deps, changes, { memoryBytesMax, signal })
  for await (const batch of sorted) await writer.append(batch)
  return await writer.finish()
}

export function countOps(ops: Uint8Array): Counts {
  let inserted = 0
  let deleted = 0
  for (const op of ops) {
    if (op === INSERT) inserted += 1
    else if (op === DELETE) deleted += 1
  }
  return { inserted, updated: ops.length - inserted - deleted, deleted }
}
