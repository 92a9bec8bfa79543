import { releaseBytes } from '../batch/release.ts'
import { decodeKeysBlock } from '../block/decode-keys.ts'
import type { RowShape } from '../block/decode-rows.ts'
import { readColumns, type StoredColumns, selectRows, toRows } from '../block/decode-rows.ts'
import { damaged, FormatProblem, readingObject } from '../block/format-problem.ts'
import { unsealBlock } from '../block/seal-block.ts'
import type { Kernel } from '../kernel/open-kernel.ts'
import { judgeRows, type RowsVerdict } from '../scan/judge-rows.ts'
import type { ScanTable } from '../scan/scan-table.ts'
import type { SegmentReadDeps } from '../segment.ts'
import type { BytesColumn, VersionBatch } from '../version-batch.ts'
import { dataKeyOf, type OpenSegment, type PlacedBlock, readRange } from './open-segment.ts'

export type BlockReaderOptions = {
  readonly kernel: Kernel
  /** How far to read ahead where block follows block; 0: never. */
  readonly readAheadBytes: number
  readonly signal: AbortSignal
}

type Slab = { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }

/** Reads and decodes blocks of one segment. Holds the bytes it has read ahead, per part. */
export class BlockReader {
  readonly segment: OpenSegment
  readonly #deps: SegmentReadDeps
  readonly #options: BlockReaderOptions
  readonly #slabs: { keys: Slab | undefined; rows: Slab | undefined } = {
    keys: undefined,
    rows: undefined,
  }

  /** Where the last blocks that were asked for ended. */
  readonly #ends = { keys: 0, rows: 0 }

  constructor(deps: SegmentReadDeps, segment: OpenSegment, options: BlockReaderOptions) {
    this.#deps = deps
    this.segment = segment
    this.#options = options
  }

  /** The versions of a block, without rows. @throws segment.damaged */
  async readKeys(block: PlacedBlock): Promise<VersionBatch> {
    const { ref, seq } = this.segment
    const sealed = await this.#read('keys', block)
    return readingObject(ref.keys.name, `block ${block.index}`, () => {
      const bytes = this.#unseal('keys', block, sealed)
      const batch = decodeKeysBlock(this.#options.kernel, bytes, seq)
      releaseBytes(bytes)
      if (batch.count !== block.count) throw new FormatProblem('its footer counts otherwise')
      return batch
    })
  }

  /** The rows of a block's puts, in order. @throws segment.damaged | segment.missing-key */
  async readRows(block: PlacedBlock, shape: RowShape): Promise<BytesColumn> {
    return await this.#withColumns(block, (columns) => toRows(this.#options.kernel, columns, shape))
  }

  /** Some of them. @param wanted numbers among the puts, ascending */
  async selectRows(block: PlacedBlock, shape: RowShape, wanted: Uint32Array): Promise<BytesColumn> {
    return await this.#withColumns(block, (columns) =>
      selectRows(this.#options.kernel, columns, shape, wanted),
    )
  }

  /** Opens the sections of a block's rows without looking at what is in them. */
  async authenticateRows(block: PlacedBlock): Promise<void> {
    const sealed = await this.#read('rows', block)
    this.#decodeRows(block, () => releaseBytes(this.#unseal('rows', block, sealed)))
  }

  /** Digests and keys the rows of a block anew. @param versions none has large values */
  async judgeRows(
    block: PlacedBlock,
    table: ScanTable,
    versions: VersionBatch,
  ): Promise<RowsVerdict> {
    return await this.#withColumns(block, (columns) =>
      judgeRows(this.#options.kernel, columns, table, versions),
    )
  }

  async #withColumns<T>(block: PlacedBlock, decode: (columns: StoredColumns) => T): Promise<T> {
    const sealed = await this.#read('rows', block)
    return this.#decodeRows(block, () => {
      const bytes = this.#unseal('rows', block, sealed)
      const columns = readColumns(bytes)
      if (columns.rowCount !== block.rowCount)
        throw new FormatProblem('its footer counts otherwise')
      const rows = decode(columns)
      releaseBytes(bytes)
      return rows
    })
  }

  #decodeRows<T>(block: PlacedBlock, decode: () => T): T {
    const { ref } = this.segment
    return readingObject(ref.rows?.name ?? ref.keys.name, `block ${block.index}`, decode)
  }

  #unseal(part: 'keys' | 'rows', block: PlacedBlock, sealed: Uint8Array) {
    const { index } = block
    const key = dataKeyOf(this.segment, part, index)
    const place = { vaultId: this.#deps.vaultId, segment: this.segment.ref.keyring, part }
    const sizes = part === 'keys' ? [block.keysBytes] : block.rowSections
    return unsealBlock(key, { ...place, block: index }, sealed, sizes)
  }

  /** The sealed bytes of a block, out of what was read ahead where they are in it. */
  async #read(part: 'keys' | 'rows', block: PlacedBlock): Promise<Uint8Array<ArrayBuffer>> {
    const { ref } = this.segment
    const object = ref[part]
    if (object === null) throw damaged(ref.keys.name, `block ${block.index} has no rows`)
    const offset = part === 'keys' ? block.keysOffset : block.rowsOffset
    const size = part === 'keys' ? block.keysBytes : block.rowsBytes
    const slab = this.#slabs[part]
    if (slab !== undefined && offset >= slab.offset) {
      const from = offset - slab.offset
      if (from + size <= slab.bytes.length) {
        this.#ends[part] = offset + size
        return slab.bytes.subarray(from, from + size)
      }
    }
    const { signal } = this.#options
    const readAheadBytes = this.#isNext(part, offset) ? this.#options.readAheadBytes : 0
    this.#ends[part] = offset + size
    const length = Math.min(Math.max(size, readAheadBytes), object.sizeBytes - offset)
    // What was unsealed out of the old one is a copy.
    if (slab !== undefined) releaseBytes(slab.bytes)
    this.#slabs[part] = undefined
    const bytes = await readRange(this.#deps, object.name, { offset, length }, signal)
    this.#slabs[part] = readAheadBytes > 0 ? { offset, bytes } : undefined
    return bytes.subarray(0, size)
  }

  /** Whether a block follows the last one closely: only then are the ones behind it likely wanted. */
  #isNext(part: 'keys' | 'rows', offset: number): boolean {
    const gap = offset - this.#ends[part]
    return gap >= 0 && gap <= this.#options.readAheadBytes / 2
  }
}
