import { CELL, Cells, type Splitter } from './cells.ts'
import { invalidRecord, truncatedRecord } from './file-failure.ts'
import { JsonScanner } from './json-scanner.ts'

const LF = 0x0a
const MEMBERS_MAX = 16_384

/**
 * Splits UTF-8 text into records, one object a line. A record need not have all fields, nor in any
 * order; a field that comes up for the first time is added at the end, unless they are fixed.
 * Lines that are empty are no records.
 */
export class JsonLinesSplitter implements Splitter {
  readonly cells = new Cells()
  recordsBefore = 0
  readonly fields: string[]
  readonly #isFixed: boolean
  readonly #label: string
  readonly #scanner = new JsonScanner()
  readonly #columnByToken = new Map<string, number>()
  /** The tokens of the names in the order of the last record: most records have the same. */
  #tokens: Uint8Array[] = []
  #columns: number[] = []

  /** @param fields those that are known, in order; `isFixed`: another one means another file */
  constructor(fields: readonly string[], isFixed: boolean, label: string) {
    this.fields = [...fields]
    this.#isFixed = isFixed
    this.#label = label
  }

  split(bytes: Uint8Array, span: { from: number; to: number; isLast: boolean }): number {
    const { isLast, to } = span
    this.recordsBefore += this.cells.rowCount
    this.cells.shape(this.fields.length)
    this.cells.bytes = bytes
    let at = span.from
    while (!this.cells.isFull && at < to) {
      const newline = bytes.indexOf(LF, at)
      const isWhole = newline >= 0 && newline < to
      if (!isWhole && !isLast) return at
      const next = isWhole ? newline + 1 : to
      if (!this.#readLine(bytes, at, next)) {
        if (this.cells.rowCount > 0) return at
        // The table was too narrow for its first record.
        this.cells.shape(this.fields.length)
        continue
      }
      at = next
    }
    return at
  }

  /** `false`: the record has a field that is new, and the table no column for it. */
  #readLine(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#scanner
    scanner.begin(bytes, start, end)
    if (scanner.isAtEnd()) return true
    const { cells } = this
    const first = cells.rowCount * cells.columnCount
    cells.kinds.fill(CELL.absent, first, first + cells.columnCount)
    let isNarrow = false
    let member = 0
    this.#require(scanner.take('{'), 'a line that is no object', end)
    if (!scanner.take('}')) {
      do {
        this.#require(scanner.readString(), 'no name where one is wanted', end)
        const column = this.#findColumn(bytes, scanner.start, scanner.end, member)
        this.#require(scanner.take(':') && scanner.readValue(), 'broken JSON', end)
        if (column >= cells.columnCount) isNarrow = true
        else this.#set(first + column, end)
        member += 1
      } while (scanner.take(','))
      this.#require(scanner.take('}'), 'broken JSON', end)
    }
    this.#require(scanner.isAtEnd(), 'text after the object', end)
    if (isNarrow) return false
    cells.endRow(start, end)
    return true
  }

  #set(cell: number, end: number): void {
    const { cells } = this
    const { end: valueEnd, kind, start } = this.#scanner
    this.#require(cells.kinds[cell] === CELL.absent, 'one name twice', end)
    cells.set(cell, kind, start, valueEnd)
  }

  #findColumn(bytes: Uint8Array, start: number, end: number, member: number): number {
    const expected = this.#tokens[member]
    const known = this.#columns[member]
    if (expected !== undefined && known !== undefined && isToken(bytes, start, end, expected)) {
      return known
    }
    const token = Buffer.from(bytes.subarray(start, end))
    const column = this.#lookUp(token.toString('latin1'))
    this.#tokens[member] = token
    this.#columns[member] = column
    return column
  }

  /** @param token the name as it is written, escapes included, in Latin-1 for its bytes */
  #lookUp(token: string): number {
    const known = this.#columnByToken.get(token)
    if (known !== undefined) return known
    const name = parseName(token)
    this.#require(name !== undefined && name !== '', 'a name that is empty or broken', 0)
    let column = this.fields.indexOf(name ?? '')
    if (column < 0) {
      this.#require(!this.#isFixed, `a new field "${name}"`, 0)
      this.#require(this.fields.length < MEMBERS_MAX, `more than ${MEMBERS_MAX} fields`, 0)
      column = this.fields.push(name ?? '') - 1
    }
    this.#columnByToken.set(token, column)
    return column
  }

  /** @param end of the line: a last one that has no line end may have been cut off */
  #require(isTrue: boolean, found: string, end: number): void {
    if (isTrue) return
    const record = this.recordsBefore + this.cells.rowCount + 1
    const isCut = end > 0 && this.cells.bytes[end - 1] !== LF && this.#scanner.isExhausted
    throw (isCut ? truncatedRecord : invalidRecord)(this.#label, record, found)
  }
}

function parseName(token: string): string | undefined {
  const text = Buffer.from(token, 'latin1').toString()
  if (!token.includes('\\')) return text
  try {
    const name: unknown = JSON.parse(`"${text}"`)
    return typeof name === 'string' && name.isWellFormed() ? name : undefined
  } catch {
    return undefined
  }
}

function isToken(bytes: Uint8Array, start: number, end: number, token: Uint8Array): boolean {
  if (token.length !== end - start) return false
  for (let i = 0; i < token.length; i++) if (bytes[start + i] !== token[i]) return false
  return true
}
