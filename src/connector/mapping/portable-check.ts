import type { CheckToken } from './neutral.ts'

/** How a platform writes names and texts. */
export type Spelling = {
  /** Opens and closes a quoted name. */
  readonly quote: '"' | '`'
  /** A backslash in a text hides what follows. */
  readonly hasEscapes: boolean
  readonly lengthFunction: string
}

export const POSTGRES_SPELLING: Spelling = {
  quote: '"',
  hasEscapes: false,
  lengthFunction: 'char_length',
}
export const MARIADB_SPELLING: Spelling = {
  quote: '`',
  hasEscapes: true,
  lengthFunction: 'char_length',
}
export const SQLITE_SPELLING: Spelling = {
  quote: '"',
  hasEscapes: false,
  lengthFunction: 'length',
}

const SIGNS = new Set(['(', ')', ',', '=', '<>', '!=', '<', '>', '<=', '>=', '+', '-', '*'])
const WORDS = new Set(['and', 'or', 'not', 'is', 'null', 'in', 'between'])
const LENGTHS = new Set(['length', 'char_length', 'character_length'])
const CAST =
  /^::\s*(?:"[^"]*"|[a-z_][a-z0-9_]*)(?:\.(?:"[^"]*"|[a-z_][a-z0-9_]*))*(?: varying| precision| with(?:out)? time zone)?(?:\([0-9, ]*\))?(?:\[\])?/i

/**
 * The words of a condition, if all platforms share them; `null` if not. A cast is left out: it makes
 * a constant of the type that it is compared with. So is PostgreSQL's way to write IN.
 */
export function parseCheck(
  sql: string,
  fields: ReadonlySet<string>,
  spelling: Spelling,
): readonly CheckToken[] | null {
  const tokens: CheckToken[] = []
  let rest = withoutArrays(sql).trimStart()
  while (rest !== '') {
    const cast = CAST.exec(rest)?.[0]
    const [text, token] = cast === undefined ? readToken(rest, fields, spelling) : [cast, null]
    if (text === '') return null
    if (token !== null) tokens.push(token)
    rest = rest.slice(text.length).trimStart()
  }
  return tokens
}

/** `x = ANY (ARRAY[a, b])` as `x IN (a, b)`, and `x <> ALL (...)` as `x NOT IN (...)`. */
function withoutArrays(sql: string): string {
  return sql.replace(ARRAYS, (_, sign: string, plain?: string, cast?: string) => {
    return `${sign === '= ANY' ? 'IN' : 'NOT IN'} (${plain ?? cast ?? ''})`
  })
}

const ARRAYS =
  /(= ANY|<> ALL) \((?:ARRAY\[((?:'(?:[^']|'')*'|[^\]'])*)\]|\(ARRAY\[((?:'(?:[^']|'')*'|[^\]'])*)\]\)::[a-z ]+\[\])\)/g

type Read = readonly [text: string, token: CheckToken | null]
const UNKNOWN: Read = ['', null]

function readToken(rest: string, fields: ReadonlySet<string>, spelling: Spelling): Read {
  const first = rest[0] ?? ''
  if (first === "'") return readText(rest, spelling)
  if (first === spelling.quote) return readQuoted(rest, fields, spelling)
  const number = /^[0-9]+(?:\.[0-9]+)?/.exec(rest)?.[0]
  if (number !== undefined) return [number, { kind: 'sign', sign: number }]
  const word = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest)?.[0]
  if (word !== undefined) return readWord(word, fields)
  const sign = /^(?:<>|!=|<=|>=|[(),=<>+\-*])/.exec(rest)?.[0]
  if (sign === undefined || !SIGNS.has(sign)) return UNKNOWN
  return [sign, { kind: 'sign', sign: sign === '!=' ? '<>' : sign }]
}

function readText(rest: string, { hasEscapes }: Spelling): Read {
  const form = hasEscapes ? /^'((?:[^'\\]|''|\\.)*)'/s : /^'((?:[^']|'')*)'/s
  const [text, inner] = form.exec(rest) ?? []
  if (text === undefined || inner === undefined) return UNKNOWN
  const plain = inner.replaceAll("''", "'")
  const value = hasEscapes
    ? plain.replaceAll(/\\(.)/gs, (_, one: string) => ESCAPED[one] ?? one)
    : plain
  return [text, { kind: 'text', value }]
}

const ESCAPED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '0': '\0',
  Z: '\x1a',
}

function readQuoted(rest: string, fields: ReadonlySet<string>, { quote }: Spelling): Read {
  const form = quote === '"' ? /^"((?:[^"]|"")*)"/ : /^`((?:[^`]|``)*)`/
  const [text, inner] = form.exec(rest) ?? []
  if (text === undefined || inner === undefined) return UNKNOWN
  const name = inner.replaceAll(quote + quote, quote)
  return fields.has(name) ? [text, { kind: 'field', name }] : UNKNOWN
}

function readWord(word: string, fields: ReadonlySet<string>): Read {
  const lower = word.toLowerCase()
  if (LENGTHS.has(lower)) return [word, { kind: 'length' }]
  if (WORDS.has(lower)) return [word, { kind: 'sign', sign: lower.toUpperCase() }]
  return fields.has(word) ? [word, { kind: 'field', name: word }] : UNKNOWN
}

export function formatCheck(
  tokens: readonly CheckToken[],
  spelling: Spelling,
  formatText: (text: string) => string,
): string {
  const { lengthFunction } = spelling
  return tokens
    .map((token) => formatToken(token, spelling, formatText))
    .join(' ')
    .replaceAll(`${lengthFunction} (`, `${lengthFunction}(`)
}

function formatToken(
  token: CheckToken,
  { lengthFunction, quote }: Spelling,
  formatText: (text: string) => string,
): string {
  if (token.kind === 'text') return formatText(token.value)
  if (token.kind === 'sign') return token.sign
  if (token.kind === 'length') return lengthFunction
  return quote + token.name.replaceAll(quote, quote + quote) + quote
}
