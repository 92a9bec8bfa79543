import { decodeRowText, parseField, parseLargeMarker, splitRow } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { collect, mapConcurrent } from '#stdx/streams'
import { compareWithKey, entryOf, findFirst } from './columns.ts'
import { type Kernel, openKernel } from './kernel/open-kernel.ts'
import { BlockReader } from './read/block-reader.ts'
import { openSegment, type PlacedBlock } from './read/open-segment.ts'
import { shapeOf } from './read/run-cursor.ts'
import type { PlacedSegment, SegmentReadDeps } from './segment.ts'
import { type LargeValue, OP_DELETE, type VersionBatch } from './version-batch.ts'

/** One version of one record. */
export type FoundVersion = {
  readonly seq: number
  readonly ordinal: number
  /** `OP_PUT` or `OP_DELETE`. */
  readonly op: number
  readonly digest: bigint
  /** Schema version the fields belong to, in id order. */
  readonly schema: number
  /** The row as it was written, with its newline; empty for a delete. */
  readonly row: Uint8Array<ArrayBuffer>
  /** Its values, unescaped; a large one is where it lies. Empty for a delete. */
  readonly fields: readonly (string | null | LargeValue)[]
  readonly large: readonly LargeValue[]
}

export type FindVersionsOptions = {
  /** Of one entity and generation. */
  readonly segments: readonly PlacedSegment[]
  readonly schemas: ReadonlyMap<number, SchemaVersion>
  readonly key: Uint8Array
  readonly signal: AbortSignal
}

const SEGMENTS_AT_ONCE = 4

/**
 * All versions of one record, newest first. Reads of each segment its keyring object and footer, and
 * where the key may be in it, one block of keys; where it is, one block of rows.
 * @throws segment.damaged | segment.object-missing | segment.missing-key
 */
export async function findVersions(
  deps: SegmentReadDeps,
  options: FindVersionsOptions,
): Promise<FoundVersion[]> {
  const kernel = openKernel()
  const found = mapConcurrent(options.segments, SEGMENTS_AT_ONCE, (placed) =>
    findInSegment(deps, kernel, placed, options),
  )
  const versions = await collect(found)
  return versions.flat().sort((a, b) => b.seq - a.seq || b.ordinal - a.ordinal)
}

async function findInSegment(
  deps: SegmentReadDeps,
  kernel: Kernel,
  placed: PlacedSegment,
  { key, schemas, signal }: FindVersionsOptions,
): Promise<FoundVersion[]> {
  const segment = await openSegment(deps, placed, signal)
  const reader = new BlockReader(deps, segment, { kernel, readAheadBytes: 0, signal })
  const versions: FoundVersion[][] = []
  for (const block of segment.blocks) {
    if (Buffer.compare(block.firstKey, key) > 0) break
    if (Buffer.compare(block.lastKey, key) < 0) continue
    versions.push(await findInBlock(reader, block, key, schemas))
  }
  // Of a record that a feed tells there may be more than a call takes arguments.
  return versions.flat()
}

async function findInBlock(
  reader: BlockReader,
  block: PlacedBlock,
  key: Uint8Array,
  schemas: FindVersionsOptions['schemas'],
): Promise<FoundVersion[]> {
  const batch = await reader.readKeys(block)
  const { keys, count, ops } = batch
  const from = findFirst(0, count, (i) => compareWithKey(keys, i, key) >= 0)
  const to = findFirst(from, count, (i) => compareWithKey(keys, i, key) > 0)
  const puts = ops.subarray(from, to).filter((op) => op !== OP_DELETE).length
  const rows = puts > 0 ? await readPuts(reader, block, { batch, from, puts, schemas }) : undefined
  let put = 0
  return Array.from({ length: to - from }, (_, i) => {
    const isPut = ops[from + i] !== OP_DELETE
    const row = isPut && rows !== undefined ? entryOf(rows, put++) : new Uint8Array(0)
    return describe(reader, batch, from + i, row)
  })
}

async function readPuts(
  reader: BlockReader,
  block: PlacedBlock,
  wanted: {
    readonly batch: VersionBatch
    readonly from: number
    readonly puts: number
    readonly schemas: FindVersionsOptions['schemas']
  },
) {
  const { batch, from, puts, schemas } = wanted
  const asked = schemas.get(reader.segment.ref.schema)
  const before = batch.ops.subarray(0, from).filter((op) => op !== OP_DELETE).length
  const numbers = Uint32Array.from({ length: puts }, (_, i) => before + i)
  const shape = shapeOf(reader, { schemas, asked })
  return await reader.selectRows(block, shape, numbers)
}

function describe(
  reader: BlockReader,
  batch: VersionBatch,
  index: number,
  row: Uint8Array<ArrayBuffer>,
): FoundVersion {
  const large = batch.large.get(index) ?? []
  return {
    seq: batch.seqs[index] ?? 0,
    ordinal: batch.ordinals[index] ?? 0,
    op: batch.ops[index] ?? 0,
    digest: batch.digests[index] ?? 0n,
    schema: reader.segment.ref.schema,
    row,
    fields: row.length === 0 ? [] : parseFields(row, large),
    large,
  }
}

function parseFields(row: Uint8Array, large: readonly LargeValue[]) {
  return splitRow(decodeRowText(row)).map((field) => {
    const n = parseLargeMarker(field)
    const value = n === undefined ? undefined : large[n]
    return value ?? parseField(field)
  })
}
