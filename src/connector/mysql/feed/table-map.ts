import { AppError } from '#stdx/app-error'
import { ByteReader } from './byte-reader.ts'

/** A table as the log announces it before its rows. */
export type TableMap = {
  readonly id: number
  readonly database: string
  readonly table: string
  readonly columns: readonly ColumnMap[]
  /** Indexes of the columns of the primary key, where there is one. */
  readonly primaryKey: readonly number[] | null
  /** Whether names and the rest were sent: `binlog_row_metadata = FULL`. */
  readonly isFull: boolean
}

export type ColumnMap = {
  readonly name: string
  /** Of the protocol; of texts that are none, the real one: `TYPE`. */
  readonly type: number
  /** What belongs to the type: lengths, digits, bytes of a length. */
  readonly meta: number
  readonly isUnsigned: boolean
  /** Number of the collation; 63 for bytes, 0 where there is none. */
  readonly collation: number
  /** Of an enumeration or a set, in the column's character set. */
  readonly members: readonly Buffer[] | null
}

/** MySQL, "Column types": as they stand in table maps. */
export const TYPE = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  newdate: 14,
  varchar: 15,
  bit: 16,
  timestamp2: 17,
  datetime2: 18,
  time2: 19,
  blobCompressed: 140,
  varcharCompressed: 141,
  json: 245,
  decimal: 246,
  enum: 247,
  set: 248,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const

/**
 * ```
 * map  = table:u48le flags:u16le database:text8 table:text8 columns:lenenc type:u8*columns
 *        metadata:lenenc bytes nullable:bits *( kind:u8 length:lenenc bytes )
 * text8 = length:u8 bytes 0x00                            MariaDB, "TABLE_MAP_EVENT"
 * ```
 *
 * @throws connector.feed-unreadable
 */
export function readTableMap(buffer: Buffer, at: number, end: number): TableMap {
  try {
    return read(new ByteReader(buffer, at, end))
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const message = 'Cannot read the feed: found a table announced in an unknown way'
    throw new AppError('connector.feed-unreadable', message, {}, { cause })
  }
}

function read(from: ByteReader): TableMap {
  const id = from.u48()
  from.skip(2)
  const database = readName(from)
  const table = readName(from)
  const types = [...from.bytes(from.lenenc())]
  const length = from.lenenc()
  const meta = from.bytes(length)
  const forms = readForms(types, new ByteReader(meta, 0, meta.length))
  from.skip(Math.ceil(types.length / 8))
  const said = readSaid(from)
  const unsigned = readUnsigned(forms, said.get(SAID.signs))
  const collations = readCollations(forms, said)
  const names = readNames(said.get(SAID.names))
  const members = readMembers(forms, said)
  const columns = forms.map(({ meta, type }, i) => ({
    name: names[i] ?? '',
    type,
    meta,
    isUnsigned: unsigned[i] ?? false,
    collation: collations[i] ?? 0,
    members: members[i] ?? null,
  }))
  const isFull = names.length === columns.length && columns.length > 0
  return { id, database, table, columns, primaryKey: readPrimaryKey(said), isFull }
}

function readName(from: ByteReader): string {
  const name = from.bytes(from.u8()).toString('utf8')
  from.skip(1)
  return name
}

type Form = { readonly type: number; readonly meta: number }

function readForms(types: readonly number[], from: ByteReader): Form[] {
  return types.map((type): Form => {
    if (type === TYPE.string || type === TYPE.enum || type === TYPE.set) return readString(from)
    if (ONE_BYTE.has(type)) return { type, meta: from.u8() }
    if (TWO_BYTES.has(type)) return { type, meta: from.u16() }
    return { type, meta: 0 }
  })
}

/** The real type, and the length, whose upper bits hide inverted in the type's byte. */
function readString(from: ByteReader): Form {
  const first = from.u8()
  const second = from.u8()
  const isPlain = (first & 0x30) === 0x30
  return {
    type: isPlain ? first : first | 0x30,
    meta: isPlain ? second : second | (((first & 0x30) ^ 0x30) << 4),
  }
}

const ONE_BYTE: ReadonlySet<number> = new Set([
  TYPE.float,
  TYPE.double,
  TYPE.blob,
  TYPE.blobCompressed,
  TYPE.geometry,
  TYPE.json,
  TYPE.timestamp2,
  TYPE.datetime2,
  TYPE.time2,
])
const TWO_BYTES: ReadonlySet<number> = new Set([
  TYPE.varchar,
  TYPE.varcharCompressed,
  TYPE.varString,
  TYPE.bit,
  TYPE.decimal,
  TYPE.newdate,
])

/** MariaDB, `Table_map_log_event::Optional_metadata_field_type`. */
const SAID = {
  signs: 1,
  charset: 2,
  charsets: 3,
  names: 4,
  setMembers: 5,
  enumMembers: 6,
  primaryKey: 8,
  primaryKeyParts: 9,
  memberCharset: 10,
  memberCharsets: 11,
} as const

function readSaid(from: ByteReader): Map<number, ByteReader> {
  const said = new Map<number, ByteReader>()
  while (!from.isAtEnd) {
    const kind = from.u8()
    const bytes = from.bytes(from.lenenc())
    said.set(kind, new ByteReader(bytes, 0, bytes.length))
  }
  return said
}

const NUMBERS: ReadonlySet<number> = new Set([
  TYPE.tiny,
  TYPE.short,
  TYPE.int24,
  TYPE.long,
  TYPE.longlong,
  TYPE.decimal,
  TYPE.float,
  TYPE.double,
  TYPE.year,
])

/** A bit for each column of a number, the first in the highest bit. */
function readUnsigned(forms: readonly Form[], from: ByteReader | undefined): boolean[] {
  let seen = 0
  return forms.map(({ type }) => {
    if (!NUMBERS.has(type) || from === undefined) return false
    const byte = from.buffer[seen >> 3] ?? 0
    const isSet = (byte & (0x80 >> (seen & 7))) !== 0
    seen += 1
    return isSet
  })
}

const TEXTS: ReadonlySet<number> = new Set([
  TYPE.varchar,
  TYPE.varcharCompressed,
  TYPE.varString,
  TYPE.string,
  TYPE.blob,
  TYPE.blobCompressed,
])
const MEMBERS: ReadonlySet<number> = new Set([TYPE.enum, TYPE.set])

function readCollations(
  forms: readonly Form[],
  said: ReadonlyMap<number, ByteReader>,
): readonly number[] {
  const texts = spread(said.get(SAID.charset), said.get(SAID.charsets))
  const members = spread(said.get(SAID.memberCharset), said.get(SAID.memberCharsets))
  return forms.map(({ type }) => {
    if (TEXTS.has(type)) return texts()
    return MEMBERS.has(type) ? members() : 0
  })
}

/** One after the other: a common one and those that differ from it, or each by itself. */
function spread(common: ByteReader | undefined, each: ByteReader | undefined): () => number {
  if (each !== undefined) return () => each.lenenc()
  if (common === undefined) return () => 0
  const byDefault = common.lenenc()
  const others = new Map<number, number>()
  while (!common.isAtEnd) others.set(common.lenenc(), common.lenenc())
  let index = 0
  return () => others.get(index++) ?? byDefault
}

function readNames(from: ByteReader | undefined): string[] {
  const names: string[] = []
  while (from !== undefined && !from.isAtEnd) names.push(from.bytes(from.lenenc()).toString('utf8'))
  return names
}

function readMembers(
  forms: readonly Form[],
  said: ReadonlyMap<number, ByteReader>,
): (Buffer[] | null)[] {
  return forms.map(({ type }) => {
    const from = said.get(type === TYPE.enum ? SAID.enumMembers : SAID.setMembers)
    if (!MEMBERS.has(type) || from === undefined) return null
    return Array.from({ length: from.lenenc() }, () => Buffer.from(from.bytes(from.lenenc())))
  })
}

function readPrimaryKey(said: ReadonlyMap<number, ByteReader>): number[] | null {
  const whole = said.get(SAID.primaryKey)
  const parts = said.get(SAID.primaryKeyParts)
  const from = whole ?? parts
  if (from === undefined) return null
  const columns: number[] = []
  while (!from.isAtEnd) {
    columns.push(from.lenenc())
    if (whole === undefined) from.lenenc()
  }
  return columns
}
