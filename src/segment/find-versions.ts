import { decodeRowText, parseField, parseLargeMarker, splitRow } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { collect, mapConcurrent } from '#stdx/streams'
import { compareWithKey, entryOf, findFirst } from './columns.ts'
import { openKernel } from './kernel/open-kernel.ts'
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
  { key, ...options }: FindVersionsOptions,
): Promise<FoundVersion[]> {
  const [versions = []] = await findVersionsOfAll(deps, { ...options, keys: [key] })
  return versions
}

export type FindVersionsOfAllOptions = Omit<FindVersionsOptions, 'key'> & {
  readonly keys: readonly Uint8Array[]
}

/**
 * The same of many records, each block read once however many of them are in it: those of neighbours
 * asked for together cost little more than those of one. All versions are held at once.
 * @returns as many lists as there are keys, in their order
 */
export async function findVersionsOfAll(
  deps: SegmentReadDeps,
  { keys, ...options }: FindVersionsOfAllOptions,
): Promise<FoundVersion[][]> {
  const kernel = openKernel()
  const sought = new Map<string, Sought>()
  for (const key of keys) sought.set(nameOf(key), { key, versions: [] })
  const ascending = [...sought.values()].sort((a, b) => Buffer.compare(a.key, b.key))
  const searched = mapConcurrent(options.segments, SEGMENTS_AT_ONCE, async (placed) => {
    const segment = await openSegment(deps, placed, options.signal)
    const { signal } = options
    const reader = new BlockReader(deps, segment, { kernel, readAheadBytes: 0, signal })
    await findInSegment(reader, ascending, options.schemas)
  })
  await collect(searched)
  for (const { versions } of ascending) {
    versions.sort((a, b) => b.seq - a.seq || b.ordinal - a.ordinal)
  }
  return keys.map((key) => sought.get(nameOf(key))?.versions ?? [])
}

type Sought = { readonly key: Uint8Array; readonly versions: FoundVersion[] }

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1')
}

async function findInSegment(
  reader: BlockReader,
  ascending: readonly Sought[],
  schemas: FindVersionsOptions['schemas'],
): Promise<void> {
  let first = 0
  for (const block of reader.segment.blocks) {
    while (isBefore(ascending[first]?.key, block.firstKey)) first++
    let end = first
    while (isUpTo(ascending[end]?.key, block.lastKey)) end++
    // The versions of one record may go on in the next block: the last of them stay.
    if (end > first) await findInBlock(reader, block, ascending.slice(first, end), schemas)
  }
}

function isBefore(key: Uint8Array | undefined, other: Uint8Array): boolean {
  return key !== undefined && Buffer.compare(key, other) < 0
}

function isUpTo(key: Uint8Array | undefined, other: Uint8Array): boolean {
  return key !== undefined && Buffer.compare(key, other) <= 0
}

async function findInBlock(
  reader: BlockReader,
  block: PlacedBlock,
  ascending: readonly Sought[],
  schemas: FindVersionsOptions['schemas'],
): Promise<void> {
  const batch = await reader.readKeys(block)
  const { count, keys, ops } = batch
  const places = new Map<number, Sought>()
  let from = 0
  for (const one of ascending) {
    from = findFirst(from, count, (i) => compareWithKey(keys, i, one.key) >= 0)
    const to = findFirst(from, count, (i) => compareWithKey(keys, i, one.key) > 0)
    for (let i = from; i < to; i++) places.set(i, one)
  }
  const puts = [...places.keys()].filter((i) => ops[i] !== OP_DELETE)
  const rows = puts.length > 0 ? await readPuts(reader, block, { ops, puts, schemas }) : undefined
  let put = 0
  for (const [i, one] of places) {
    const isPut = ops[i] !== OP_DELETE
    const row = isPut && rows !== undefined ? entryOf(rows, put++) : new Uint8Array(0)
    one.versions.push(describe(reader, batch, i, row))
  }
}

async function readPuts(
  reader: BlockReader,
  block: PlacedBlock,
  wanted: {
    readonly ops: VersionBatch['ops']
    /** Ascending. */
    readonly puts: readonly number[]
    readonly schemas: FindVersionsOptions['schemas']
  },
) {
  const { ops, puts, schemas } = wanted
  const asked = schemas.get(reader.segment.ref.schema)
  const numbers = new Uint32Array(puts.length)
  let before = 0
  let i = 0
  for (const [n, put] of puts.entries()) {
    for (; i < put; i++) if (ops[i] !== OP_DELETE) before++
    numbers[n] = before
  }
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
