import type { SchemaVersion } from '#record/schema'
import type { Kernel } from '../kernel/open-kernel.ts'
import { BlockReader } from '../read/block-reader.ts'
import { openSegment, type PlacedBlock } from '../read/open-segment.ts'
import { RunCursor } from '../read/run-cursor.ts'
import type { PlacedSegment, SegmentReadDeps } from '../segment.ts'
import type { VersionBatch } from '../version-batch.ts'

export type RunChainOptions = {
  readonly kernel: Kernel
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  /** What the rows are given in. */
  readonly target: SchemaVersion
  readonly readAheadBytes: number
  readonly signal: AbortSignal
}

/** Walks segments that follow each other in key order as if they were one. Opens one at a time. */
export class RunChain {
  readonly target: SchemaVersion
  readonly #deps: SegmentReadDeps
  readonly #options: RunChainOptions
  readonly #rest: PlacedSegment[]
  #cursor: RunCursor

  private constructor(
    deps: SegmentReadDeps,
    options: RunChainOptions,
    at: { readonly cursor: RunCursor; readonly rest: PlacedSegment[] },
  ) {
    this.target = options.target
    this.#deps = deps
    this.#options = options
    this.#cursor = at.cursor
    this.#rest = at.rest
  }

  /** At the first version; `undefined` when there is none. */
  static async open(
    deps: SegmentReadDeps,
    segments: readonly PlacedSegment[],
    options: RunChainOptions,
  ): Promise<RunChain | undefined> {
    const rest = [...segments]
    const cursor = await openNext(deps, rest, options)
    return cursor && new RunChain(deps, options, { cursor, rest })
  }

  get batch(): VersionBatch {
    return this.#cursor.batch
  }

  get index(): number {
    return this.#cursor.index
  }

  get block(): PlacedBlock {
    return this.#cursor.block
  }

  /** What `batchWithRows` gave for the current block. */
  get loaded(): VersionBatch | undefined {
    return this.#cursor.loaded
  }

  async batchWithRows(): Promise<VersionBatch> {
    const { schemas } = this.#options
    return await this.#cursor.batchWithRows({ schemas, asked: this.target })
  }

  /** As the cursor's. */
  moveWithin(index: number): boolean {
    return this.#cursor.moveWithin(index)
  }

  /** Moves on; false at the end of the last segment. */
  async moveTo(index: number): Promise<boolean> {
    if (await this.#cursor.moveTo(index)) return true
    const next = await openNext(this.#deps, this.#rest, this.#options)
    if (next === undefined) return false
    this.#cursor = next
    return true
  }
}

async function openNext(
  deps: SegmentReadDeps,
  rest: PlacedSegment[],
  { kernel, readAheadBytes, signal }: RunChainOptions,
): Promise<RunCursor | undefined> {
  for (let placed = rest.shift(); placed !== undefined; placed = rest.shift()) {
    const segment = await openSegment(deps, placed, signal)
    const reader = new BlockReader(deps, segment, { kernel, readAheadBytes, signal })
    const cursor = await RunCursor.open(reader)
    if (cursor !== undefined) return cursor
  }
  return undefined
}
