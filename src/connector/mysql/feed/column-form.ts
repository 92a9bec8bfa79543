import { inflateRawSync, inflateSync } from 'node:zlib'
import type { RowSink } from '../../changes/row-writer.ts'
import { baseType } from '../field-form.ts'
import { formatFloatValue } from '../format-float.ts'
import type { Charset } from './charsets.ts'
import { formatInet4, formatInet6, formatUuid } from './network-text.ts'
import { type ColumnMap, TYPE } from './table-map.ts'
import {
  formatBits,
  formatDate,
  formatDatetime,
  formatDecimal,
  formatDouble,
  formatFixed,
  formatInteger64,
  formatOldDatetime,
  formatOldTime,
  formatOldTimestamp,
  formatTime,
  formatTimestamp,
} from './value-text.ts'

/** How the bytes of a column become canonical text: that which a scan of the same row gives. */
export type ColumnForm = {
  write(to: RowSink, from: Buffer, start: number, length: number): void
  /** The text has at most so many bytes, escapes included. */
  textBytesMax(from: Buffer, start: number, length: number): number
}

/**
 * The form of a column of the log that the catalogue calls `type`; `undefined` when the column is
 * not of that type.
 *
 * @param charset of the column's collation; `undefined` for bytes
 */
export function formColumn(
  column: ColumnMap,
  type: string,
  charset: Charset | undefined,
): ColumnForm | undefined {
  const question = { column, type: type.toLowerCase(), charset, written: type }
  return formNumber(question) ?? formMoment(question) ?? formText(question) ?? formOther(question)
}

type Question = {
  readonly column: ColumnMap
  readonly type: string
  /** As it is written: members of enumerations in their case. */
  readonly written: string
  readonly charset: Charset | undefined
}

type Print = (from: Buffer, start: number, length: number) => string

function short(print: Print): ColumnForm {
  return {
    write: (to, from, start, length) => to.writeAscii(print(from, start, length)),
    textBytesMax: () => SHORT_TEXT_BYTES_MAX,
  }
}

/** A DOUBLE(255,30) is the longest. */
const SHORT_TEXT_BYTES_MAX = 350

const INTEGER_BYTES: ReadonlyMap<string, { type: number; bytes: number }> = new Map([
  ['tinyint', { type: TYPE.tiny, bytes: 1 }],
  ['smallint', { type: TYPE.short, bytes: 2 }],
  ['mediumint', { type: TYPE.int24, bytes: 3 }],
  ['int', { type: TYPE.long, bytes: 4 }],
])

function formNumber({ column, type }: Question): ColumnForm | undefined {
  const base = baseType(type)
  const { meta } = column
  const isUnsigned = /\b(?:unsigned|zerofill)\b/.test(type)
  const [first, second] = numbersOf(type)
  const integer = INTEGER_BYTES.get(base)
  if (integer !== undefined || base === 'bigint') {
    if (column.type !== (integer?.type ?? TYPE.longlong) || column.isUnsigned !== isUnsigned) return
    if (integer === undefined) return short((from, at) => formatInteger64(from, at, isUnsigned))
    const { bytes } = integer
    return short(
      isUnsigned
        ? (from, at) => String(from.readUIntLE(at, bytes))
        : (from, at) => String(from.readIntLE(at, bytes)),
    )
  }
  switch (base) {
    case 'decimal': {
      const precision = meta & 0xff
      const scale = meta >> 8
      if (column.type !== TYPE.decimal || first !== precision || (second ?? 0) !== scale) return
      return short((from, at) => formatDecimal(from, at, { precision, scale }))
    }
    case 'float':
      if (column.type !== TYPE.float) return
      return short((from, at) => formatFloatValue(from.readFloatLE(at)))
    case 'double':
      if (column.type !== TYPE.double) return
      if (second === undefined) return short((from, at) => formatDouble(from.readDoubleLE(at)))
      return short((from, at) => formatFixed(from.readDoubleLE(at), second))
    case 'bit': {
      const width = (meta >> 8) * 8 + (meta & 0xff)
      if (column.type !== TYPE.bit || (first ?? 1) !== width) return
      return short((from, at) => formatBits(from, at, width))
    }
    default:
      return undefined
  }
}

function formMoment({ column, type }: Question): ColumnForm | undefined {
  const base = baseType(type)
  const digits = numbersOf(type)[0] ?? 0
  const isNew = digits === column.meta
  const isOld = digits === 0
  switch (base) {
    case 'year':
      if (column.type !== TYPE.year) return
      return short((from, at) => (from[at] === 0 ? '0000' : String(1900 + (from[at] ?? 0))))
    case 'date':
      if (column.type !== TYPE.date && column.type !== TYPE.newdate) return
      return short(formatDate)
    case 'datetime':
      if (column.type === TYPE.datetime && isOld) return short(formatOldDatetime)
      if (column.type !== TYPE.datetime2 || !isNew) return
      return short((from, at) => formatDatetime(from, at, digits))
    case 'timestamp':
      if (column.type === TYPE.timestamp && isOld) return short(formatOldTimestamp)
      if (column.type !== TYPE.timestamp2 || !isNew) return
      return short((from, at) => formatTimestamp(from, at, digits))
    case 'time':
      if (column.type === TYPE.time && isOld) return short(formatOldTime)
      if (column.type !== TYPE.time2 || !isNew) return
      return short((from, at) => formatTime(from, at, digits))
    default:
      return undefined
  }
}

const BLOB_BYTES: ReadonlyMap<string, number> = new Map([
  ['tiny', 1],
  ['', 2],
  ['medium', 3],
  ['long', 4],
])

function formText({ charset, column, type }: Question): ColumnForm | undefined {
  const base = baseType(type)
  const [count = 1] = numbersOf(type)
  const isCompressed = column.type === TYPE.varcharCompressed || column.type === TYPE.blobCompressed
  const blob = /^(tiny|medium|long|)(text|blob)$/.exec(base)
  const isBytes = base === 'binary' || base === 'varbinary' || blob?.[2] === 'blob'
  if (isBytes !== (charset === undefined)) return undefined
  const bytesMax = count * (charset?.bytesMax ?? 1)
  const isRight =
    blob !== null
      ? (column.type === TYPE.blob || column.type === TYPE.blobCompressed) &&
        BLOB_BYTES.get(blob[1] ?? '') === column.meta
      : hasTextType(base, column, bytesMax)
  if (!isRight) return undefined
  const plain =
    charset === undefined ? formBytes(base === 'binary' ? count : 0) : formChars(charset)
  return isCompressed ? formCompressed(plain) : plain
}

function hasTextType(base: string, { meta, type }: ColumnMap, bytesMax: number): boolean {
  if (base === 'char' || base === 'binary') return type === TYPE.string && meta === bytesMax
  if (base !== 'varchar' && base !== 'varbinary') return false
  if (type === TYPE.varcharCompressed) return meta === bytesMax || meta === bytesMax + 1
  return (type === TYPE.varchar || type === TYPE.varString) && meta === bytesMax
}

function formChars({ decode }: Charset): ColumnForm {
  if (decode === null) {
    return {
      write: (to, from, start, length) => to.writeValue(from, start, length),
      textBytesMax: (_from, _start, length) => 2 * length,
    }
  }
  return {
    write(to, from, start, length) {
      const text = decode(from, start, start + length)
      to.writeValue(text, 0, text.length)
    },
    textBytesMax: (_from, _start, length) => 4 * length,
  }
}

/** @param padTo zeros at the end are left out in the log */
function formBytes(padTo: number): ColumnForm {
  return {
    write(to, from, start, length) {
      to.writeAscii('\\\\x')
      to.writeHex(from, start, length)
      if (length < padTo) to.writeAscii('00'.repeat(padTo - length))
    },
    textBytesMax: (_from, _start, length) => 3 + 2 * Math.max(length, padTo),
  }
}

/**
 * ```
 * value = 0x00 bytes | kind:u8 length:u8|u16be|u24be|u32be deflated     kind: 0x80, 8 without header,
 *                                                                      bytes of the length
 * ```
 *
 * MariaDB, `compress_zlib` in `field_comp.cc`.
 */
function formCompressed(plain: ColumnForm): ColumnForm {
  const inflate = (from: Buffer, start: number, length: number): Buffer => {
    const kind = from[start] ?? 0
    if (length === 0 || kind === 0) return from.subarray(start + 1, start + Math.max(length, 1))
    const begin = start + 1 + (kind & 7)
    const deflated = from.subarray(begin, start + length)
    const maxOutputLength = Math.max(from.readUIntBE(start + 1, kind & 7), 1)
    return (kind & 8) !== 0
      ? inflateRawSync(deflated, { maxOutputLength })
      : inflateSync(deflated, { maxOutputLength })
  }
  return {
    write(to, from, start, length) {
      const bytes = inflate(from, start, length)
      plain.write(to, bytes, 0, bytes.length)
    },
    textBytesMax(from, start, length) {
      const kind = from[start] ?? 0
      const size = length === 0 || kind === 0 ? length : from.readUIntBE(start + 1, kind & 7)
      return plain.textBytesMax(from, start, size)
    },
  }
}

const NETWORK: ReadonlyMap<string, { bytes: number; format: (bytes: Uint8Array) => string }> =
  new Map([
    ['uuid', { bytes: 16, format: formatUuid }],
    ['inet6', { bytes: 16, format: formatInet6 }],
    ['inet4', { bytes: 4, format: formatInet4 }],
  ])

const GEOMETRIES =
  /^(?:geometry|point|linestring|polygon|multipoint|multilinestring|multipolygon|geometrycollection|geomcollection)$/

function formOther({ charset, column, type, written }: Question): ColumnForm | undefined {
  const base = baseType(type)
  if (GEOMETRIES.test(base)) return column.type === TYPE.geometry ? formBytes(0) : undefined
  const network = NETWORK.get(base)
  if (network !== undefined) {
    if (column.type !== TYPE.string || column.meta !== network.bytes) return undefined
    const whole = Buffer.alloc(network.bytes)
    return short((from, start, length) => {
      whole.fill(0)
      from.copy(whole, 0, start, start + length)
      return network.format(whole)
    })
  }
  if (base === 'enum' && column.type === TYPE.enum) return formMember(column, charset, written)
  if (base === 'set' && column.type === TYPE.set) return formMembers(column, charset, written)
  return undefined
}

function formMember(
  column: ColumnMap,
  charset: Charset | undefined,
  written: string,
): ColumnForm | undefined {
  const members = readMembers(column, charset, written)
  if (members === undefined) return undefined
  // Index 0 is a value that was none of them.
  const texts = [Buffer.alloc(0), ...members]
  return {
    write(to, from, start, length) {
      const text = texts[from.readUIntLE(start, length)] ?? Buffer.alloc(0)
      to.writeValue(text, 0, text.length)
    },
    textBytesMax: constantly(2 * Math.max(...texts.map(({ length }) => length))),
  }
}

function formMembers(
  column: ColumnMap,
  charset: Charset | undefined,
  written: string,
): ColumnForm | undefined {
  const members = readMembers(column, charset, written)
  if (members === undefined) return undefined
  const comma = Buffer.from(',')
  return {
    write(to, from, start, length) {
      let isFirst = true
      for (const [i, text] of members.entries()) {
        const byte = i >> 3 < length ? (from[start + (i >> 3)] ?? 0) : 0
        if ((byte & (1 << (i & 7))) === 0) continue
        if (!isFirst) to.writeValue(comma, 0, 1)
        to.writeValue(text, 0, text.length)
        isFirst = false
      }
    },
    textBytesMax: constantly(members.reduce((sum, { length }) => sum + 2 * length + 1, 1)),
  }
}

function constantly(count: number): () => number {
  return () => count
}

/** Their texts in UTF-8, when the catalogue names the same. */
function readMembers(
  { members }: ColumnMap,
  charset: Charset | undefined,
  written: string,
): Buffer[] | undefined {
  if (members === null) return undefined
  const texts = members.map((bytes) => charset?.decode?.(bytes, 0, bytes.length) ?? bytes)
  const quoted = (print: (text: string) => string) =>
    texts.map((text) => `'${print(text.toString('utf8')).replaceAll("'", "''")}'`).join(',')
  const list = written.slice(written.indexOf('(') + 1, written.lastIndexOf(')'))
  const plain = quoted((text) => text)
  const escaped = quoted(escapeMember)
  return list === plain || list === escaped ? texts : undefined
}

function escapeMember(text: string): string {
  return [...text].map((character) => MEMBER_ESCAPES.get(character) ?? character).join('')
}

const MEMBER_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\0', '\\0'],
  ['\x1a', '\\Z'],
])

/** 10 and 2 of `decimal(10,2)`. */
function numbersOf(type: string): number[] {
  const list = /^[a-z0-9]+\(([\d,]+)\)/.exec(type)?.[1]
  return list === undefined ? [] : list.split(',').map(Number)
}
