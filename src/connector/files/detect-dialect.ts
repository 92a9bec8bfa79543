import { decodeRowText, parseField } from '#record/row-text'
import { isAppError } from '#stdx/app-error'
import { openCsvText } from './cell-text.ts'
import { CELL, type Cells } from './cells.ts'
import type { CsvDialect } from './dialect.ts'
import type { ExaminedFile } from './examine-file.ts'
import { invalidFile } from './file-failure.ts'
import { RowTextBytes } from './row-text-bytes.ts'
import type { EntitySettings } from './settings.ts'
import { CsvSplitter } from './split-csv.ts'

const LF = 0x0a
const CR = 0x0d
export const DELIMITERS = [',', ';', '\t', '|']
const BACKSLASH = 0x5c

export type DetectedCsv = { readonly dialect: CsvDialect; readonly names: readonly string[] }

/**
 * Finds the dialect under which the beginning of a file is a table: every record has the fields that
 * the header has. Of several the one with the most fields is taken, and of those the most usual one.
 * Where there is none, what the header alone suggests: reading the file will then say what is wrong.
 *
 * @throws connector.file-invalid when there is no header
 */
export function detectDialect(examined: ExaminedFile, settings: EntitySettings): DetectedCsv {
  let best: (DetectedCsv & { readonly rank: number }) | undefined
  for (const dialect of listDialects(examined, settings)) {
    const names = readHeader(examined, dialect)
    if (names === undefined) continue
    const columns = settings.header ?? names
    const shape = judgeSample(examined, dialect, columns.length)
    const rank = rankOf(columns.length, shape !== undefined)
    if (best !== undefined && best.rank >= rank) continue
    const isAllQuoted = shape?.isAllQuoted ?? false
    best = { dialect: { ...dialect, isAllQuoted }, names: columns, rank }
  }
  if (best === undefined) throw invalidFile(examined.file.label, 'no header in its first line')
  refuseBadNames(examined.file.label, best.names)
  return { dialect: best.dialect, names: best.names }
}

const RANK_FITTING = 1_000_000

/**
 * What fits is better than what does not, however many fields that has. But any text fits as records
 * of one field: a file whose header can be split and whose records cannot is broken.
 */
function rankOf(columnCount: number, isFitting: boolean): number {
  return columnCount + (isFitting && columnCount > 1 ? RANK_FITTING : 0)
}

function* listDialects(
  { sample }: ExaminedFile,
  settings: EntitySettings,
): Generator<CsvDialect, void, undefined> {
  const common = {
    isAllQuoted: false,
    nullText: settings.nullText ?? '',
    hasHeader: settings.header === undefined,
  }
  for (const quote of settings.quote === undefined ? findQuotes(sample) : [settings.quote]) {
    const newline = findNewline(sample, quote === 'none' ? undefined : quote)
    const escapings = settings.escape === undefined ? findEscapings(sample) : [settings.escape]
    for (const escaping of escapings) {
      for (const delimiter of settings.delimiter === undefined
        ? DELIMITERS
        : [settings.delimiter]) {
        yield { ...common, newline, delimiter, quote, escaping }
      }
    }
  }
}

/** Where there is no usual quote, the other one may be it. */
function findQuotes(sample: Uint8Array): readonly CsvDialect['quote'][] {
  return sample.includes(0x22) ? ['"'] : ['"', "'"]
}

/** A backslash escapes quotes only where it stands before one. */
function findEscapings(sample: Uint8Array): readonly CsvDialect['escaping'][] {
  const isBefore = (byte: number, i: number) => byte === BACKSLASH && isQuote(sample[i + 1] ?? 0)
  return sample.some(isBefore) ? ['double', 'backslash'] : ['double']
}

function isQuote(byte: number): boolean {
  return byte === 0x22 || byte === 0x27
}

/** The first line end outside quotes. */
export function findNewline(sample: Uint8Array, quote?: string): CsvDialect['newline'] {
  const quoteByte = quote?.charCodeAt(0)
  let isQuoted = false
  for (const [i, byte] of sample.entries()) {
    if (byte === quoteByte) isQuoted = !isQuoted
    if (isQuoted || (byte !== LF && byte !== CR)) continue
    if (byte === LF) return '\n'
    return sample[i + 1] === LF ? '\r\n' : '\r'
  }
  return '\n'
}

/** The cells of the first record; `undefined` where the dialect cannot make one of it. */
function readHeader(examined: ExaminedFile, dialect: CsvDialect): string[] | undefined {
  const splitter = new CsvSplitter(dialect, null, examined.file.label)
  const { cells } = splitter
  const whole = { from: 0, to: examined.sample.length, isLast: examined.isSampleWhole }
  if (!isSplit(() => splitter.split(examined.sample, whole))) return undefined
  if (cells.rowCount === 0) return dialect.hasHeader ? undefined : []
  const text = openCsvText({ ...dialect, nullText: false })
  return Array.from({ length: splitter.columnsSeen }, (_, column) => {
    const out = new RowTextBytes()
    text.append(out, cells, column, column)
    return parseField(decodeRowText(out.slice())) ?? ''
  })
}

function judgeSample(
  { file, isSampleWhole, sample }: ExaminedFile,
  dialect: CsvDialect,
  columnCount: number,
): { readonly isAllQuoted: boolean } | undefined {
  const splitter = new CsvSplitter(dialect, columnCount, file.label)
  let counts = { quoted: 0, bare: 0 }
  let from = 0
  const isFitting = isSplit(() => {
    for (;;) {
      const next = splitter.split(sample, { from, to: sample.length, isLast: isSampleWhole })
      counts = countQuoted(splitter.cells, counts)
      if (next === from) return
      from = next
    }
  })
  return isFitting ? { isAllQuoted: counts.quoted > 0 && counts.bare === 0 } : undefined
}

/** Cells that hold something, by whether they stand in quotes. */
function countQuoted(
  { columnCount, ends, kinds, rowCount, starts }: Cells,
  before: Quoted,
): Quoted {
  let { bare, quoted } = before
  for (let cell = 0; cell < rowCount * columnCount; cell++) {
    const kind = kinds[cell]
    if (kind === CELL.quoted || kind === CELL.quotedSpecial) quoted += 1
    else if (starts[cell] !== ends[cell]) bare += 1
  }
  return { bare, quoted }
}

type Quoted = { readonly bare: number; readonly quoted: number }

/** Whether the text is of the dialect. */
function isSplit(split: () => unknown): boolean {
  try {
    split()
    return true
  } catch (error) {
    if (!isAppError(error)) throw error
    return false
  }
}

function refuseBadNames(label: string, names: readonly string[]): void {
  const empty = names.findIndex((name) => name === '' || name.includes('\0'))
  if (empty >= 0) throw invalidFile(label, `no name for field ${empty + 1} in its header`)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw invalidFile(label, `field "${twice}" twice in its header`)
}
