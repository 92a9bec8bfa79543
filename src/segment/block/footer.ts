import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { FormatProblem, UnknownFormat } from './format-problem.ts'
import { compress, decompress } from './zstd.ts'

/**
 * What a segment holds, block by block; the last block of `.keys`. Numbers are LEB128.
 *
 * ```
 * rawBytes      then one zstd frame of:
 * format        1
 * generation
 * schema
 * stamps        0 ordinal, 1 full
 * blobsBytes    size of .blobs, 0 when there is none
 * blocks        how many; per block:
 *   count         versions
 *   rowCount      those that are puts
 *   repeats       those with the key of the version before
 *   ordinalMin, ordinalMax
 *   seqMin, seqMax  only when stamps are full
 *   firstKey, lastKey  each with its length
 *   textBytes     of the rows
 *   keysBytes     size of the sealed block in .keys
 *   sections      of the block in .rows, 0 when it has no rows; each its sealed size
 * ```
 *
 * Blocks lie one after the other from the beginning of their object. Behind the footer, not sealed,
 * stand 16 bytes: `HFSEG`, 0, 0, 1; size of the sealed footer (4, little-endian); blocks (4).
 */
export type Footer = {
  readonly generation: number
  readonly schema: number
  readonly stamps: 'ordinal' | 'full'
  readonly blobsBytes: number
  readonly blocks: readonly FooterBlock[]
}

export type FooterBlock = {
  readonly count: number
  readonly rowCount: number
  readonly repeats: number
  readonly ordinalMin: number
  readonly ordinalMax: number
  readonly seqMin: number
  readonly seqMax: number
  readonly firstKey: Uint8Array
  readonly lastKey: Uint8Array
  readonly textBytes: number
  readonly keysBytes: number
  readonly rowSections: readonly number[]
}

const FORMAT = 1
const RAW_BYTES_MAX = 1 << 28
const BLOCKS_MAX = 1 << 24
const MAGIC = Buffer.from('HFSEG\0\0\u0001', 'latin1')

const VERSION_AT = 7

export const TRAILER_BYTES = 16

export function encodeFooter(footer: Footer): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  writer.number(FORMAT)
  writer.number(footer.generation)
  writer.number(footer.schema)
  writer.number(footer.stamps === 'full' ? 1 : 0)
  writer.number(footer.blobsBytes)
  writer.number(footer.blocks.length)
  for (const block of footer.blocks) {
    writer.number(block.count)
    writer.number(block.rowCount)
    writer.number(block.repeats)
    writer.number(block.ordinalMin)
    writer.number(block.ordinalMax)
    if (footer.stamps === 'full') {
      writer.number(block.seqMin)
      writer.number(block.seqMax)
    }
    writer.sized(block.firstKey)
    writer.sized(block.lastKey)
    writer.number(block.textBytes)
    writer.number(block.keysBytes)
    writer.number(block.rowSections.length)
    for (const sizeBytes of block.rowSections) writer.number(sizeBytes)
  }
  const raw = writer.finish()
  const sealed = new ByteWriter()
  sealed.number(raw.length)
  sealed.raw(compress(raw, 3))
  return sealed.finish()
}

/**
 * @param seq of the entry that added the segment, for stamps that are ordinals
 * @throws FormatProblem when the bytes are no footer; UnknownFormat
 */
export function decodeFooter(bytes: Uint8Array<ArrayBuffer>, seq: number): Footer {
  const outer = new ByteReader(bytes)
  const rawBytes = outer.numberUpTo(RAW_BYTES_MAX)
  const reader = new ByteReader(decompress(outer.raw(bytes.length - outer.at), rawBytes))
  const format = reader.number()
  if (format !== FORMAT) throw new UnknownFormat(`found format ${format}, know ${FORMAT}`)
  const generation = reader.number()
  const schema = reader.number()
  const stamps = reader.numberUpTo(1) === 1 ? 'full' : 'ordinal'
  const blobsBytes = reader.number()
  const blocks = Array.from({ length: reader.numberUpTo(BLOCKS_MAX) }, () =>
    readBlock(reader, stamps === 'full' ? undefined : seq),
  )
  reader.finish()
  return { generation, schema, stamps, blobsBytes, blocks }
}

function readBlock(reader: ByteReader, seq: number | undefined): FooterBlock {
  // Properties are evaluated in the order they are written down here and in the format.
  return {
    count: reader.number(),
    rowCount: reader.number(),
    repeats: reader.number(),
    ordinalMin: reader.number(),
    ordinalMax: reader.number(),
    seqMin: seq ?? reader.number(),
    seqMax: seq ?? reader.number(),
    firstKey: reader.sized(),
    lastKey: reader.sized(),
    textBytes: reader.number(),
    keysBytes: reader.number(),
    rowSections: Array.from({ length: reader.numberUpTo(BLOCKS_MAX) }, () => reader.number()),
  }
}

export function formatTrailer(footerBytes: number, blockCount: number): Uint8Array<ArrayBuffer> {
  const trailer = new Uint8Array(TRAILER_BYTES)
  trailer.set(MAGIC)
  const view = new DataView(trailer.buffer)
  view.setUint32(8, footerBytes, true)
  view.setUint32(12, blockCount, true)
  return trailer
}

/** @throws FormatProblem when the bytes are no trailer; UnknownFormat */
export function parseTrailer(bytes: Uint8Array): { footerBytes: number; blockCount: number } {
  const isSegment =
    bytes.length === TRAILER_BYTES &&
    Buffer.compare(bytes.subarray(0, VERSION_AT), MAGIC.subarray(0, VERSION_AT)) === 0
  if (!isSegment) throw new FormatProblem('it does not end as a segment does')
  if (bytes[VERSION_AT] !== MAGIC[VERSION_AT]) {
    throw new UnknownFormat(`found version ${bytes[VERSION_AT]}, know ${MAGIC[VERSION_AT]}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, TRAILER_BYTES)
  return { footerBytes: view.getUint32(8, true), blockCount: view.getUint32(12, true) }
}
