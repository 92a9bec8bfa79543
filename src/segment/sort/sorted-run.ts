import type { Random } from '#stdx/random'
import { SealedSpool } from '#stdx/sealed-spool'
import { releaseBytes } from '../batch/release.ts'
import { ByteReader } from '../block/byte-reader.ts'
import { ByteWriter } from '../block/byte-writer.ts'
import type { LargeValue, VersionBatch } from '../version-batch.ts'

export type SortDeps = { readonly tempDir: string; readonly random: Random }

/**
 * Sorted versions in a sealed temporary file that has no name. A batch is one frame: count, bytes of
 * keys and rows, large values (count; each its version, field and number of parts), then ends and
 * bytes of keys, ends and bytes of rows, digests, seqs, ordinals, ops. Behind it every part of a large
 * value is a frame.
 */
export class SortedRun implements AsyncDisposable {
  readonly #spool: SealedSpool

  constructor(deps: SortDeps) {
    this.#spool = new SealedSpool(deps, { memoryBytesMax: 0 })
  }

  async append(batch: VersionBatch): Promise<void> {
    const parts: Uint8Array<ArrayBuffer>[] = []
    const frame = formatBatch(batch, parts)
    await this.#spool.append(frame)
    releaseBytes(frame)
    for (const part of parts) await this.#spool.append(part)
  }

  async *read(): AsyncGenerator<VersionBatch, void, undefined> {
    const frames = this.#spool.read()
    for (;;) {
      const { done, value } = await frames.next()
      if (done === true) return
      yield await parseBatch(value, frames)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool[Symbol.asyncDispose]()
  }
}

function formatBatch(
  { count, digests, keys, large, ops, ordinals, rows, seqs }: VersionBatch,
  parts: Uint8Array<ArrayBuffer>[],
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  const rowColumn = rows ?? { bytes: new Uint8Array(0), ends: new Uint32Array(count) }
  writer.number(count)
  writer.number(keys.ends.at(-1) ?? 0)
  writer.number(rowColumn.ends.at(-1) ?? 0)
  const values = [...large].flatMap(([version, list]) => list.map((value) => ({ version, value })))
  writer.number(values.length)
  for (const { version, value } of values) {
    if (value.kind === 'stored') continue
    writer.number(version)
    writer.number(value.fieldIndex)
    writer.number(value.parts.length)
    parts.push(...value.parts)
  }
  const columns = [keys, rowColumn].flatMap(({ bytes, ends }) => [
    bytesOf(ends),
    bytes.subarray(0, ends.at(-1) ?? 0),
  ])
  return joinBytes([writer.finish(), ...columns, ...[digests, seqs, ordinals, ops].map(bytesOf)])
}

function bytesOf({ buffer, byteLength, byteOffset }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

async function parseBatch(
  frame: Uint8Array<ArrayBuffer>,
  frames: AsyncIterator<Uint8Array<ArrayBuffer>>,
): Promise<VersionBatch> {
  const reader = new ByteReader(frame)
  const count = reader.number()
  const sizes = [reader.number(), reader.number()]
  const large = new Map<number, LargeValue[]>()
  for (let left = reader.number(); left > 0; left--) {
    const [version, fieldIndex, partCount] = [reader.number(), reader.number(), reader.number()]
    const parts: Uint8Array<ArrayBuffer>[] = []
    for (let i = 0; i < partCount; i++) {
      const { done, value } = await frames.next()
      if (done !== true) parts.push(value)
    }
    const values = large.get(version) ?? []
    values.push({ kind: 'bytes', fieldIndex, parts })
    large.set(version, values)
  }
  const [keys, rows] = sizes.map((size) => {
    const ends = new Uint32Array(reader.raw(4 * count).slice().buffer)
    return { ends, bytes: reader.raw(size) }
  })
  return {
    count,
    keys: keys ?? { ends: new Uint32Array(0), bytes: frame },
    digests: new BigUint64Array(reader.raw(8 * count).slice().buffer),
    seqs: new Uint32Array(reader.raw(4 * count).slice().buffer),
    ordinals: new Uint32Array(reader.raw(4 * count).slice().buffer),
    ops: reader.raw(count).slice(),
    rows: rows ?? null,
    large,
  }
}

function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}
