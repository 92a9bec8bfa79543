import { AppError } from '#stdx/app-error'

/** Values of `lengths` for columns without text in the message. */
export const NULL = -1
export const NOT_SENT = -2

const KIND_NULL = 0x6e
const KIND_NOT_SENT = 0x75
const KIND_TEXT = 0x74

/**
 * Where the values of one row stand in a message; nothing is copied, and the view is used again for
 * the next row of its relation.
 *
 * ```
 * tuple  = count:i16 column*count      PostgreSQL, "Logical Replication Message Formats"
 * column = 'n' | 'u' | 't' length:i32 text      null, unchanged and not sent, text
 * ```
 */
export class TupleView {
  readonly starts: Int32Array
  readonly lengths: Int32Array
  message: Buffer = Buffer.alloc(0)
  /** The most bytes that the row may take as text, escapes and separators included. */
  textBytesMax = 0
  /** Of a row before a change: all its columns were sent, not those that identify it alone. */
  isWhole = false

  constructor(columnCount: number) {
    this.starts = new Int32Array(columnCount)
    this.lengths = new Int32Array(columnCount)
  }

  /** Returns where the tuple ends. @throws connector.feed-unreadable */
  read(message: Buffer, from: number): number {
    const { lengths, starts } = this
    const count = message.readInt16BE(from)
    if (count !== lengths.length) throw unreadable(`a row of ${count} columns`)
    this.message = message
    let at = from + 2
    let bytes = 0
    for (let column = 0; column < count; column++) {
      const kind = message[at++]
      if (kind === KIND_TEXT) {
        const length = message.readInt32BE(at)
        starts[column] = at + 4
        lengths[column] = length
        at += 4 + length
        bytes += length
      } else if (kind === KIND_NULL) lengths[column] = NULL
      else if (kind === KIND_NOT_SENT) lengths[column] = NOT_SENT
      else throw unreadable(`a column of kind ${kind}`)
    }
    this.textBytesMax = 2 * bytes + 3 * count + 1
    return at
  }

  /** Whether the column was sent as a value of the whole row, and not left out as no part of a key. */
  holds(column: number): boolean {
    const length = this.lengths[column] ?? NULL
    return length >= 0 || (this.isWhole && length === NULL)
  }

  hasEqual(other: TupleView, column: number): boolean {
    const length = this.lengths[column] ?? 0
    if (length !== other.lengths[column]) return false
    if (length <= 0) return true
    const start = this.starts[column] ?? 0
    const otherStart = other.starts[column] ?? 0
    return (
      this.message.compare(
        other.message,
        otherStart,
        otherStart + length,
        start,
        start + length,
      ) === 0
    )
  }
}

function unreadable(found: string): AppError {
  return new AppError('connector.feed-unreadable', `Cannot read the feed: found ${found}`)
}
