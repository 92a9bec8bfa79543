import { AppError } from '#stdx/app-error'
import type { ColumnLayout } from './column-layout.ts'

/** Values of `lengths` for columns without bytes in the event. */
export const NULL = -1
export const NOT_SENT = -2

/**
 * Where the values of one row stand in an event; nothing is copied, and the view is used again for
 * the next row of its table.
 *
 * ```
 * row = null:bits(columns present) *( value )      MariaDB, "Rows_event"
 * ```
 */
export class RowView {
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly #layouts: readonly ColumnLayout[]
  event: Buffer = Buffer.alloc(0)
  /** Of all values. */
  bytes = 0

  constructor(layouts: readonly ColumnLayout[]) {
    this.#layouts = layouts
    this.starts = new Int32Array(layouts.length)
    this.lengths = new Int32Array(layouts.length)
  }

  /**
   * @param present indexes of the columns that the event has
   * @returns where the row ends
   * @throws connector.feed-unreadable
   */
  read(
    event: Buffer,
    from: number,
    { end, present }: { end: number; present: Int32Array },
  ): number {
    const { lengths, starts } = this
    this.event = event
    this.bytes = 0
    if (present.length < lengths.length) lengths.fill(NOT_SENT)
    let at = from + ((present.length + 7) >> 3)
    for (let i = 0; i < present.length; i++) {
      const column = present[i] ?? 0
      if (((event[from + (i >> 3)] ?? 0) & (1 << (i & 7))) !== 0) {
        lengths[column] = NULL
        continue
      }
      const layout = this.#layouts[column]
      let length = layout?.size ?? 0
      if (layout?.isFixed === false) {
        const lengthBytes = length
        length = lengthBytes === 1 ? (event[at] ?? 0) : event.readUIntLE(at, lengthBytes)
        at += lengthBytes
      }
      starts[column] = at
      lengths[column] = length
      this.bytes += length
      at += length
    }
    if (at <= end) return at
    const found = 'a row that does not end with its event'
    throw new AppError('connector.feed-unreadable', `Cannot read the feed: found ${found}`)
  }

  hasEqual(other: RowView, column: number): boolean {
    const length = this.lengths[column] ?? 0
    if (length !== other.lengths[column]) return false
    if (length <= 0) return true
    const start = this.starts[column] ?? 0
    const otherStart = other.starts[column] ?? 0
    return (
      this.event.compare(other.event, otherStart, otherStart + length, start, start + length) === 0
    )
  }
}
