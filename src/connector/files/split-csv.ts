import { CELL, Cells, type Splitter } from './cells.ts'
import type { CsvDialect } from './dialect.ts'
import { invalidRecord, truncatedRecord } from './file-failure.ts'

const LF = 0x0a
const CR = 0x0d
const BACKSLASH = 0x5c

/** What a byte means outside quotes. */
const PLAIN = 0
const SPECIAL = 1
const END = 2
const REFUSED = 3
/** Inside quotes: the quote, and what escapes it. */
const QUOTE = 2
const ESCAPE = 3

/** More fields than any system exports: a file of one line is none. */
const COLUMNS_MAX = 16_384

/**
 * Splits UTF-8 text of one dialect into records of `columnCount` cells each. A record with more or
 * fewer is refused, as is a quote inside a bare field: both mean that the text is not what it seems.
 * Empty lines are no records, unless a record has one field only.
 *
 * Our own because rows would have to become blocks again: `csv-parse` gives a list of strings for each
 * record, and takes four times as long to do so (`bench/files.bench.ts`).
 */
export class CsvSplitter implements Splitter {
  readonly cells = new Cells()
  recordsBefore = 0
  /** Cells of the record that was read last. */
  columnsSeen = 0
  readonly #columnCount: number
  readonly #isHeader: boolean
  readonly #quote: number
  readonly #outside: Uint8Array
  readonly #inside: Uint8Array
  readonly #label: string
  readonly #isCrOnly: boolean
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #to = 0
  #isLast = false

  /** @param columnCount `null`: takes the first record only, with as many cells as it has */
  constructor(dialect: CsvDialect, columnCount: number | null, label: string) {
    this.#columnCount = columnCount ?? COLUMNS_MAX
    this.#isHeader = columnCount === null
    this.#label = label
    this.#isCrOnly = dialect.newline === '\r'
    this.#quote = dialect.quote === 'none' ? -1 : dialect.quote.charCodeAt(0)
    this.#outside = classifyOutside(dialect)
    this.#inside = classifyInside(dialect)
  }

  split(bytes: Uint8Array, span: { from: number; to: number; isLast: boolean }): number {
    this.recordsBefore += this.cells.rowCount
    this.cells.shape(this.#columnCount, this.#isHeader ? 1 : undefined)
    this.cells.bytes = bytes
    this.#bytes = bytes
    this.#at = span.from
    this.#to = span.to
    this.#isLast = span.isLast
    let done = span.from
    while (!this.cells.isFull && this.#skipEmptyLines()) {
      const start = this.#at
      if (!this.#readRecord()) return done
      this.cells.endRow(start, this.#at)
      done = this.#at
      if (this.#isHeader) return done
    }
    return this.#at >= this.#to ? this.#to : done
  }

  /** Whether there is anything after them. */
  #skipEmptyLines(): boolean {
    if (this.#columnCount > 1) {
      while (this.#at < this.#to && isLineEnd(this.#bytes[this.#at] ?? 0)) this.#at += 1
    }
    return this.#at < this.#to
  }

  /** `false`: the end of the bytes came first, and more may follow. */
  #readRecord(): boolean {
    const first = this.cells.rowCount * this.#columnCount
    for (let column = 0; ; column++) {
      if (column === this.#columnCount) this.#refuse('more fields than the header has')
      const isQuoted = this.#at < this.#to && this.#bytes[this.#at] === this.#quote
      const isWhole = isQuoted ? this.#readQuoted(first + column) : this.#readBare(first + column)
      if (!isWhole) return false
      const isEnd = this.#at >= this.#to || isLineEnd(this.#bytes[this.#at] ?? 0)
      this.columnsSeen = column + 1
      if (!isEnd) this.#at += 1
      else if (this.columnsSeen === this.#columnCount || this.#isHeader) return this.#endLine()
      else return this.#refuseShort(this.columnsSeen)
    }
  }

  #readBare(cell: number): boolean {
    const bytes = this.#bytes
    const outside = this.#outside
    const to = this.#to
    const start = this.#at
    let at = start
    let kind: number = CELL.bare
    for (; at < to; at++) {
      const meaning = outside[bytes[at] ?? 0] ?? PLAIN
      if (meaning === PLAIN) continue
      if (meaning === END) break
      if (meaning === REFUSED) this.#refuse('a quote or escape outside quotes')
      kind = CELL.bareSpecial
    }
    if (at >= to && !this.#isLast) return false
    this.cells.set(cell, kind, start, at)
    this.#at = at
    return true
  }

  #readQuoted(cell: number): boolean {
    const bytes = this.#bytes
    const inside = this.#inside
    const to = this.#to
    const start = this.#at + 1
    let kind: number = CELL.quoted
    for (let at = start; at < to; at++) {
      const meaning = inside[bytes[at] ?? 0] ?? PLAIN
      if (meaning === PLAIN) continue
      const isPair = meaning === QUOTE && at + 1 < to && bytes[at + 1] === this.#quote
      if (meaning === QUOTE && !isPair) return this.#endQuoted(cell, kind, start, at)
      if (meaning === ESCAPE) this.#refuseOtherEscape(at + 1)
      // Of a pair, the second is not looked at.
      if (meaning !== SPECIAL) at += 1
      kind = CELL.quotedSpecial
    }
    if (this.#isLast) throw truncatedRecord(this.#label, this.#record, 'a quote that is not closed')
    return false
  }

  /** Some programs mean a line feed by `\n` and others an n. */
  #refuseOtherEscape(at: number): void {
    const byte = this.#bytes[at]
    if (at >= this.#to || byte === this.#quote || byte === BACKSLASH) return
    this.#refuse('a backslash before neither quote nor backslash')
  }

  #endQuoted(cell: number, kind: number, start: number, end: number): boolean {
    const after = end + 1
    if (after >= this.#to && !this.#isLast) return false
    const next = this.#bytes[after] ?? LF
    if (after < this.#to && this.#outside[next] !== END) this.#refuse('text after a closing quote')
    this.cells.set(cell, kind, start, end)
    this.#at = after
    return true
  }

  #endLine(): boolean {
    const at = this.#at
    if (at >= this.#to) return true
    let isEnd = this.#bytes[at] === (this.#isCrOnly ? CR : LF)
    if (this.#bytes[at] === CR) {
      // What follows decides whether it is one line end or two.
      if (at + 1 >= this.#to && !this.#isLast) return false
      if (at + 1 < this.#to && this.#bytes[at + 1] === LF) {
        isEnd = true
        this.#at += 1
      }
    }
    if (!isEnd) this.#refuse('a line end outside quotes that is not like the first')
    this.#at += 1
    return true
  }

  #refuseShort(found: number): boolean {
    if (this.#at >= this.#to && !this.#isLast) return false
    const what = `${found} of ${this.#columnCount} fields`
    const isAtEnd = this.#at >= this.#to || this.#isOnlyLineEndLeft()
    if (isAtEnd && this.#isLast) throw truncatedRecord(this.#label, this.#record, what)
    return this.#refuse(what)
  }

  #isOnlyLineEndLeft(): boolean {
    return this.#bytes.subarray(this.#at, this.#to).every(isLineEnd)
  }

  get #record(): number {
    return this.recordsBefore + this.cells.rowCount + 1
  }

  #refuse(found: string): never {
    throw invalidRecord(this.#label, this.#record, found)
  }
}

function isLineEnd(byte: number): boolean {
  return byte === LF || byte === CR
}

function classifyOutside({ delimiter, escaping, nullText, quote }: CsvDialect): Uint8Array {
  const table = classifySpecial()
  table[delimiter.charCodeAt(0)] = END
  table[LF] = END
  table[CR] = END
  if (quote === 'none') return table
  table[quote.charCodeAt(0)] = REFUSED
  const isNullEscaped = nullText !== false && nullText.startsWith('\\')
  if (escaping === 'backslash' && !isNullEscaped) table[BACKSLASH] = REFUSED
  return table
}

function classifyInside({ escaping, quote }: CsvDialect): Uint8Array {
  const table = classifySpecial()
  if (escaping === 'backslash') table[BACKSLASH] = ESCAPE
  if (quote !== 'none') table[quote.charCodeAt(0)] = QUOTE
  return table
}

/** Bytes that row text escapes. */
function classifySpecial(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(SPECIAL, 0x08, 0x0e)
  table[BACKSLASH] = SPECIAL
  return table
}
