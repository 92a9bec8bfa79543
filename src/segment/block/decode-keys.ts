import type { ObjectName } from '#store/object-store'
import { releaseBytes } from '../batch/release.ts'
import { KERNEL_FAILED, type Kernel } from '../kernel/open-kernel.ts'
import type { BlobRef, BytesColumn, LargeValue, VersionBatch } from '../version-batch.ts'
import { OP_DELETE } from '../version-batch.ts'
import { ByteReader } from './byte-reader.ts'
import {
  BLOB_HASH_BYTES,
  FLAG_DELETES,
  FLAG_FULL_STAMPS,
  FLAG_LARGE,
  FLAG_ORDINALS,
} from './encode-keys.ts'
import { FormatProblem, UnknownFormat } from './format-problem.ts'
import { SPARE_BYTES } from './zstd.ts'

/** More than any writer puts into a block; whatever claims more is not a block. */
const VERSIONS_MAX = 1 << 20
const FRAME_BYTES_MAX = 1 << 28
const FLAGS_MAX = FLAG_ORDINALS | FLAG_FULL_STAMPS | FLAG_DELETES | FLAG_LARGE

/**
 * The versions of a `.keys` block, without rows.
 *
 * @param seq of the entry that added the segment, for stamps that are ordinals
 * @throws FormatProblem when the bytes are no such block; UnknownFormat
 */
export function decodeKeysBlock(
  kernel: Kernel,
  bytes: Uint8Array<ArrayBuffer>,
  seq: number,
): VersionBatch {
  const reader = new ByteReader(bytes)
  const count = reader.numberUpTo(VERSIONS_MAX)
  const flags = reader.number()
  if (flags > FLAGS_MAX) throw new UnknownFormat(`found flags ${flags}, know ${FLAGS_MAX}`)
  const ordinal = (flags & FLAG_ORDINALS) === 0 ? reader.numberUpTo(0xffff_ffff) : 0
  const front = {
    keysBytes: reader.numberUpTo(FRAME_BYTES_MAX),
    sharedBytes: reader.numberUpTo(FRAME_BYTES_MAX),
    restsBytes: reader.numberUpTo(FRAME_BYTES_MAX),
    suffixBytes: reader.numberUpTo(FRAME_BYTES_MAX),
  }
  const rawBytes = reader.numberUpTo(FRAME_BYTES_MAX)
  const raw = new Uint8Array(rawBytes + SPARE_BYTES)
  kernel.zstd.decompressInto(reader.sized(), raw, 0, rawBytes)
  const digests = new BigUint64Array(copyOf(reader.raw(8 * count)).buffer)
  reader.finish()

  const inner = new ByteReader(raw.subarray(0, rawBytes))
  const keys = frontDecode(kernel, inner, front, count)
  const ordinals =
    (flags & FLAG_ORDINALS) === 0
      ? new Uint32Array(count).fill(ordinal)
      : new Uint32Array(copyOf(inner.raw(4 * count)).buffer)
  const seqs =
    (flags & FLAG_FULL_STAMPS) === 0
      ? new Uint32Array(count).fill(seq)
      : new Uint32Array(copyOf(inner.raw(4 * count)).buffer)
  const hasDeletes = (flags & FLAG_DELETES) !== 0
  const ops = hasDeletes ? copyOf(inner.raw(count)) : new Uint8Array(count)
  if (hasDeletes && ops.some((op) => op > OP_DELETE))
    throw new FormatProblem('a version is neither put nor delete')
  const large =
    (flags & FLAG_LARGE) === 0 ? new Map<number, LargeValue[]>() : readLarge(inner, count)
  inner.finish()
  releaseBytes(raw)
  return { count, keys, seqs, ordinals, ops, digests, rows: null, large }
}

type Front = {
  readonly keysBytes: number
  readonly sharedBytes: number
  readonly restsBytes: number
  readonly suffixBytes: number
}

function frontDecode(kernel: Kernel, reader: ByteReader, front: Front, count: number): BytesColumn {
  const { keysBytes, sharedBytes, restsBytes, suffixBytes } = front
  const coded = reader.raw(sharedBytes + restsBytes + suffixBytes)
  const [input = 0, out = 0, ends = 0] = kernel.layOut([coded.length, keysBytes, 4 * count])
  kernel.bytes().set(coded, input)
  const size =
    kernel.calls.frontDecode(
      input,
      sharedBytes,
      restsBytes,
      coded.length,
      count,
      out,
      keysBytes,
      ends,
    ) >>> 0
  if (size === KERNEL_FAILED || size !== keysBytes)
    throw new FormatProblem('its keys do not decode')
  const memory = kernel.bytes()
  return {
    bytes: memory.slice(out, out + keysBytes),
    ends: new Uint32Array(memory.slice(ends, ends + 4 * count).buffer),
  }
}

function readLarge(reader: ByteReader, count: number): Map<number, LargeValue[]> {
  const names = Array.from({ length: reader.numberUpTo(VERSIONS_MAX) }, () => reader.text())
  const large = new Map<number, LargeValue[]>()
  const versions = reader.numberUpTo(count)
  let version = 0
  for (let i = 0; i < versions; i++) {
    version += reader.numberUpTo(count - 1 - version)
    const values = reader.numberUpTo(VERSIONS_MAX)
    large.set(
      version,
      Array.from({ length: values }, () => readLargeValue(reader, names)),
    )
  }
  return large
}

function readLargeValue(reader: ByteReader, names: readonly string[]): LargeValue {
  const fieldIndex = reader.numberUpTo(VERSIONS_MAX)
  const ref: BlobRef = {
    hash: copyOf(reader.raw(BLOB_HASH_BYTES)),
    textBytes: reader.number(),
    object: nameAt(names, reader.number()),
    keyring: nameAt(names, reader.number()),
    commitment: Buffer.from(reader.raw(BLOB_HASH_BYTES)).toString('hex'),
    block: reader.number(),
    offset: reader.number(),
    sizeBytes: reader.number(),
  }
  return { kind: 'stored', fieldIndex, ref }
}

function nameAt(names: readonly string[], index: number): ObjectName {
  const name = names[index]
  if (name === undefined) throw new FormatProblem('a large value lies in an unnamed object')
  return name as ObjectName
}

/** Bytes at the beginning of a buffer of their own, as arrays of wider numbers need them. */
function copyOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.slice()
}
