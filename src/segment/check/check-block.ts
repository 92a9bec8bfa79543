import type { SchemaVersion } from '#record/schema'
import { isAppError } from '#stdx/app-error'
import { releaseKeys } from '../batch/release.ts'
import { countRepeats } from '../block/encode-keys.ts'
import { damaged } from '../block/format-problem.ts'
import { compareEntries, entryOf, startOf } from '../columns.ts'
import type { Kernel } from '../kernel/open-kernel.ts'
import { readLargeValue, toRowBatches } from '../large-values.ts'
import type { BlockReader } from '../read/block-reader.ts'
import type { PlacedBlock } from '../read/open-segment.ts'
import { shapeOf, spreadRows } from '../read/run-cursor.ts'
import type { RowsVerdict } from '../scan/judge-rows.ts'
import type { ScanTable } from '../scan/scan-table.ts'
import type { RowScanner } from '../scan-rows.ts'
import type { SegmentReadDeps } from '../segment.ts'
import { type BytesColumn, OP_DELETE, type VersionBatch } from '../version-batch.ts'

/** Large values that were read already, by object and block. */
export type CheckedBlobs = Set<string>

export type CheckBlockDeps = {
  readonly kernel: Kernel
  readonly deps: SegmentReadDeps
  readonly reader: BlockReader
  /** That the rows were written under. */
  readonly schema: SchemaVersion | undefined
  /** To digest again; without, rows are decoded only. */
  readonly rescan: { readonly table: ScanTable; readonly scanner: RowScanner } | undefined
  readonly blobs: CheckedBlobs
  readonly signal: AbortSignal
}

/** The bytes of a digest in a key, before its occurrence. */
const DIGEST_BYTES = 8

/** @throws segment.damaged naming the first thing that is wrong */
export async function checkBlock(
  check: CheckBlockDeps,
  block: PlacedBlock,
  isDecoded: boolean,
): Promise<void> {
  const { kernel, reader } = check
  const batch = await reader.readKeys(block)
  checkFooter(reader, block, { batch, repeats: countRepeats(kernel, batch) })
  if (isDecoded) await checkRows(check, block, batch)
  else if (block.rowCount > 0) await reader.authenticateRows(block)
  await checkBlobs(check, batch)
  releaseKeys(batch)
}

type CountedBatch = { readonly batch: VersionBatch; readonly repeats: number | undefined }

/** Holds a block against what the footer says of it. */
function checkFooter(reader: BlockReader, block: PlacedBlock, counted: CountedBatch): void {
  const { batch, repeats: inside } = counted
  if (inside === undefined) throw wrong(reader, block, 'its keys are out of order')
  const { count, keys, ops } = batch
  const deletes = ops.includes(OP_DELETE) ? ops.reduce((sum, op) => sum + op, 0) : 0
  const puts = count - deletes
  const previous = reader.segment.blocks[block.index - 1]
  const first = entryOf(keys, 0)
  const order = previous === undefined ? -1 : Buffer.compare(previous.lastKey, first)
  if (order > 0) throw wrong(reader, block, 'its keys come before those of the block before')
  const repeats = inside + (order === 0 ? 1 : 0)
  const isSame =
    puts === block.rowCount &&
    repeats === block.repeats &&
    Buffer.compare(first, block.firstKey) === 0 &&
    Buffer.compare(entryOf(keys, count - 1), block.lastKey) === 0
  if (!isSame) throw wrong(reader, block, 'it is not what its footer says')
}

async function checkRows(
  check: CheckBlockDeps,
  block: PlacedBlock,
  batch: VersionBatch,
): Promise<void> {
  const { reader, rescan, schema } = check
  if (block.rowCount === 0) return
  const schemas = new Map(schema === undefined ? [] : [[reader.segment.ref.schema, schema]])
  const shape = shapeOf(reader, { schemas, asked: schema })
  if (rescan !== undefined && batch.large.size === 0) {
    const verdict = await reader.judgeRows(block, rescan.table, batch)
    if (verdict !== 'same') throw wrong(reader, block, FOUND[verdict])
    return
  }
  const puts = await reader.readRows(block, shape)
  if (rescan === undefined) return
  await checkLargeRows(check, block, { batch, puts, scanner: rescan.scanner })
}

const FOUND: Readonly<Record<Exclude<RowsVerdict, 'same'>, string>> = {
  unfit: 'a row does not fit its schema',
  'other-digest': 'a row does not have its digest',
  'other-key': 'a row does not have its key',
}

/** Rows with their large values in them: their digests cannot be told otherwise. */
async function checkLargeRows(
  check: CheckBlockDeps,
  block: PlacedBlock,
  {
    batch,
    puts,
    scanner,
  }: {
    readonly batch: VersionBatch
    readonly puts: BytesColumn
    readonly scanner: RowScanner
  },
): Promise<void> {
  const { deps, reader, signal } = check
  const withRows = { ...batch, rows: spreadRows(batch, puts) }
  let at = 0
  for await (const rows of toRowBatches(deps, withRows, signal)) {
    const scanned = readingRows(check, block, () => scanner.scan(rows))
    at = checkScanned(check, block, { batch, scanned, at })
  }
  if (at !== batch.count && batch.ops.subarray(at).some((op) => op !== OP_DELETE)) {
    throw wrong(reader, block, 'it has fewer rows than versions')
  }
}

/** Compares rows scanned anew with the versions from `at` on; returns where the next ones begin. */
function checkScanned(
  { reader, schema }: CheckBlockDeps,
  block: PlacedBlock,
  {
    at,
    batch,
    scanned,
  }: { readonly at: number; readonly batch: VersionBatch; readonly scanned: VersionBatch },
): number {
  const isDigestKey = schema?.key.kind === 'digest'
  let version = at
  for (let i = 0; i < scanned.count; i++) {
    while (batch.ops[version] === OP_DELETE) version += 1
    if (batch.digests[version] !== scanned.digests[i]) {
      throw wrong(reader, block, FOUND['other-digest'])
    }
    const isSameKey = isDigestKey
      ? isSamePrefix(batch, version, scanned, i)
      : compareEntries(batch.keys, version, scanned.keys, i) === 0
    if (!isSameKey) throw wrong(reader, block, FOUND['other-key'])
    version += 1
  }
  return version
}

function isSamePrefix(a: VersionBatch, i: number, b: VersionBatch, j: number): boolean {
  const left = startOf(a.keys, i)
  const right = startOf(b.keys, j)
  return (
    Buffer.compare(
      a.keys.bytes.subarray(left, left + DIGEST_BYTES),
      b.keys.bytes.subarray(right, right + DIGEST_BYTES),
    ) === 0
  )
}

async function checkBlobs(
  { blobs, deps, signal }: CheckBlockDeps,
  { large }: VersionBatch,
): Promise<void> {
  for (const values of large.values()) {
    for (const value of values) {
      if (value.kind === 'bytes') continue
      const name = `${value.ref.object}/${value.ref.block}`
      if (blobs.has(name)) continue
      blobs.add(name)
      for await (const _ of readLargeValue(deps, value.ref, signal));
    }
  }
}

function readingRows<T>({ reader }: CheckBlockDeps, block: PlacedBlock, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!isAppError(cause, 'segment.row-invalid')) throw cause
    throw wrong(reader, block, FOUND.unfit, cause)
  }
}

function wrong({ segment }: BlockReader, { index }: PlacedBlock, found: string, cause?: unknown) {
  return damaged(segment.ref.keys.name, `block ${index}: ${found}`, cause)
}
