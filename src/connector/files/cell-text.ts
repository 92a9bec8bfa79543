import { formatField } from '#record/row-text'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { CELL, type Cells } from './cells.ts'
import type { CsvDialect } from './dialect.ts'
import type { FieldType } from './field-type.ts'
import type { RowTextBytes } from './row-text-bytes.ts'

/** Writes the canonical text of single cells. */
export type CellText = {
  /** @param cell index into the columns of `cells` @param column of the record */
  append(out: RowTextBytes, cells: Cells, cell: number, column: number): void
}

const encoder = new TextEncoder()
const NOT_THERE = -1
const BACKSLASH = 0x5c

export function openCsvText({ escaping, nullText, quote }: CsvDialect): CellText {
  const quoteByte = quote === 'none' ? NOT_THERE : quote.charCodeAt(0)
  const escapeByte = escaping === 'backslash' ? BACKSLASH : NOT_THERE
  const unquoting = { quoteByte, escapeByte }
  const nullBytes = nullText === false ? undefined : encoder.encode(nullText)
  return {
    append(out, cells, cell) {
      const start = cells.starts[cell] ?? 0
      const end = cells.ends[cell] ?? 0
      const kind = cells.kinds[cell]
      if (kind === CELL.quoted) out.copy(cells.bytes, start, end)
      else if (kind === CELL.quotedSpecial) out.copyUnquoted(cells.bytes, { start, end }, unquoting)
      else if (isEqual(cells.bytes, start, end, nullBytes)) out.pushNull()
      else if (kind === CELL.bare) out.copy(cells.bytes, start, end)
      else out.copyEscaped(cells.bytes, start, end)
    },
  }
}

function isEqual(
  bytes: Uint8Array,
  start: number,
  end: number,
  wanted: Uint8Array | undefined,
): boolean {
  if (wanted === undefined || wanted.length !== end - start) return false
  for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false
  return true
}

/** @param types of the columns, under which values are printed */
export function openJsonText(
  types: readonly FieldType[],
  describe: (column: number) => string,
): CellText {
  return {
    append(out, cells, cell, column) {
      const type = types[column]
      const kind = cells.kinds[cell] ?? CELL.absent
      if (type === undefined || type === 'json') appendJson(out, cells, cell)
      else if (kind === CELL.null || kind === CELL.absent) {
        const isOptional = type.endsWith('?')
        if (isOptional !== (kind === CELL.absent)) throw refuse(type, describe(column))
        out.pushNull()
      } else if (kind === CELL.string && (type === 'string' || type === 'string?')) {
        out.copy(cells.bytes, cells.starts[cell] ?? 0, cells.ends[cell] ?? 0)
      } else if (!appendTyped(out, cells, cell, type)) throw refuse(type, describe(column))
    },
  }
}

function refuse(type: FieldType, field: string): AppError {
  const message = `Cannot read ${field}: found a value that is no ${type}`
  return new AppError('connector.value-refused', message)
}

/** The source's own text, strings with their quotes; a member that is not there is null. */
function appendJson(out: RowTextBytes, cells: Cells, cell: number): void {
  const kind = cells.kinds[cell]
  const isEscaped = kind === CELL.stringEscaped || kind === CELL.stringUnicode
  const isString = kind === CELL.string || isEscaped
  const more = isString ? 1 : 0
  const start = (cells.starts[cell] ?? 0) - more
  const end = (cells.ends[cell] ?? 0) + more
  if (kind === CELL.absent) out.pushNull()
  else if (kind === CELL.nested || isEscaped) {
    out.copyEscaped(cells.bytes, start, end)
  } else out.copy(cells.bytes, start, end)
}

function appendTyped(out: RowTextBytes, cells: Cells, cell: number, type: FieldType): boolean {
  const start = cells.starts[cell] ?? 0
  const end = cells.ends[cell] ?? 0
  const name = type.replace('?', '')
  const kind = cells.kinds[cell]
  if (
    (kind === CELL.number && name === 'number') ||
    (kind === CELL.boolean && name === 'boolean')
  ) {
    out.copy(cells.bytes, start, end)
    return true
  }
  if (name !== 'string') return false
  if (kind === CELL.stringEscaped) {
    out.copyJsonEscaped(cells.bytes, start, end)
    return true
  }
  if (kind !== CELL.stringUnicode) return false
  const text = parseString(cells, cell)
  if (!text.isWellFormed()) return false
  const bytes = encoder.encode(formatField(text))
  out.copy(bytes, 0, bytes.length)
  return true
}

/** The text of a string that has backslashes. @throws SyntaxError when it is no JSON */
export function parseString(cells: Cells, cell: number): string {
  const start = (cells.starts[cell] ?? 0) - 1
  const end = (cells.ends[cell] ?? 0) + 1
  const text: unknown = JSON.parse(Buffer.from(cells.bytes.subarray(start, end)).toString())
  assert(typeof text === 'string', 'What stands in quotes is a string.')
  return text
}
