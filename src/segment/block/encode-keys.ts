import { assert } from '#stdx/assert'
import { KERNEL_FAILED, type Kernel } from '../kernel/open-kernel.ts'
import { type BlobRef, type LargeValue, OP_DELETE, type VersionBatch } from '../version-batch.ts'
import { ByteWriter } from './byte-writer.ts'

/**
 * A block of `.keys`: which versions there are and what their digests are. One section. Numbers are
 * LEB128 unless a width is given.
 *
 * ```
 * count           versions
 * flags           1 ordinals differ | 2 stamps are full | 4 some are deletes | 8 some have large values
 * ordinal         of all versions, absent when they differ
 * keysBytes       of all keys, decoded
 * sharedBytes     of the lists below
 * restsBytes
 * suffixBytes
 * frameRawBytes
 * frameBytes
 * frame           zstd of, one after the other:
 *   shared          per version: bytes its key shares with the key before
 *   rests           per version: bytes of its key after those
 *   suffixes        those bytes
 *   ordinals        4 each, little-endian, when they differ
 *   seqs            4 each, little-endian, when stamps are full
 *   ops             1 each, when some are deletes: 0 put, 1 delete
 *   large           when there are some: see `writeLarge`
 * digests         8 each, little-endian, to the end of the block
 * ```
 *
 * `large` is a list of names (count, then each with its length), and a list of versions (count; each
 * the distance to the one before, and its values): field index, hash (32), text bytes, name of the
 * object, name of its keyring object, commitment to its data key (32), block, offset, size.
 */
export const FLAG_ORDINALS = 1
export const FLAG_FULL_STAMPS = 2
export const FLAG_DELETES = 4
export const FLAG_LARGE = 8

export type EncodeKeysOptions = { readonly stamps: 'ordinal' | 'full' }

export type EncodedKeys = {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** How many versions have the key of the version before. */
  readonly repeats: number
}

/** @param batch sorted; its large values are all stored */
export function encodeKeysBlock(
  kernel: Kernel,
  batch: VersionBatch,
  { stamps }: EncodeKeysOptions,
): EncodedKeys {
  const { count } = batch
  const front = frontEncode(kernel, batch)
  const [ordinal = 0] = batch.ordinals
  const ordinalsDiffer = batch.ordinals.some((each) => each !== ordinal)
  const hasDeletes = batch.ops.includes(OP_DELETE)
  const parts: Uint8Array[] = [front.bytes]
  if (ordinalsDiffer) parts.push(bytesOf(batch.ordinals))
  if (stamps === 'full') parts.push(bytesOf(batch.seqs))
  if (hasDeletes) parts.push(batch.ops)
  if (batch.large.size > 0) parts.push(encodeLarge(batch.large))
  const raw = Buffer.concat(parts)
  const frame = kernel.zstd.compress(raw, 3)

  const writer = new ByteWriter()
  writer.number(count)
  writer.number(
    (ordinalsDiffer ? FLAG_ORDINALS : 0) |
      (stamps === 'full' ? FLAG_FULL_STAMPS : 0) |
      (hasDeletes ? FLAG_DELETES : 0) |
      (batch.large.size > 0 ? FLAG_LARGE : 0),
  )
  if (!ordinalsDiffer) writer.number(ordinal)
  writer.number(batch.keys.ends[count - 1] ?? 0)
  writer.number(front.sharedBytes)
  writer.number(front.restsBytes)
  writer.number(front.bytes.length - front.sharedBytes - front.restsBytes)
  writer.number(raw.length)
  writer.number(frame.length)
  writer.raw(frame)
  writer.raw(bytesOf(batch.digests))
  return { bytes: writer.finish(), repeats: front.repeats }
}

/** How many keys equal the one before them; `undefined` when one is smaller than that. */
export function countRepeats(
  kernel: Kernel,
  batch: Pick<VersionBatch, 'count' | 'keys'>,
): number | undefined {
  return callFrontEncode(kernel, batch).size === KERNEL_FAILED
    ? undefined
    : kernel.calls.frontEqual() >>> 0
}

function frontEncode(kernel: Kernel, batch: VersionBatch) {
  const { out, rests, shared, size } = callFrontEncode(kernel, batch)
  assert(size !== KERNEL_FAILED, 'Versions come to a writer in key order.')
  const sharedBytes = kernel.calls.frontSharedSize() >>> 0
  const restsBytes = kernel.calls.frontRestSize() >>> 0
  const memory = kernel.bytes()
  const bytes = Buffer.concat([
    memory.subarray(shared, shared + sharedBytes),
    memory.subarray(rests, rests + restsBytes),
    memory.subarray(out, out + size),
  ])
  return { bytes, sharedBytes, restsBytes, repeats: kernel.calls.frontEqual() >>> 0 }
}

function callFrontEncode(kernel: Kernel, { count, keys }: Pick<VersionBatch, 'count' | 'keys'>) {
  const keysBytes = keys.ends[count - 1] ?? 0
  const [input = 0, ends = 0, shared = 0, rests = 0, out = 0] = kernel.layOut([
    keysBytes,
    4 * count,
    5 * count,
    5 * count,
    keysBytes,
  ])
  const memory = kernel.bytes()
  memory.set(keys.bytes.subarray(0, keysBytes), input)
  memory.set(bytesOf(keys.ends.subarray(0, count)), ends)
  const size = kernel.calls.frontEncode(input, ends, count, shared, rests, out) >>> 0
  return { size, shared, rests, out }
}

function encodeLarge(large: VersionBatch['large']): Uint8Array {
  const names = new Map<string, number>()
  const writer = new ByteWriter()
  writer.number(large.size)
  let previous = 0
  for (const [version, values] of [...large].sort(([a], [b]) => a - b)) {
    writer.number(version - previous)
    previous = version
    writer.number(values.length)
    for (const value of values) writeLarge(writer, names, value)
  }
  const list = new ByteWriter()
  list.number(names.size)
  for (const name of names.keys()) list.text(name)
  return Buffer.concat([list.finish(), writer.finish()])
}

function writeLarge(writer: ByteWriter, names: Map<string, number>, value: LargeValue): void {
  assert(value.kind === 'stored', 'Large values are stored before the versions that hold them.')
  const { ref, fieldIndex } = value
  const { hash, textBytes, block, offset, sizeBytes } = ref
  assert(hash.length === BLOB_HASH_BYTES, 'The hash of a large value has 32 bytes.')
  writer.number(fieldIndex)
  writer.raw(hash)
  writer.number(textBytes)
  writer.number(numberOf(names, ref.object))
  writer.number(numberOf(names, ref.keyring))
  writer.raw(Buffer.from(ref.commitment, 'hex'))
  for (const number of [block, offset, sizeBytes]) writer.number(number)
}

export const BLOB_HASH_BYTES: BlobRef['hash']['length'] = 32

function numberOf(names: Map<string, number>, name: string): number {
  const known = names.get(name)
  if (known !== undefined) return known
  names.set(name, names.size)
  return names.size - 1
}

/** Numbers as little-endian bytes; the machines Holdfast runs on are. */
function bytesOf(numbers: Uint32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}
