import type { SchemaVersion } from '#record/schema'
import type { Piece } from '../batch/pieces.ts'
import { Gathering } from '../read/gathering.ts'
import { endOfStretch, heapOfCursors } from '../read/run-cursor.ts'
import type { VersionBatch } from '../version-batch.ts'
import type { RunChain } from './run-chain.ts'
import type { VersionSieve } from './version-sieve.ts'

/** Versions that were kept, rows as `schema` says; of one layout they come in order. */
export type MergedBatch = { readonly schema: SchemaVersion; readonly batch: VersionBatch }

/** Blocks that a batch holds on to beyond those the runs stand in. */
const FINISHED_MAX = 16

/**
 * The versions of all runs by key and newest first, as far as the sieve lets them through. A block
 * that nothing else lies within is handed on as it is.
 *
 * Holds a decoded block a run, and a batch per layout.
 */
export async function* mergeVersions(
  runs: readonly RunChain[],
  sieve: VersionSieve,
  signal: AbortSignal,
): AsyncGenerator<MergedBatch, void, undefined> {
  const outputs = new Outputs(runs.length + FINISHED_MAX)
  const heap = heapOfCursors(runs)
  for (let run = heap.top(); run !== undefined; run = heap.top()) {
    signal.throwIfAborted()
    const to = endOfStretch(run, heap.second())
    for (const sifted of sieve.sift(run, to)) {
      if (sifted.kind === 'delete') {
        yield* outputs.add(sifted.target, sifted.piece)
      } else {
        const { from, to } = sifted
        yield* outputs.add(run.target, { batch: await run.batchWithRows(), from, to })
      }
    }
    const { loaded, target } = run
    heap.settle(await run.moveTo(to))
    if (loaded !== undefined && loaded !== run.loaded) outputs.finish(target, loaded)
  }
  sieve.finish()
  yield* outputs.takeAll()
}

/** What is gathered, by layout. */
class Outputs {
  readonly #batchesMax: number
  readonly #byLayout = new Map<number, { schema: SchemaVersion; gathering: Gathering }>()

  constructor(batchesMax: number) {
    this.#batchesMax = batchesMax
  }

  *add(schema: SchemaVersion, piece: Piece): Generator<MergedBatch, void, undefined> {
    const { gathering } = this.#of(schema)
    if (gathering.isOverfullWith(piece)) yield { schema, batch: gathering.take() }
    gathering.add(piece)
    if (gathering.isFull()) yield { schema, batch: gathering.take() }
  }

  finish(schema: SchemaVersion, batch: VersionBatch): void {
    this.#of(schema).gathering.finish(batch)
  }

  *takeAll(): Generator<MergedBatch, void, undefined> {
    for (const { gathering, schema } of this.#byLayout.values()) {
      if (!gathering.isEmpty()) yield { schema, batch: gathering.take() }
    }
  }

  #of(schema: SchemaVersion) {
    const known = this.#byLayout.get(schema.layout)
    if (known !== undefined) return known
    const gathering = new Gathering({ rows: true, batchesMax: this.#batchesMax })
    const output = { schema, gathering }
    this.#byLayout.set(schema.layout, output)
    return output
  }
}
