import type { SchemaVersion } from '#record/schema'
import { MinHeap } from '../batch/min-heap.ts'
import type { RowShape } from '../block/decode-rows.ts'
import { damaged } from '../block/format-problem.ts'
import { compareEntries, findFirst } from '../columns.ts'
import { type BytesColumn, OP_DELETE, type VersionBatch } from '../version-batch.ts'
import type { BlockReader } from './block-reader.ts'
import type { PlacedBlock } from './open-segment.ts'
import { rowShape } from './row-shape.ts'

/** Which schema versions rows were written under, and the one they are asked for in. */
export type RowSchemas = {
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  readonly asked: SchemaVersion | undefined
}

/** Blocks that hold nothing that is looked for. */
type IsSkipped = (block: PlacedBlock) => boolean

/**
 * Walks the versions of one segment in order, block by block. `batch` and `index` are the version it
 * stands at. Holds one decoded block; its rows only from when they are asked for.
 */
export class RunCursor {
  readonly reader: BlockReader
  batch: VersionBatch
  index = 0
  block: PlacedBlock
  readonly #isSkipped: IsSkipped
  #withRows: VersionBatch | undefined

  private constructor(
    reader: BlockReader,
    at: { readonly block: PlacedBlock; readonly batch: VersionBatch },
    isSkipped: IsSkipped,
  ) {
    this.reader = reader
    this.block = at.block
    this.batch = at.batch
    this.#isSkipped = isSkipped
  }

  /** A cursor at the first version of a block that is not skipped; `undefined` when there is none. */
  static async open(
    reader: BlockReader,
    isSkipped: IsSkipped = () => false,
  ): Promise<RunCursor | undefined> {
    const block = reader.segment.blocks.find((one) => !isSkipped(one))
    if (block === undefined) return undefined
    return new RunCursor(reader, { block, batch: await reader.readKeys(block) }, isSkipped)
  }

  /** Moves on in the block; false at its end, where `moveTo` goes on. Costs nothing to wait for. */
  moveWithin(index: number): boolean {
    this.index = index
    return index < this.batch.count
  }

  /** Moves on; false at the end of the segment. */
  async moveTo(index: number): Promise<boolean> {
    if (this.moveWithin(index)) return true
    this.#withRows = undefined
    const { blocks } = this.reader.segment
    let next = blocks[this.block.index + 1]
    while (next !== undefined && this.#isSkipped(next)) next = blocks[next.index + 1]
    if (next === undefined) return false
    await this.load(next)
    return true
  }

  /** Stands at the first version of a block. */
  async load(block: PlacedBlock): Promise<void> {
    this.batch = await this.reader.readKeys(block)
    this.block = block
    this.index = 0
    this.#withRows = undefined
  }

  /** What `batchWithRows` gave for the current block. */
  get loaded(): VersionBatch | undefined {
    return this.#withRows
  }

  /** The current block's versions with their rows. @throws segment.damaged | segment.missing-key */
  async batchWithRows(schemas: RowSchemas): Promise<VersionBatch> {
    if (this.#withRows !== undefined) return this.#withRows
    const shape = shapeOf(this.reader, schemas)
    const hasRows = this.block.rowCount > 0
    const puts = hasRows ? await this.reader.readRows(this.block, shape) : NO_ROWS
    this.#withRows = { ...this.batch, rows: spreadRows(this.batch, puts) }
    return this.#withRows
  }
}

const NO_ROWS: BytesColumn = { bytes: new Uint8Array(0), ends: new Uint32Array(0) }

/** How the rows of a segment are to be given. @throws segment.damaged when their layout is another */
export function shapeOf({ segment }: BlockReader, { schemas, asked }: RowSchemas): RowShape {
  const { ref } = segment
  const stored = schemas.get(ref.schema)
  if (stored === undefined || asked === undefined) {
    throw damaged(ref.keys.name, `its rows are of schema version ${ref.schema}, which is unknown`)
  }
  const shape = rowShape(stored, asked)
  if (shape !== undefined) return shape
  const found = `its rows have layout ${stored.layout}, the point has ${asked.layout}`
  throw damaged(ref.keys.name, found)
}

/** Where something stands among versions. */
export type Standing = { readonly batch: VersionBatch; readonly index: number }

/** Up to where the cursor's keys come before the next cursor's; at least one version. */
export function endOfStretch({ batch, index }: Standing, second: Standing | undefined): number {
  if (second === undefined) return batch.count
  const isPast = (i: number) => compareEntries(batch.keys, i, second.batch.keys, second.index) >= 0
  return Math.max(index + 1, findFirst(index, batch.count, isPast))
}

/** Cursors by the version they stand at: by key, newest first within a key. */
export function heapOfCursors<T extends Standing>(cursors: readonly T[]): MinHeap<T> {
  return new MinHeap(cursors, ({ batch: a, index: i }, { batch: b, index: j }) => {
    const byKey = compareEntries(a.keys, i, b.keys, j)
    if (byKey !== 0) return byKey
    const bySeq = (b.seqs[j] ?? 0) - (a.seqs[i] ?? 0)
    return bySeq !== 0 ? bySeq : (b.ordinals[j] ?? 0) - (a.ordinals[i] ?? 0)
  })
}

/** Rows of puts as a column of all versions, deletes with none. */
export function spreadRows(batch: VersionBatch, puts: BytesColumn): BytesColumn {
  if (puts.ends.length === batch.count) return puts
  const ends = new Uint32Array(batch.count)
  let put = 0
  let end = 0
  for (let i = 0; i < batch.count; i++) {
    if (batch.ops[i] !== OP_DELETE) end = puts.ends[put++] ?? end
    ends[i] = end
  }
  return { bytes: puts.bytes, ends }
}
