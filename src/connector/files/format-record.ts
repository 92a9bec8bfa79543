import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { DELIMITERS } from './detect-dialect.ts'
import type { CsvDialect, FileFormat } from './dialect.ts'
import type { FieldType } from './field-type.ts'

/** One field of the records of a file, and the type under which its values are given. */
export type WrittenColumn = { readonly name: string; readonly type: FieldType }

/** The text of a record, its line end included; `null` is what `\N` means for the type. */
export type FormatRecord = (values: readonly (string | null)[]) => string

/** @throws connector.value-refused naming a field whose value the format has no text for */
export function openRecordFormat(
  format: FileFormat,
  entity: EntityName,
  columns: readonly WrittenColumn[],
): FormatRecord {
  if (format.kind === 'jsonl')
    return (values) => formatObject(values, { entity, columns }) + format.newline
  const { dialect } = format
  const mustQuote = quoteTest(
    dialect,
    columns.map(({ name }) => name),
  )
  return (values) => {
    const cells = values.map((value, i) => {
      const cell = formatCell(value, dialect, mustQuote)
      if (cell !== undefined) return cell
      throw refuse(entity, columns[i]?.name, value === null ? 'a null' : 'a text')
    })
    return cells.join(dialect.delimiter) + dialect.newline
  }
}

/** The header line, or nothing where there is none. */
export function formatHeader(format: FileFormat, names: readonly string[]): string {
  if (format.kind === 'jsonl' || !format.dialect.hasHeader) return ''
  const dialect = { ...format.dialect, nullText: false as const }
  const mustQuote = quoteTest(dialect, names)
  const cells = names.map((name) => formatCell(name, dialect, mustQuote) ?? name)
  return cells.join(dialect.delimiter) + dialect.newline
}

function quoteTest(
  { delimiter, escaping, nullText, quote }: CsvDialect,
  names: readonly string[],
): (text: string) => boolean {
  const parts = [delimiter, '\n', '\r']
  // Whoever looks for the delimiter must not find another one.
  const others = DELIMITERS.filter((other) => other !== delimiter)
  const isRisky = names.length === 1 || names.some((name) => others.some((o) => name.includes(o)))
  if (isRisky) parts.push(...others)
  if (quote !== 'none') parts.push(quote)
  if (quote !== 'none' && escaping === 'backslash') parts.push('\\')
  return (text) =>
    text === nullText || text.startsWith('\ufeff') || parts.some((part) => text.includes(part))
}

function formatCell(
  value: string | null,
  { escaping, isAllQuoted, nullText, quote }: CsvDialect,
  mustQuote: (text: string) => boolean,
): string | undefined {
  if (value === null) return nullText === false ? undefined : nullText
  if (!mustQuote(value) && (!isAllQuoted || quote === 'none')) return value
  if (quote === 'none') return undefined
  if (escaping === 'double') return quote + value.replaceAll(quote, quote + quote) + quote
  return quote + value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`) + quote
}

function formatObject(
  values: readonly (string | null)[],
  { columns, entity }: { entity: EntityName; columns: readonly WrittenColumn[] },
): string {
  const members: string[] = []
  for (const [i, { name, type }] of columns.entries()) {
    const value = values[i] ?? null
    const isAbsent = value === null && (type === 'json' || type.endsWith('?'))
    if (isAbsent) continue
    const text = formatJson(value, type)
    if (text === undefined) throw refuse(entity, name, `a value that is no ${type}`)
    members.push(`${JSON.stringify(name)}:${text}`)
  }
  return `{${members.join(',')}}`
}

function formatJson(value: string | null, type: FieldType): string | undefined {
  if (value === null) return 'null'
  if (type === 'string' || type === 'string?') return JSON.stringify(value)
  const wanted = type === 'json' ? undefined : type.replace('?', '')
  try {
    const parsed: unknown = JSON.parse(value)
    if (wanted !== undefined && typeof parsed !== wanted) return undefined
    // A line end between two tokens would end the record; within a string there is none.
    return value.replaceAll(/[\n\r]/g, ' ')
  } catch {
    return undefined
  }
}

function refuse(entity: EntityName, field: string | undefined, what: string): AppError {
  const found = `found ${what} that the file has no way to write`
  const message = `Cannot write field "${field}" of "${entity}": ${found}`
  return new AppError('connector.value-refused', message, { entity, field })
}
