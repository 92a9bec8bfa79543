import { BLOCK_BYTES } from '#record/row-batch'
import type { SchemaVersion } from '#record/schema'
import { deriveDigestKeys } from '#seal/digest-keys'
import type { DigestKey } from '#seal/keys'
import { assert } from '#stdx/assert'
import { gatherPieces, type Piece, pieceBytes } from './batch/pieces.ts'
import { releaseLarge, releaseRows } from './batch/release.ts'
import { type BlobIndex, createBlobIndex } from './blob-index.ts'
import type { ColumnPlan } from './block/encode-rows.ts'
import { compareEntries, findFirst, startOf } from './columns.ts'
import { type Kernel, openKernel } from './kernel/open-kernel.ts'
import type { SegmentRef, SegmentWriteDeps } from './segment.ts'
import type { LargeValue, VersionBatch } from './version-batch.ts'
import { BlobWriter } from './write/blob-writer.ts'
import { SegmentFile } from './write/segment-file.ts'

export type SegmentWriterOptions = {
  readonly source: string
  /** Random, unique for ever: the folder of the session's objects. */
  readonly session: string
  readonly schema: SchemaVersion
  /** `full`: of versions that were committed before; absent: `ordinal`, of what is new. */
  readonly stamps?: 'ordinal' | 'full'
  /** A number the session has not used. */
  allocateNumber(): number
  readonly digestKey: DigestKey
  /** Where large values lie already; absent: this writer knows its own only. */
  readonly blobs?: BlobIndex
  /** Shared with others; absent: one of its own. */
  readonly kernel?: Kernel
  /** A segment is closed when its rows or large values reach this; a block more is possible. */
  readonly objectBytes?: number
  /**
   * Whoever writes reads every row back from the store, and digests and keys it anew, before anything
   * refers to it: rows are not decoded for comparison as well when they are written.
   */
  readonly isReadBack?: boolean
  readonly signal: AbortSignal
}

/**
 * Turns sorted versions of one entity into segments. Holds at most one block of row text and what
 * one batch holds; blocks go to the store as they fill. Nothing is visible before `finish`, and
 * disposing an unfinished writer takes everything back.
 */
export type SegmentWriter = AsyncDisposable & {
  /**
   * Adds versions that follow all earlier ones: ascending by key, within a key descending by stamp.
   * Takes over the batch and its bytes, which are gone afterwards.
   * @throws segment.name-taken | segment.not-verified | what the store throws
   */
  append(batch: VersionBatch): Promise<void>
  /** Closes the segments, durable and in key order; none when nothing was added. */
  finish(): Promise<SegmentRef[]>
}

/** Such that no object passes 128 MiB but for a large value. */
const OBJECT_BYTES = 132_000_000
const BLOCK_VERSIONS_MAX = 65_536
const NEARLY_BLOCK_BYTES = BLOCK_BYTES - 65_536

export function createSegmentWriter(
  deps: SegmentWriteDeps,
  options: SegmentWriterOptions,
): SegmentWriter {
  return new SortedWriter(deps, options)
}

class SortedWriter implements SegmentWriter {
  readonly #deps: SegmentWriteDeps
  readonly #options: SegmentWriterOptions
  readonly #kernel: Kernel
  readonly #plan: ColumnPlan = { groups: undefined }
  readonly #blobs: BlobWriter
  readonly #files: SegmentFile[] = []
  readonly #refs: SegmentRef[] = []
  #file: SegmentFile | undefined
  #pieces: Piece[] = []
  #pendingBytes = 0
  #pendingCount = 0
  #last: VersionBatch | undefined

  constructor(deps: SegmentWriteDeps, options: SegmentWriterOptions) {
    this.#deps = deps
    this.#options = options
    const { blobs = createBlobIndex(), digestKey, kernel = openKernel() } = options
    this.#kernel = kernel
    this.#blobs = new BlobWriter(deps, deriveDigestKeys(digestKey), blobs)
  }

  async append(unstored: VersionBatch): Promise<void> {
    if (unstored.count === 0) return
    this.#checkOrder(unstored)
    const batch = await this.#storeLarge(unstored)
    // Not the batch as it came: it holds its large values.
    this.#last = batch
    const { rows } = batch
    assert(rows !== null, 'Versions are written with their rows.')
    for (let from = 0; from < batch.count; ) {
      const room = BLOCK_BYTES - this.#pendingBytes
      const start = startOf(rows, from)
      const limit = Math.min(batch.count, from + BLOCK_VERSIONS_MAX - this.#pendingCount)
      // The row that reaches the size of a block still belongs to it.
      const past = findFirst(from, limit, (i) => (rows.ends[i] ?? 0) - start >= room)
      const to = Math.min(limit, past + 1)
      this.#add({ batch, from, to })
      from = to
      if (past < limit || this.#pendingCount >= BLOCK_VERSIONS_MAX) await this.#flush()
    }
    // Batches that are blocks but for a last row are written as they are, not cut and joined anew.
    if (this.#pendingBytes >= NEARLY_BLOCK_BYTES || this.#isFull(this.#file)) await this.#flush()
  }

  async finish(): Promise<SegmentRef[]> {
    await this.#flush()
    await this.#closeFile()
    for (const file of this.#files) file.keep()
    return this.#refs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) await file[Symbol.asyncDispose]()
  }

  #add(piece: Piece): void {
    this.#pieces.push(piece)
    this.#pendingBytes += pieceBytes(piece)
    this.#pendingCount += piece.to - piece.from
  }

  async #flush(): Promise<void> {
    if (this.#pendingCount === 0) return
    const block = gatherPieces(this.#pieces)
    this.#pieces = []
    this.#pendingBytes = 0
    this.#pendingCount = 0
    const file = this.#openFile()
    await file.writeBlock(block)
    releaseRows(block)
    if (this.#isFull(file)) await this.#closeFile()
  }

  #openFile(): SegmentFile {
    if (this.#file !== undefined) return this.#file
    const {
      isReadBack = false,
      source,
      session,
      schema,
      stamps = 'ordinal',
      signal,
    } = this.#options
    this.#file = new SegmentFile(this.#deps, {
      kernel: this.#kernel,
      source,
      session,
      number: this.#options.allocateNumber(),
      schema,
      stamps,
      plan: this.#plan,
      isReadBack,
      signal,
    })
    this.#files.push(this.#file)
    return this.#file
  }

  #isFull(file: SegmentFile | undefined): boolean {
    const { objectBytes = OBJECT_BYTES } = this.#options
    return file !== undefined && Math.max(file.rowsBytes, file.blobs.sizeBytes) >= objectBytes
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    this.#refs.push(await file.finish())
    this.#file = undefined
  }

  async #storeLarge(batch: VersionBatch): Promise<VersionBatch> {
    if (batch.large.size === 0) return batch
    const large = new Map<number, readonly LargeValue[]>()
    for (const [index, values] of batch.large) {
      const stored: LargeValue[] = []
      for (const value of values) stored.push(await this.#storeValue(value))
      large.set(index, stored)
    }
    return { ...batch, large }
  }

  async #storeValue(value: LargeValue): Promise<LargeValue> {
    if (value.kind === 'stored') return value
    const file = this.#openFile()
    const ref = await this.#blobs.store(file, value.parts, this.#options.signal)
    releaseLarge(value)
    return { kind: 'stored', fieldIndex: value.fieldIndex, ref }
  }

  #checkOrder(batch: VersionBatch): void {
    const last = this.#last
    if (last !== undefined) checkPair(last, last.count - 1, batch, 0)
    for (let i = 1; i < batch.count; i++) checkPair(batch, i - 1, batch, i)
  }
}

function checkPair(a: VersionBatch, i: number, b: VersionBatch, j: number): void {
  const order = compareEntries(a.keys, i, b.keys, j)
  if (order < 0) return
  assert(order === 0, 'Versions come to a writer in key order.')
  const aSeq = a.seqs[i] ?? 0
  const bSeq = b.seqs[j] ?? 0
  const isNewer = aSeq > bSeq || (aSeq === bSeq && (a.ordinals[i] ?? 0) > (b.ordinals[j] ?? 0))
  assert(isNewer, 'Versions of one key come newest first, each with a stamp of its own.')
}
