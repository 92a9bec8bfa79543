/**
 * Records as their splitter found them: for every cell where it begins and ends in `bytes`, and what
 * it is. No object is made per record or cell; a table is filled again and again.
 */
export class Cells {
  bytes: Uint8Array = new Uint8Array(0)
  rowCount = 0
  columnCount = 0
  starts = new Int32Array(0)
  ends = new Int32Array(0)
  kinds = new Uint8Array(0)
  /** Where each record begins, and where the next one may; line ends belong to the record before. */
  rowStarts = new Int32Array(0)
  rowEnds = new Int32Array(0)

  /** Makes room for some thousands of records of so many columns. What it held is gone. */
  shape(columnCount: number, cellsMax = CELLS_MAX): void {
    const rowsMax = Math.max(1, Math.floor(cellsMax / Math.max(1, columnCount)))
    this.rowCount = 0
    if (columnCount === this.columnCount && this.rowStarts.length > 0) return
    this.columnCount = columnCount
    this.starts = new Int32Array(rowsMax * columnCount)
    this.ends = new Int32Array(rowsMax * columnCount)
    this.kinds = new Uint8Array(rowsMax * columnCount)
    this.rowStarts = new Int32Array(rowsMax)
    this.rowEnds = new Int32Array(rowsMax)
  }

  get isFull(): boolean {
    return this.rowCount === this.rowStarts.length
  }

  set(cell: number, kind: number, start: number, end: number): void {
    this.kinds[cell] = kind
    this.starts[cell] = start
    this.ends[cell] = end
  }

  endRow(start: number, end: number): void {
    this.rowStarts[this.rowCount] = start
    this.rowEnds[this.rowCount] = end
    this.rowCount += 1
  }
}

const CELLS_MAX = 32_768

/** What a cell is. Spans leave quotes out. */
export const CELL = {
  /** Outside quotes, with nothing to escape. */
  bare: 0,
  bareSpecial: 1,
  quoted: 2,
  /** Inside quotes, with quotes or characters that row text escapes. */
  quotedSpecial: 3,
  absent: 4,
  null: 5,
  boolean: 6,
  number: 7,
  /** A JSON string without backslash. */
  string: 8,
  /** One with backslashes, none of them before a `u`. */
  stringEscaped: 9,
  stringUnicode: 10,
  /** An object or a list. */
  nested: 11,
} as const

/** Finds records in bytes and notes their cells. */
export type Splitter = {
  readonly cells: Cells
  /** Records before the one that is being read, for messages. */
  readonly recordsBefore: number
  /**
   * Takes whole records from `from` on until the table is full; returns where the next one begins.
   * @param isLast whether nothing follows after `to`
   * @throws connector.file-invalid | connector.file-truncated
   */
  split(bytes: Uint8Array, span: { from: number; to: number; isLast: boolean }): number
}
