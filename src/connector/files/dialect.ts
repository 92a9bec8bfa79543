import type { JsonValue } from '#record/schema'
import type { EncodingName } from './encoding.ts'

/** How the text of a file of comma-separated values is put together. */
export type CsvDialect = {
  readonly delimiter: string
  readonly quote: '"' | "'" | 'none'
  readonly escaping: 'double' | 'backslash'
  readonly newline: '\n' | '\r\n' | '\r'
  /** Whether every value stands in quotes, not only those that need them. */
  readonly isAllQuoted: boolean
  readonly nullText: string | false
  readonly hasHeader: boolean
}

/** How a file holds its records, as a schema version remembers it. */
export type FileFormat = {
  readonly encoding: EncodingName
  readonly hasBom: boolean
  /** Whether the last line ends as the others do. */
  readonly isClosed: boolean
} & (
  | { readonly kind: 'csv'; readonly dialect: CsvDialect }
  | { readonly kind: 'jsonl'; readonly newline: '\n' | '\r\n' }
)

/** The `definition` of an entity. */
export function formatDefinition(format: FileFormat): JsonValue {
  return format.kind === 'csv' ? { ...format, dialect: { ...format.dialect } } : { ...format }
}

/** What this connector once wrote as definition; anything else is no format of a file. */
export function parseDefinition(definition: JsonValue): FileFormat | undefined {
  if (typeof definition !== 'object' || definition === null || !('kind' in definition)) {
    return undefined
  }
  const { kind } = definition
  return kind === 'csv' || kind === 'jsonl' ? (definition as unknown as FileFormat) : undefined
}

const NEWLINE_NAMES = { '\n': 'LF', '\r\n': 'CRLF', '\r': 'CR' } as const
const DELIMITER_NAMES: Readonly<Record<string, string>> = { '\t': 'tab', ' ': 'space' }

/** The same for a person. */
export function describeFormat(format: FileFormat): string {
  const encoding = `${format.encoding}${format.hasBom ? ' with BOM' : ''}`
  if (format.kind === 'jsonl') {
    return `JSON Lines, ${encoding}, lines end with ${NEWLINE_NAMES[format.newline]}`
  }
  const { delimiter, escaping, hasHeader, newline, nullText, quote } = format.dialect
  const quotes = quote === 'none' ? 'no quotes' : `quote ${quote}`
  const escaped = quote !== 'none' && escaping === 'backslash' ? ' escaped by backslash' : ''
  return [
    'CSV',
    encoding,
    `delimiter ${DELIMITER_NAMES[delimiter] ?? delimiter}`,
    quotes + escaped,
    `lines end with ${NEWLINE_NAMES[newline]}`,
    hasHeader ? 'header' : 'no header',
    describeNull(nullText),
  ].join(', ')
}

function describeNull(nullText: string | false): string {
  if (nullText === false) return 'nothing is null'
  if (nullText === '') return 'empty is null, "" is empty'
  return `${nullText} is null`
}
