import { crc32, inflateSync } from 'node:zlib'
import { AppError } from '#stdx/app-error'

/**
 * What stands before every event of the log.
 *
 * ```
 * event = time:u32le kind:u8 server:u32le size:u32le end:u32le flags:u16le body [crc32:u32le]
 * ```
 *
 * MariaDB, "Binlog Event Header". The sum is there where the file's description says so.
 */
export type EventHeader = {
  /** Seconds since 1970. */
  readonly time: number
  readonly kind: number
  readonly serverId: number
  /** Where the next event begins in the file, modulo 2^32; 0 for events that are in no file. */
  readonly end: number
  readonly isArtificial: boolean
}

export const EVENT_HEADER_BYTES = 19
const SUM_BYTES = 4
const ARTIFICIAL = 0x20

/** Kinds of events: `log_event.h`. */
export const EVENT = {
  query: 2,
  stop: 3,
  rotate: 4,
  intvar: 5,
  rand: 13,
  userVar: 14,
  description: 15,
  xid: 16,
  beginLoad: 17,
  executeLoad: 18,
  tableMap: 19,
  writeRows: 23,
  updateRows: 24,
  deleteRows: 25,
  incident: 26,
  heartbeat: 27,
  writeRows2: 30,
  updateRows2: 31,
  deleteRows2: 32,
  xaPrepare: 38,
  partialUpdate: 39,
  annotateRows: 160,
  checkpoint: 161,
  gtid: 162,
  gtidList: 163,
  startEncryption: 164,
  queryCompressed: 165,
  writeRowsCompressed: 166,
  updateRowsCompressed: 167,
  deleteRowsCompressed: 168,
  writeRowsCompressed2: 169,
  updateRowsCompressed2: 170,
  deleteRowsCompressed2: 171,
} as const

export function readEventHeader(buffer: Buffer, at: number): EventHeader {
  return {
    time: buffer.readUInt32LE(at),
    kind: buffer[at + 4] ?? 0,
    serverId: buffer.readUInt32LE(at + 5),
    end: buffer.readUInt32LE(at + 13),
    isArtificial: (buffer.readUInt16LE(at + 17) & ARTIFICIAL) !== 0,
  }
}

/** Where the body ends. @throws connector.feed-broken when the event is not what was written */
export function checkEvent(
  buffer: Buffer,
  { end, hasSum, start }: { start: number; end: number; hasSum: boolean },
): number {
  if (!hasSum) return end
  if (hasRightSum(buffer, start, end)) return end - SUM_BYTES
  const message = 'Cannot read the feed: an event was damaged on its way, its checksum is wrong'
  throw new AppError('connector.feed-broken', message)
}

export function hasRightSum(buffer: Buffer, start: number, end: number): boolean {
  if (end - start < EVENT_HEADER_BYTES + SUM_BYTES) return false
  const sum = buffer.readUInt32LE(end - SUM_BYTES)
  return crc32(buffer.subarray(start, end - SUM_BYTES)) === sum
}

/**
 * Whether events of a file carry sums, as its description says: its last bytes are `kind:u8
 * crc32:u32le`, kind 1 with sums.
 */
export function describesSums(buffer: Buffer, end: number): boolean {
  return buffer[end - SUM_BYTES - 1] === 1
}

/**
 * What a compressed part of an event holds.
 *
 * ```
 * part = kind:u8 length:u8|u16be|u24be|u32be zlib      kind & 7: bytes of the length; kind & 0x70: 0
 * ```
 *
 * MariaDB, `binlog_buf_uncompress`.
 */
export function inflatePart(part: Buffer): Buffer {
  const kind = part[0] ?? 0
  const lengthBytes = kind & 7
  if ((kind & 0x70) !== 0 || lengthBytes < 1 || lengthBytes > 4) {
    const found = `a compressed event of kind ${kind}`
    throw new AppError('connector.feed-unreadable', `Cannot read the feed: found ${found}`)
  }
  const size = part.readUIntBE(1, lengthBytes)
  return inflateSync(part.subarray(1 + lengthBytes), { maxOutputLength: Math.max(size, 1) })
}
