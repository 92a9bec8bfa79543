import { BLOCK_BYTES } from '#record/row-batch'
import type { SchemaVersion } from '#record/schema'
import { type Piece, pieceBytes } from '../batch/pieces.ts'
import { findFirst, startOf } from '../columns.ts'
import { Gathering } from '../read/gathering.ts'
import { endOfStretch, heapOfCursors } from '../read/run-cursor.ts'
import type { VersionBatch } from '../version-batch.ts'
import type { RunChain } from './run-chain.ts'
import type { Sifted, VersionSieve } from './version-sieve.ts'

/** Versions that were kept, rows as `schema` says; of one layout they come in order. */
export type MergedBatch = { readonly schema: SchemaVersion; readonly batch: VersionBatch }

/** What a segment writer writes as a block of its own. */
const NEARLY_BLOCK_BYTES = BLOCK_BYTES - 65_536
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
    const sifted = sieve.sift(run, to)
    // Nearly always the block is there: a wait per stretch would cost as much as copying it.
    const isNeeded = run.loaded === undefined && sifted.some(({ kind }) => kind === 'stretch')
    if (isNeeded) await run.batchWithRows()
    outputs.addAll(run, sifted)
    if (outputs.full.length > 0) yield* outputs.full.splice(0)
    const { loaded, target } = run
    heap.settle(run.moveWithin(to) || (await run.moveTo(to)))
    if (loaded !== undefined && loaded !== run.loaded) outputs.finish(target, loaded)
  }
  sieve.finish()
  outputs.takeAll()
  yield* outputs.full
}

/**
 * Where to cut a piece so that what was gathered before fills a block: a batch that is a block is
 * written as it is, and its bytes are freed, where one across two blocks is copied again.
 */
function cutAtBlock(piece: Piece, gatheredBytes: number): number {
  const { batch, from, to } = piece
  const { rows } = batch
  if (rows === null || gatheredBytes === 0 || gatheredBytes + pieceBytes(piece) <= BLOCK_BYTES) {
    return to
  }
  const start = startOf(rows, from)
  return (
    findFirst(from, to - 1, (i) => gatheredBytes + (rows.ends[i] ?? 0) - start >= BLOCK_BYTES) + 1
  )
}

/** What is gathered, by layout. */
class Outputs {
  /** Batches for the caller to take. */
  readonly full: MergedBatch[] = []
  readonly #batchesMax: number
  readonly #byLayout = new Map<number, { schema: SchemaVersion; gathering: Gathering }>()

  constructor(batchesMax: number) {
    this.#batchesMax = batchesMax
  }

  /** What is left of a stretch of the run's current block, whose rows are loaded if any are. */
  addAll({ loaded, target }: RunChain, sifted: readonly Sifted[]): void {
    for (const one of sifted) {
      if (one.kind === 'delete') this.#add(one.target, one.piece)
      else if (loaded !== undefined) {
        this.#add(target, { batch: loaded, from: one.from, to: one.to })
      }
    }
  }

  #add(schema: SchemaVersion, piece: Piece): void {
    const { gathering } = this.#of(schema)
    const cut = cutAtBlock(piece, gathering.bytes)
    this.#gather(schema, gathering, cut < piece.to ? { ...piece, to: cut } : piece)
    if (cut < piece.to) this.#gather(schema, gathering, { ...piece, from: cut })
  }

  finish(schema: SchemaVersion, batch: VersionBatch): void {
    this.#of(schema).gathering.finish(batch)
  }

  takeAll(): void {
    for (const { gathering, schema } of this.#byLayout.values()) {
      if (!gathering.isEmpty()) this.full.push({ schema, batch: gathering.take() })
    }
  }

  #gather(schema: SchemaVersion, gathering: Gathering, piece: Piece): void {
    if (gathering.isOverfullWith(piece)) this.full.push({ schema, batch: gathering.take() })
    gathering.add(piece)
    const isBlock = gathering.bytes >= NEARLY_BLOCK_BYTES
    if (isBlock || gathering.isFull()) this.full.push({ schema, batch: gathering.take() })
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
