import { inflatePart } from './binlog-event.ts'
import { ByteReader } from './byte-reader.ts'

export type QueryEvent = {
  readonly sql: string
  /** Where names without one are. */
  readonly database: string
  readonly hasNoEscapes: boolean
}

const SQL_MODE = 1
/** Codes of what stands before the SQL mode, and how long they are. */
const FLAGS = 0
const NO_BACKSLASH_ESCAPES = 1n << 20n

/**
 * ```
 * query = thread:u32le seconds:u32le name:u8 error:u16le settings:u16le bytes(settings)
 *         database(name) 0x00 sql                          MariaDB, "QUERY_EVENT"
 * settings = *( code:u8 ... )       0 flags:u32le, 1 sql_mode:u64le, then others
 * ```
 */
export function readQueryEvent(
  buffer: Buffer,
  { at, end, isCompressed }: { at: number; end: number; isCompressed: boolean },
): QueryEvent {
  const from = new ByteReader(buffer, at, end)
  from.skip(8)
  const nameBytes = from.u8()
  from.skip(2)
  const settings = from.bytes(from.u16())
  const database = from.bytes(nameBytes).toString('utf8')
  from.skip(1)
  const rest = buffer.subarray(from.at, end)
  const sql = (isCompressed ? inflatePart(rest) : rest).toString('utf8')
  return { sql, database, hasNoEscapes: hasNoEscapes(settings) }
}

function hasNoEscapes(settings: Buffer): boolean {
  let at = 0
  if (settings[at] === FLAGS) at += 5
  if (settings[at] !== SQL_MODE || at + 9 > settings.length) return false
  return (settings.readBigUInt64LE(at + 1) & NO_BACKSLASH_ESCAPES) !== 0n
}
