import { assert } from '#stdx/assert'
import type { Kernel } from '../kernel/open-kernel.ts'
import type { BytesColumn } from '../version-batch.ts'
import { ByteWriter } from './byte-writer.ts'
import { type ColumnGroup, planColumns, planOneFrame } from './plan-columns.ts'

/**
 * A block of `.rows`: the text of the versions that have any, turned into columns. Numbers are
 * LEB128.
 *
 * ```
 * rows        how many
 * fields      stored in each; 0 for an entity without fields, whose rows are bare newlines
 * frames      how many; per frame:
 *   columns     how many; each its field number, from 0
 *   frameBytes
 * columnBytes of every column, in the order the frames name them
 * frames      zstd, one after the other; a column is its fields in row order, each with the tab
 *             or newline that follows it in the row
 * ```
 *
 * The block is cut into sections at the ends of frames, each of at least `SECTION_BYTES_MIN` but the
 * last; the header belongs to the first.
 */
export const SECTION_BYTES_MIN = 16_384

/** Less text than this is one frame: there is too little of each column. */
const COLUMNS_BYTES_MIN = 65_536

const NO_COLUMNS = new Uint32Array(0)

/** What a writer decides once, on the first block that is large enough. */
export type ColumnPlan = { groups: readonly ColumnGroup[] | undefined }

/**
 * @param rows whole rows of `fieldCount` fields
 * @param plan made here with the first block that is large enough, and kept to
 * @returns the sections
 */
export function encodeRowsBlock(
  kernel: Kernel,
  rows: BytesColumn,
  fieldCount: number,
  plan: ColumnPlan,
): Uint8Array<ArrayBuffer>[] {
  const rowCount = rows.ends.length
  if (fieldCount === 0) return [formatHeader({ rowCount, fieldCount }, [], [], NO_COLUMNS)]
  const fields = findFields(kernel, rows, fieldCount)
  const groups = chooseGroups(kernel, fields, plan)
  const order = groups.flatMap((group) => group.fields)
  const columns = toColumns(kernel, fields, order)
  let column = 0
  const frames = groups.map(({ fields: members, level }) => {
    const start = column === 0 ? 0 : (columns.ends[column - 1] ?? 0)
    column += members.length
    return kernel.zstd.compress(columns.bytes.subarray(start, columns.ends[column - 1]), level)
  })
  return cutSections(formatHeader(fields, groups, frames, columns.ends), frames)
}

type FoundFields = {
  readonly text: number
  readonly ends: number
  readonly order: number
  readonly out: number
  readonly columnEnds: number
  readonly rowCount: number
  readonly fieldCount: number
  readonly sizeBytes: number
}

function findFields(kernel: Kernel, rows: BytesColumn, fieldCount: number): FoundFields {
  const rowCount = rows.ends.length
  const sizeBytes = rows.ends[rowCount - 1] ?? 0
  const [text = 0, ends = 0, order = 0, out = 0, columnEnds = 0] = kernel.layOut([
    sizeBytes,
    4 * rowCount * fieldCount,
    4 * fieldCount,
    sizeBytes,
    4 * fieldCount,
  ])
  // The text is that of a scanned row, whose fields were counted; a wrong count would overrun.
  kernel.bytes().set(rows.bytes.subarray(0, sizeBytes), text)
  const found = kernel.calls.findFields(text, sizeBytes, ends) >>> 0
  assert(found === rowCount * fieldCount, 'Every row has the fields of its schema.')
  assert(kernel.calls.newlines() >>> 0 === rowCount, 'Every row ends with its only newline.')
  return { text, ends, order, out, columnEnds, rowCount, fieldCount, sizeBytes }
}

function toColumns(kernel: Kernel, fields: FoundFields, order: readonly number[]): BytesColumn {
  const { text, ends, rowCount, fieldCount, out, columnEnds } = fields
  kernel.bytes().set(bytesOf(order), fields.order)
  const size =
    kernel.calls.rowsToColumns(text, ends, rowCount, fieldCount, fields.order, out, columnEnds) >>>
    0
  assert(size === fields.sizeBytes, 'Columns hold what the rows held.')
  const memory = kernel.bytes()
  return {
    bytes: memory.subarray(out, out + size),
    ends: new Uint32Array(memory.slice(columnEnds, columnEnds + 4 * fieldCount).buffer),
  }
}

function chooseGroups(
  kernel: Kernel,
  fields: FoundFields,
  plan: ColumnPlan,
): readonly ColumnGroup[] {
  if (fields.sizeBytes < COLUMNS_BYTES_MIN) return planOneFrame(fields.fieldCount)
  if (plan.groups !== undefined) return plan.groups
  const order = Array.from({ length: fields.fieldCount }, (_, field) => field)
  const { bytes, ends } = toColumns(kernel, fields, order)
  const columns = order.map((field) => bytes.subarray(field && ends[field - 1], ends[field]))
  plan.groups = planColumns(columns, kernel.zstd)
  return plan.groups
}

function formatHeader(
  { rowCount, fieldCount }: { readonly rowCount: number; readonly fieldCount: number },
  groups: readonly ColumnGroup[],
  frames: readonly Uint8Array[],
  columnEnds: Uint32Array,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  writer.number(rowCount)
  writer.number(fieldCount)
  writer.number(groups.length)
  groups.forEach(({ fields }, i) => {
    writer.number(fields.length)
    for (const field of fields) writer.number(field)
    writer.number(frames[i]?.length ?? 0)
  })
  let previous = 0
  for (const end of columnEnds) {
    writer.number(end - previous)
    previous = end
  }
  return writer.finish()
}

function cutSections(
  header: Uint8Array<ArrayBuffer>,
  frames: readonly Uint8Array[],
): Uint8Array<ArrayBuffer>[] {
  const sections: Uint8Array<ArrayBuffer>[] = []
  let pending: Uint8Array[] = [header]
  let pendingBytes = header.length
  for (const frame of frames) {
    pending.push(frame)
    pendingBytes += frame.length
    if (pendingBytes < SECTION_BYTES_MIN) continue
    sections.push(new Uint8Array(Buffer.concat(pending)))
    pending = []
    pendingBytes = 0
  }
  if (pendingBytes > 0) sections.push(new Uint8Array(Buffer.concat(pending)))
  return sections
}

function bytesOf(numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(numbers).buffer)
}
