import { assert } from '#stdx/assert'
import type { Kernel } from '../kernel/open-kernel.ts'
import { findFields, wrongFields } from './scan-rows-batch.ts'
import type { ScanTable } from './scan-table.ts'

const TAB = 0x09
const NEWLINE = 0x0a

/**
 * The same rows, each ended by a newline, with their fields in another order.
 * @param order per field of the table where it stands in `bytes`
 * @throws segment.row-invalid when a row has another number of fields than the table
 */
export function reorderRows(
  kernel: Kernel,
  table: ScanTable,
  bytes: Uint8Array,
  order: readonly number[],
): Uint8Array<ArrayBuffer> {
  const { length } = bytes
  const rowCount = findFields(kernel, table, bytes)
  const fieldCount = order.length
  const sizes = [4 * fieldCount, 4 * fieldCount, 8 * fieldCount, 1, 4 * rowCount, length, length]
  // The first two areas are where `findFields` filled them.
  const areas = kernel.layOut([length, 4 * length, ...sizes])
  const [text = 0, ends = 0, orderAt = 0, columnEnds = 0, cursors = 0, tail = 0, ...more] = areas
  const [rowEnds = 0, columns = 0, out = 0] = more
  const memory = kernel.bytes()
  const numbers = (at: number, count: number) => new Uint32Array(memory.buffer, at, count)
  const isWhole = replaceNewlines(
    memory.subarray(text, text + length),
    numbers(ends, rowCount * fieldCount),
    fieldCount,
  )
  if (!isWhole) throw wrongFields(table)
  numbers(orderAt, fieldCount).set(order)
  memory[tail] = NEWLINE
  const { calls } = kernel
  calls.rowsToColumns(text, ends, rowCount, fieldCount, orderAt, columns, columnEnds)
  numbers(cursors, 2 * fieldCount).set(cursorsOf(numbers(columnEnds, fieldCount), columns))
  const room = [tail, 1, out, length + 1, rowEnds, 0]
  const size = calls.columnsToRows(cursors, fieldCount, rowCount, ...room) >>> 0
  assert(size === length, 'Reordered rows have the bytes they had.')
  return memory.slice(out, out + size)
}

/** Ends every field by a tab: any may stand in the middle. False when a row does not end where it should. */
function replaceNewlines(text: Uint8Array, ends: Uint32Array, fieldCount: number): boolean {
  for (let last = fieldCount - 1; last < ends.length; last += fieldCount) {
    const end = ends[last] ?? 0
    if (text[end] !== NEWLINE) return false
    text[end] = TAB
  }
  return (ends.at(-1) ?? -1) + 1 === text.length
}

/** Of each column the addresses where it begins and ends. */
function cursorsOf(ends: Uint32Array, columns: number): Uint32Array {
  const cursors = new Uint32Array(2 * ends.length)
  let start = 0
  ends.forEach((end, i) => {
    cursors[2 * i] = columns + start
    cursors[2 * i + 1] = columns + end
    start = end
  })
  return cursors
}
