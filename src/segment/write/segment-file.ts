import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { SchemaVersion } from '#record/schema'
import type { Part } from '#seal/data-keys'
import { sealKeyring } from '#seal/keyring'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { ObjectName } from '#store/object-store'
import { releaseBytes, releaseKeys } from '../batch/release.ts'
import { decodeKeysBlock } from '../block/decode-keys.ts'
import { holdsRows, readColumns } from '../block/decode-rows.ts'
import { encodeKeysBlock } from '../block/encode-keys.ts'
import { type ColumnPlan, encodeRowsBlock } from '../block/encode-rows.ts'
import { encodeFooter, type FooterBlock, formatTrailer } from '../block/footer.ts'
import { sealBlock, unsealBlock } from '../block/seal-block.ts'
import { entryOf, startOf } from '../columns.ts'
import type { Kernel } from '../kernel/open-kernel.ts'
import type {
  BorrowedBlobs,
  ObjectRef,
  SegmentRef,
  SegmentWriteDeps,
  StoredBytes,
} from '../segment.ts'
import type { BytesColumn, VersionBatch } from '../version-batch.ts'
import { nameTaken, PartWriter } from './part-writer.ts'

export type SegmentFileOptions = {
  readonly kernel: Kernel
  readonly source: string
  readonly session: string
  readonly number: number
  readonly schema: SchemaVersion
  readonly stamps: 'ordinal' | 'full'
  readonly plan: ColumnPlan
  /** Rows are compared with what was meant when the whole segment is read back, not here. */
  readonly isReadBack: boolean
  readonly signal: AbortSignal
}

const DATA_KEY_BYTES = 32

/**
 * One segment being written: its objects, their data keys, its footer. Holds one block at a time,
 * and some 100 bytes per block for the footer. Every block is unsealed, decoded and compared before
 * a byte of it is written; only of one that is read back from the store anyhow, rows are not.
 */
export class SegmentFile implements AsyncDisposable {
  readonly keyring: ObjectName
  readonly blobs: PartWriter
  readonly #deps: SegmentWriteDeps
  readonly #options: SegmentFileOptions
  readonly #keys: PartWriter
  readonly #rows: PartWriter
  readonly #blocks: FooterBlock[] = []
  readonly #borrowed = new Map<ObjectName, BorrowedBlobs>()
  #lastKey: Uint8Array | undefined
  #isSealed = false
  #isKept = false

  constructor(deps: SegmentWriteDeps, options: SegmentFileOptions) {
    const { source, session, number, signal } = options
    const name = (ending: string) =>
      `segments/${source}/${session}/${number}.${ending}` as ObjectName
    this.#deps = deps
    this.#options = options
    this.keyring = `${source}/${session}/${number}` as ObjectName
    this.#keys = new PartWriter(deps.store, name('keys'), signal)
    this.#rows = new PartWriter(deps.store, name('rows'), signal)
    this.blobs = new PartWriter(deps.store, name('blobs'), signal)
  }

  get rowsBytes(): number {
    return this.#rows.sizeBytes
  }

  /** A block of versions that follow all earlier ones; their large values are stored. */
  async writeBlock(batch: VersionBatch): Promise<void> {
    const { kernel, stamps } = this.#options
    const { rows } = batch
    assert(rows !== null && batch.count > 0, 'A block has versions with their rows.')
    const { bytes, repeats } = encodeKeysBlock(kernel, batch, { stamps })
    const block = this.#blocks.length
    const rowColumn = putRows(batch, rows)
    const rowSections = this.#encodeRows(rowColumn)
    const sealedKeys = this.#seal('keys', block, [bytes])
    const sealedRows = this.#seal('rows', block, rowSections)
    this.#verify(batch, rowColumn, block, { keys: sealedKeys, rows: sealedRows })
    for (const section of sealedRows) await this.#rows.write(section)
    for (const section of sealedKeys) await this.#keys.write(section)
    const rowSectionSizes = sealedRows.map((section) => section.length)
    const keysBytes = sizeOf(sealedKeys)
    for (const section of [...sealedRows, ...sealedKeys, ...rowSections]) releaseBytes(section)
    this.#noteBorrowed(batch)
    const first = entryOf(batch.keys, 0).slice()
    const repeatsLast = this.#lastKey !== undefined && Buffer.compare(this.#lastKey, first) === 0
    this.#lastKey = entryOf(batch.keys, batch.count - 1).slice()
    this.#blocks.push({
      count: batch.count,
      rowCount: rowColumn.ends.length,
      repeats: repeats + (repeatsLast ? 1 : 0),
      ...rangeOf(batch),
      firstKey: first,
      lastKey: this.#lastKey,
      textBytes: rowColumn.ends.at(-1) ?? 0,
      keysBytes,
      rowSections: rowSectionSizes,
    })
  }

  /** Makes the segment durable: rows, blobs, keys, and last its keyring object. */
  async finish(): Promise<SegmentRef> {
    const { schema, stamps, signal } = this.#options
    const { vaultId, keyring, recipients } = this.#deps
    const blockCount = this.#blocks.length
    const footer = encodeFooter({
      generation: schema.generation,
      schema: schema.version,
      stamps,
      blobsBytes: this.blobs.sizeBytes,
      blocks: this.#blocks,
    })
    const [sealed] = this.#seal('keys', blockCount, [footer])
    assert(sealed !== undefined, 'A footer is one section.')
    await this.#keys.write(sealed)
    await this.#keys.write(formatTrailer(sealed.length, blockCount))
    const rows = await this.#rows.commit()
    const blobs = await this.blobs.commit()
    const keys = await this.#keys.commit()
    assert(keys !== null, 'A segment has keys.')
    const bytes = await sealKeyring({
      vaultId,
      name: this.keyring,
      keys: { keys: this.#keys.keys, rows: this.#rows.keys, blobs: this.blobs.keys },
      recipients,
    })
    const result = await keyring.put(this.keyring, bytes, signal)
    if (result === 'already-present') throw nameTaken(this.keyring)
    this.#isSealed = true
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const keyringObject = { sizeBytes: bytes.byteLength, sha256 }
    return this.#formatRef({ keyringObject, keys, rows, blobs })
  }

  /** From here on disposing leaves the segment where it is. */
  keep(): void {
    this.#isKept = true
  }

  /** Takes back what is in the store, as far as it lets us; collection sweeps the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isKept) return
    const { store, keyring } = this.#deps
    // A signal of its own: runs that were aborted are taken back, too.
    const { signal } = new AbortController()
    const parts = [this.#rows, this.blobs, this.#keys]
    for (const part of parts) await part[Symbol.asyncDispose]()
    await Promise.allSettled([
      ...parts.filter((part) => part.isCommitted).map((part) => store.delete(part.name, signal)),
      ...(this.#isSealed ? [keyring.delete(this.keyring, signal)] : []),
    ])
  }

  #encodeRows(rows: BytesColumn): Uint8Array<ArrayBuffer>[] {
    if (rows.ends.length === 0) return []
    const { kernel, schema, plan } = this.#options
    return encodeRowsBlock(kernel, rows, schema.fields.length, plan)
  }

  #seal(part: 'keys' | 'rows', block: number, sections: readonly Uint8Array[]) {
    const key = this.#deps.random.bytes(DATA_KEY_BYTES)
    const writer = part === 'keys' ? this.#keys : this.#rows
    writer.keys.push(key)
    return sealBlock(key, this.#place(part, block), sections)
  }

  #place(part: Part, block: number) {
    return { vaultId: this.#deps.vaultId, segment: this.keyring, part, block }
  }

  #verify(
    batch: VersionBatch,
    rows: BytesColumn,
    block: number,
    sealed: { readonly keys: readonly Uint8Array[]; readonly rows: readonly Uint8Array[] },
  ): void {
    const { isReadBack, kernel } = this.#options
    const open = (part: 'keys' | 'rows') => {
      const key = (part === 'keys' ? this.#keys : this.#rows).keys[block]
      assert(key !== undefined, 'A block that was sealed has a key.')
      const sizes = sealed[part].map((section) => section.length)
      const [only] = sealed[part]
      const joined = only && sizes.length === 1 ? only : Buffer.concat(sealed[part])
      return unsealBlock(key, this.#place(part, block), joined, sizes)
    }
    const openedKeys = open('keys')
    const decoded = decodeKeysBlock(kernel, openedKeys, 0)
    releaseBytes(openedKeys)
    let isSame = isSameKeys(batch, decoded, this.#options.stamps)
    releaseKeys(decoded)
    if (sealed.rows.length > 0 && !isReadBack) {
      const opened = open('rows')
      isSame &&= holdsRows(kernel, readColumns(opened), rows)
      releaseBytes(opened)
    }
    if (isSame) return
    const found = 'it does not decode to what was encoded'
    const message = `Cannot write block ${block} of "${this.keyring}": ${found}`
    throw new AppError('segment.not-verified', message, { segment: this.keyring, block })
  }

  #noteBorrowed({ large }: VersionBatch): void {
    for (const value of [...large.values()].flat()) {
      assert(value.kind === 'stored', 'Large values are stored before their versions.')
      const { keyring, object } = value.ref
      if (keyring !== this.keyring) this.#borrowed.set(object, { object, keyring })
    }
  }

  #seqs() {
    const least = (a: number, { seqMin }: FooterBlock) => Math.min(a, seqMin)
    const greatest = (a: number, { seqMax }: FooterBlock) => Math.max(a, seqMax)
    return {
      min: this.#blocks.reduce(least, Number.MAX_SAFE_INTEGER),
      max: this.#blocks.reduce(greatest, 0),
    }
  }

  #formatRef(objects: {
    readonly keyringObject: StoredBytes
    readonly keys: ObjectRef
    readonly rows: ObjectRef | null
    readonly blobs: ObjectRef | null
  }): SegmentRef {
    const { schema, stamps } = this.#options
    const sum = (of: (block: FooterBlock) => number) =>
      this.#blocks.reduce((total, block) => total + of(block), 0)
    return {
      entity: schema.entity,
      generation: schema.generation,
      schema: schema.version,
      stamps,
      ...(stamps === 'full' && { seqs: this.#seqs() }),
      versionCount: sum(({ count }) => count),
      rowCount: sum(({ rowCount }) => rowCount),
      keyring: this.keyring,
      ...objects,
      borrowed: [...this.#borrowed.values()],
    }
  }
}

/** The rows of puts; deletes have no text. */
function putRows(batch: VersionBatch, rows: BytesColumn): BytesColumn {
  if (!batch.ops.includes(1)) return rows
  const ends = rows.ends.filter((end, i) => end > startOf(rows, i))
  return { bytes: rows.bytes, ends }
}

function rangeOf({ ordinals, seqs }: VersionBatch) {
  const [firstOrdinal = 0] = ordinals
  const [firstSeq = 0] = seqs
  const range = {
    ordinalMin: firstOrdinal,
    ordinalMax: firstOrdinal,
    seqMin: firstSeq,
    seqMax: firstSeq,
  }
  for (const ordinal of ordinals) {
    if (ordinal < range.ordinalMin) range.ordinalMin = ordinal
    if (ordinal > range.ordinalMax) range.ordinalMax = ordinal
  }
  for (const seq of seqs) {
    if (seq < range.seqMin) range.seqMin = seq
    if (seq > range.seqMax) range.seqMax = seq
  }
  return range
}

function isSameKeys(a: VersionBatch, b: VersionBatch, stamps: 'ordinal' | 'full'): boolean {
  return (
    a.count === b.count &&
    isSameColumn(a.keys, b.keys) &&
    isSameBytes(a.ordinals, b.ordinals) &&
    (stamps === 'ordinal' || isSameBytes(a.seqs, b.seqs)) &&
    isSameBytes(a.ops, b.ops) &&
    isSameBytes(a.digests, b.digests) &&
    isSameLarge(a.large, b.large)
  )
}

function isSameLarge(a: VersionBatch['large'], b: VersionBatch['large']): boolean {
  return a.size === b.size && (a.size === 0 || isDeepStrictEqual(new Map(a), new Map(b)))
}

function isSameColumn(a: BytesColumn, b: BytesColumn): boolean {
  const size = a.ends.at(-1) ?? 0
  return (
    isSameBytes(a.ends, b.ends) &&
    Buffer.compare(a.bytes.subarray(0, size), b.bytes.subarray(0, size)) === 0
  )
}

function isSameBytes(
  a: Uint8Array | Uint32Array | BigUint64Array,
  b: Uint8Array | Uint32Array | BigUint64Array,
): boolean {
  const view = ({ buffer, byteOffset, byteLength }: typeof a) =>
    new Uint8Array(buffer, byteOffset, byteLength)
  return Buffer.compare(view(a), view(b)) === 0
}

function sizeOf(sections: readonly Uint8Array[]): number {
  return sections.reduce((sum, section) => sum + section.length, 0)
}
