import { BLOCK_BYTES, LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { parseLargeMarker, splitRowBytes } from '#record/row-text'
import type { OpenedKeys } from '#seal/data-keys'
import { commitToKeys } from '#seal/keyring'
import { unsealSection } from '#seal/seal-section'
import type { ObjectName } from '#store/object-store'
import { damaged, FormatProblem, readingObject } from './block/format-problem.ts'
import { startOf } from './columns.ts'
import { missingKey, openDataKeys, readRange } from './read/open-segment.ts'
import type { SegmentReadDeps } from './segment.ts'
import type { BlobRef, LargeValue, VersionBatch } from './version-batch.ts'
import { BLOB_SECTION_BYTES, BLOB_SIZE_BYTES, decodeSection } from './write/blob-writer.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** How much of a `.blobs` object is read at once: two sections that do not shrink. */
const READ_BYTES = 2 * BLOB_SECTION_BYTES + 65_536
/** A marker is shorter than this. */
const MARKER_BYTES_MAX = 24

/**
 * The canonical text of a large value, in pieces of at most 1 MiB. Holds two sections.
 * @throws segment.damaged | segment.object-missing | segment.missing-key
 */
export async function* readLargeValue(
  deps: SegmentReadDeps,
  ref: BlobRef,
  signal: AbortSignal = never(),
): AsyncGenerator<Bytes, void, undefined> {
  yield* readWithKeys(deps, await openDataKeys(deps, ref, signal), ref, signal)
}

/**
 * The rows of the puts of a batch as rows travel, large values back in their places. A row over
 * `LARGE_ROW_BYTES` comes alone, in pieces; then that row is held whole.
 */
export async function* toRowBatches(
  deps: SegmentReadDeps,
  batch: VersionBatch,
  signal: AbortSignal = never(),
): AsyncGenerator<RowBatch, void, undefined> {
  const { rows, large, count } = batch
  if (rows === null) return
  const values = new ValueReader(deps, signal)
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  const take = (): RowBatch => {
    const [only] = pending
    const isWhole = pending.length === 1 && only?.length === rows.bytes.length
    const bytes = isWhole ? rows.bytes : new Uint8Array(Buffer.concat(pending))
    pending = []
    pendingBytes = 0
    return { kind: 'rows', bytes }
  }
  for (const stretch of cutRows(batch)) {
    const { from, to } = stretch
    const inline = large.get(from)
    const text = rows.bytes.subarray(startOf(rows, from), startOf(rows, to))
    const parts = inline === undefined ? [text] : await values.expand(text, inline)
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0)
    const isLarge = to === from + 1 && sizeBytes > LARGE_ROW_BYTES
    if (pendingBytes > 0 && (isLarge || pendingBytes + sizeBytes > BLOCK_BYTES)) yield take()
    if (isLarge) {
      yield { kind: 'large', parts }
      continue
    }
    pending.push(...parts)
    pendingBytes += sizeBytes
    if (to === count && pendingBytes > 0) yield take()
  }
  if (pendingBytes > 0) yield take()
}

/** For callers that have nothing to be stopped by: a row's worth of reads. */
function never(): AbortSignal {
  return new AbortController().signal
}

type Stretch = { readonly from: number; readonly to: number }

/** Stretches without large values of at most a block and a row, and versions that have some, alone. */
function* cutRows({ rows, large, count }: VersionBatch): Generator<Stretch> {
  if (rows === null) return
  let from = 0
  for (let i = 0; i < count; i++) {
    if (large.has(i)) {
      if (from < i) yield { from, to: i }
      yield { from: i, to: i + 1 }
      from = i + 1
    } else if (startOf(rows, i + 1) - startOf(rows, from) >= BLOCK_BYTES) {
      yield { from, to: i + 1 }
      from = i + 1
    }
  }
  if (from < count) yield { from, to: count }
}

/** Reads values one after the other and remembers the keyring object opened last. */
class ValueReader {
  readonly #deps: SegmentReadDeps
  readonly #signal: AbortSignal
  #opened: { readonly name: ObjectName; readonly keys: OpenedKeys } | undefined

  constructor(deps: SegmentReadDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
  }

  /** The row in pieces, its markers replaced by values. */
  async expand(row: Bytes, large: readonly LargeValue[]): Promise<Bytes[]> {
    const parts: Bytes[] = []
    for (const [i, field] of splitRowBytes(row).entries()) {
      if (i > 0) parts.push(Uint8Array.of(0x09))
      const value = markedValue(field, large)
      if (value === undefined) parts.push(field.slice())
      else if (value.kind === 'bytes') parts.push(...value.parts)
      else for await (const piece of this.#read(value.ref)) parts.push(piece)
    }
    parts.push(Uint8Array.of(0x0a))
    return parts
  }

  async *#read(ref: BlobRef): AsyncGenerator<Bytes, void, undefined> {
    if (this.#opened?.name !== ref.keyring) {
      const keys = await openDataKeys(this.#deps, ref, this.#signal)
      this.#opened = { name: ref.keyring, keys }
    }
    yield* readWithKeys(this.#deps, this.#opened.keys, ref, this.#signal)
  }
}

function markedValue(field: Uint8Array, large: readonly LargeValue[]): LargeValue | undefined {
  if (field.length > MARKER_BYTES_MAX) return undefined
  const n = parseLargeMarker(Buffer.from(field).toString('latin1'))
  return n === undefined ? undefined : large[n]
}

async function* readWithKeys(
  deps: SegmentReadDeps,
  { blobs }: OpenedKeys,
  ref: BlobRef,
  signal: AbortSignal,
): AsyncGenerator<Bytes, void, undefined> {
  if (blobs === undefined) throw missingKey(ref.keyring, 'blobs')
  const key = blobs[ref.block]
  if (key === undefined || commitToKeys(ref.object, [key]) !== ref.commitment) {
    throw damaged(ref.keyring, `it does not hold the key of large value ${ref.block}`)
  }
  const place = { vaultId: deps.vaultId, segment: ref.keyring, part: 'blobs', block: ref.block }
  let section = 0
  let at = 0
  let textBytes = 0
  while (at < ref.sizeBytes) {
    const length = Math.min(READ_BYTES, ref.sizeBytes - at)
    const bytes = await readRange(deps, ref.object, { offset: ref.offset + at, length }, signal)
    const sealed = takeSections(ref, bytes, at + length === ref.sizeBytes)
    for (const each of sealed) {
      const text = readingObject(ref.object, `large value ${ref.block}`, () =>
        decodeSection(unsealSection(key, { ...place, part: 'blobs', section }, each)),
      )
      section += 1
      at += BLOB_SIZE_BYTES + each.length
      textBytes += text.length
      yield text
    }
  }
  if (textBytes === ref.textBytes) return
  throw damaged(
    ref.object,
    `large value ${ref.block} has ${textBytes} bytes, need ${ref.textBytes}`,
  )
}

/** The sealed sections that `bytes` holds whole; all of it when it is the end of the value. */
function takeSections(ref: BlobRef, bytes: Bytes, isEnd: boolean): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const sections: Uint8Array[] = []
  let at = 0
  while (at + BLOB_SIZE_BYTES <= bytes.length) {
    const end = at + BLOB_SIZE_BYTES + view.getUint32(at, true)
    if (end > bytes.length) break
    sections.push(bytes.subarray(at + BLOB_SIZE_BYTES, end))
    at = end
  }
  return readingObject(ref.object, `large value ${ref.block}`, () => {
    if (sections.length === 0 || (isEnd && at !== bytes.length)) {
      throw new FormatProblem('a section is longer than the value')
    }
    return sections
  })
}
