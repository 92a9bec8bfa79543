import { EVENT, inflatePart } from './binlog-event.ts'
import { ByteReader } from './byte-reader.ts'

/** Changes of rows of one table, as they stand in an event. */
export type RowEvent = {
  readonly op: 'insert' | 'update' | 'delete'
  readonly tableId: number
  /** Indexes of the columns that are there: of the row before, and of the row after. */
  readonly before: Int32Array
  readonly after: Int32Array
  /** Where the rows stand. */
  readonly buffer: Buffer
  readonly at: number
  readonly end: number
}

type Kind = {
  readonly op: RowEvent['op']
  readonly hasExtra: boolean
  readonly isCompressed: boolean
}

const KINDS: ReadonlyMap<number, Kind> = new Map(
  (['insert', 'update', 'delete'] as const).flatMap((op, i): [number, Kind][] => [
    [EVENT.writeRows + i, { op, hasExtra: false, isCompressed: false }],
    [EVENT.writeRows2 + i, { op, hasExtra: true, isCompressed: false }],
    [EVENT.writeRowsCompressed + i, { op, hasExtra: false, isCompressed: true }],
    [EVENT.writeRowsCompressed2 + i, { op, hasExtra: true, isCompressed: true }],
  ]),
)

export function isRowEvent(kind: number): boolean {
  return KINDS.has(kind)
}

/** The id of the table that an event of rows is about. */
export function readTableId(buffer: Buffer, at: number): number {
  return buffer.readUIntLE(at, 6)
}

/**
 * ```
 * rows = table:u48le flags:u16le [extra:u16le bytes] columns:lenenc present:bits [present:bits] row*
 * ```
 *
 * MariaDB, "Rows_event". Of a compressed one all rows are one compressed part.
 */
export function readRowEvent(
  kind: number,
  { at, buffer, end }: { buffer: Buffer; at: number; end: number },
): RowEvent {
  const { hasExtra, isCompressed, op } = KINDS.get(kind) ?? NONE
  const from = new ByteReader(buffer, at, end)
  const tableId = from.u48()
  from.skip(2)
  if (hasExtra) from.skip(from.u16() - 2)
  const columns = from.lenenc()
  const before = readPresent(from, columns)
  const after = op === 'update' ? readPresent(from, columns) : before
  if (!isCompressed) return { op, tableId, before, after, buffer, at: from.at, end }
  const rows = inflatePart(buffer.subarray(from.at, end))
  return { op, tableId, before, after, buffer: rows, at: 0, end: rows.length }
}

function readPresent(from: ByteReader, count: number): Int32Array {
  const bits = from.bytes((count + 7) >> 3)
  const present: number[] = []
  for (let i = 0; i < count; i++) {
    if (((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0) present.push(i)
  }
  return Int32Array.from(present)
}

const NONE: Kind = { op: 'insert', hasExtra: false, isCompressed: false }
