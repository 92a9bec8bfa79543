import { KERNEL_FAILED, type Kernel } from '../kernel/open-kernel.ts'
import type { BytesColumn } from '../version-batch.ts'
import { ByteReader } from './byte-reader.ts'
import { FormatProblem } from './format-problem.ts'

/** Far more than any writer puts into a block. */
const ROWS_MAX = 1 << 20
const FIELDS_MAX = 1 << 16
const TEXT_BYTES_MAX = 1 << 28

/** Which fields of stored rows to give, and what to close each row with. */
export type RowShape = {
  /** The first ones; the others are left out. */
  readonly fieldCount: number
  /** A newline, with the values of fields the rows do not have yet before it. */
  readonly tail: Uint8Array
}

/** The rows of a block as they lie there: columns in frames. */
export type StoredColumns = {
  readonly rowCount: number
  readonly storedFieldCount: number
  readonly frames: readonly { readonly bytes: Uint8Array; readonly rawBytes: number }[]
  /** Per field, where its column begins and ends among all frames. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly textBytes: number
}

/**
 * Finds the columns of a block of `.rows`.
 * @param bytes its sections, joined
 * @throws FormatProblem when the bytes are no such block
 */
export function readColumns(bytes: Uint8Array<ArrayBuffer>): StoredColumns {
  const reader = new ByteReader(bytes)
  const rowCount = reader.numberUpTo(ROWS_MAX)
  const storedFieldCount = reader.numberUpTo(FIELDS_MAX)
  const groups = Array.from({ length: reader.numberUpTo(storedFieldCount) }, () => {
    const fields = Array.from({ length: reader.numberUpTo(storedFieldCount) }, () =>
      reader.numberUpTo(storedFieldCount - 1),
    )
    return { fields, frameBytes: reader.number() }
  })
  const order = groups.flatMap(({ fields }) => fields)
  if (order.length !== storedFieldCount || new Set(order).size !== storedFieldCount) {
    throw new FormatProblem('its columns are not the fields of its rows')
  }
  const starts = new Array<number>(storedFieldCount).fill(0)
  const ends = new Array<number>(storedFieldCount).fill(0)
  const sizes: number[] = []
  let textBytes = 0
  for (const field of order) {
    const size = reader.numberUpTo(TEXT_BYTES_MAX - textBytes)
    starts[field] = textBytes
    textBytes += size
    ends[field] = textBytes
    sizes.push(size)
  }
  let column = 0
  const frames = groups.map(({ fields, frameBytes }) => {
    const members = sizes.slice(column, column + fields.length)
    column += fields.length
    const rawBytes = members.reduce((sum, size) => sum + size, 0)
    return { bytes: reader.raw(frameBytes), rawBytes }
  })
  reader.finish()
  return { rowCount, storedFieldCount, frames, starts, ends, textBytes }
}

/** All rows. @throws FormatProblem when the columns do not make rows */
export function toRows(kernel: Kernel, columns: StoredColumns, shape: RowShape): BytesColumn {
  return takeRows(kernel, buildRows(kernel, columns, shape))
}

/** Whether the block holds exactly these rows; nothing is copied out for it. */
export function holdsRows(kernel: Kernel, columns: StoredColumns, rows: BytesColumn): boolean {
  const { rowCount } = columns
  if (rowCount !== rows.ends.length) return false
  const builder = openRowBuilder(kernel, columns, { shape: plainShape(columns), more: [] })
  const stepRows = rowsOfStep(columns)
  let start = 0
  for (let row = 0; row < rowCount; row += stepRows) {
    const { count, out, rowEnds, size } = builder.build(Math.min(stepRows, rowCount - row))
    const memory = kernel.bytes()
    const ends = new Uint32Array(memory.buffer, rowEnds, count)
    for (let i = 0; i < count; i++) if (ends[i] !== (rows.ends[row + i] ?? 0) - start) return false
    const text = rows.bytes.subarray(start, start + size)
    if (Buffer.compare(memory.subarray(out, out + size), text) !== 0) return false
    start += size
  }
  builder.finish()
  return true
}

/** What one step over rows leaves, the next finds in the cache. */
const STEP_BYTES = 65_536

/** How many rows to build at a time. */
export function rowsOfStep({ rowCount, textBytes }: StoredColumns): number {
  return Math.max(1, Math.ceil((rowCount * STEP_BYTES) / Math.max(1, textBytes)))
}

const NEWLINE = Uint8Array.of(0x0a)

/** All stored fields and nothing else. */
export function plainShape({ storedFieldCount }: StoredColumns): RowShape {
  return { fieldCount: storedFieldCount, tail: NEWLINE }
}

/** Leaves the rows in the kernel's memory. */
function buildRows(kernel: Kernel, columns: StoredColumns, shape: RowShape): BuiltRows {
  const builder = openRowBuilder(kernel, columns, { shape, more: [] })
  const built = builder.build(columns.rowCount)
  builder.finish()
  return built
}

/** Builds rows where their columns were decompressed to, some at a time. */
export type RowBuilder = {
  /** Addresses of the areas the caller asked for. */
  readonly areas: readonly number[]
  /**
   * The next rows, in the place of the last ones.
   * @param fieldEnds address for the ends of their fields; 0: none
   * @throws FormatProblem when there are none
   */
  build(rowCount: number, fieldEnds?: number): BuiltRows
  /** @throws FormatProblem when the columns do not end with these rows */
  finish(): void
}

/** @param options.more sizes of areas for the caller */
export function openRowBuilder(
  kernel: Kernel,
  columns: StoredColumns,
  { more, shape }: { readonly shape: RowShape; readonly more: readonly number[] },
): RowBuilder {
  const { rowCount } = columns
  const tailBytes = shape.tail.length
  const fieldCount = Math.min(shape.fieldCount, columns.storedFieldCount)
  const capacity = columns.textBytes + rowCount * tailBytes
  const [text = 0, cursors = 0, tail = 0, out = 0, rowEnds = 0, ...areas] = kernel.layOut([
    columns.textBytes,
    8 * fieldCount,
    tailBytes,
    capacity,
    4 * rowCount,
    ...more,
  ])
  const memory = kernel.bytes()
  putFrames(kernel, memory, columns, text)
  memory.set(bytesOf(cursorsOf(columns, fieldCount, text)), cursors)
  memory.set(shape.tail, tail)
  const { calls } = kernel
  const room = [tail, tailBytes, out, capacity + 1, rowEnds]
  return {
    areas,
    build(count, fieldEnds = 0) {
      const size = calls.columnsToRows(cursors, fieldCount, count, ...room, fieldEnds) >>> 0
      if (size === KERNEL_FAILED) throw noRows()
      return { out, size, rowEnds, count }
    },
    finish() {
      if (!calls.columnsAtEnd(cursors, fieldCount)) throw noRows()
    },
  }
}

function noRows(): FormatProblem {
  return new FormatProblem('its columns do not make rows')
}

/**
 * Some rows, without building the others.
 * @param wanted row numbers, ascending
 * @throws FormatProblem when the columns do not hold them
 */
export function selectRows(
  kernel: Kernel,
  columns: StoredColumns,
  shape: RowShape,
  wanted: Uint32Array,
): BytesColumn {
  const count = wanted.length
  const fieldCount = Math.min(shape.fieldCount, columns.storedFieldCount)
  const capacity = columns.textBytes + count * shape.tail.length
  const [text = 0, numbers = 0, starts = 0, ends = 0, tail = 0, out = 0, rowEnds = 0] =
    kernel.layOut([
      columns.textBytes,
      4 * count,
      4 * count * fieldCount,
      4 * fieldCount,
      shape.tail.length,
      capacity,
      4 * count,
    ])
  const memory = kernel.bytes()
  putFrames(kernel, memory, columns, text)
  memory.set(bytesOf(wanted), numbers)
  memory.set(shape.tail, tail)
  memory.set(bytesOf(columns.ends.slice(0, fieldCount).map((end) => text + end)), ends)
  const { calls } = kernel
  for (let field = 0; field < fieldCount; field++) {
    const from = text + (columns.starts[field] ?? 0)
    const to = text + (columns.ends[field] ?? 0)
    const isFound = calls.locateFields(from, to, numbers, count, starts + 4 * field, 4 * fieldCount)
    if (!isFound) throw new FormatProblem('a column has too few fields')
  }
  const size =
    calls.gatherRows(
      starts,
      ends,
      fieldCount,
      count,
      tail,
      shape.tail.length,
      out,
      capacity + 1,
      rowEnds,
    ) >>> 0
  if (size === KERNEL_FAILED) throw noRows()
  return takeRows(kernel, { out, size, rowEnds, count })
}

/** Decompresses all columns to where their text is to lie. */
function putFrames({ zstd }: Kernel, memory: Uint8Array, columns: StoredColumns, text: number) {
  let at = text
  for (const { bytes, rawBytes } of columns.frames) {
    zstd.decompressInto(bytes, memory, at, rawBytes)
    at += rawBytes
  }
}

function cursorsOf({ starts, ends }: StoredColumns, fieldCount: number, text: number): Uint32Array {
  const cursors = new Uint32Array(2 * fieldCount)
  for (let field = 0; field < fieldCount; field++) {
    cursors[2 * field] = text + (starts[field] ?? 0)
    cursors[2 * field + 1] = text + (ends[field] ?? 0)
  }
  return cursors
}

type BuiltRows = {
  readonly out: number
  readonly size: number
  readonly rowEnds: number
  readonly count: number
}

function takeRows(kernel: Kernel, { out, size, rowEnds, count }: BuiltRows): BytesColumn {
  const memory = kernel.bytes()
  return {
    bytes: memory.slice(out, out + size),
    ends: new Uint32Array(memory.slice(rowEnds, rowEnds + 4 * count).buffer),
  }
}

function bytesOf(numbers: Uint32Array | readonly number[]): Uint8Array {
  const words = numbers instanceof Uint32Array ? numbers : Uint32Array.from(numbers)
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}
