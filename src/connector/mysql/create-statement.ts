import { assert } from '#stdx/assert'

/** `CREATE TABLE name (items) options`, taken apart. */
export type CreateStatement = {
  readonly items: readonly string[]
  readonly options: string
}

/**
 * Takes apart what `SHOW CREATE TABLE` prints. Quoted text and nested parentheses are kept together,
 * so that a comma in a default or a check parts nothing.
 */
export function parseCreateStatement(sql: string): CreateStatement {
  const items: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < sql.length; at++) {
    const character = sql[at] ?? ''
    if (QUOTES.has(character)) {
      at = endOfQuoted(sql, at)
      continue
    }
    if (character === '(') {
      depth += 1
      if (depth === 1) start = at + 1
    }
    const isEnd = character === ')' && depth === 1
    if (isEnd || (character === ',' && depth === 1)) {
      items.push(sql.slice(start, at).trim())
      start = at + 1
    }
    if (character === ')') depth -= 1
    if (isEnd) return { items, options: sql.slice(at + 1).trim() }
  }
  assert(false, 'A statement that the server prints is whole.')
}

/** Without foreign keys, which the catalogue tells in parts. */
export function withoutForeignKeys(items: readonly string[]): string[] {
  return items.filter((item) => !/^CONSTRAINT `(?:[^`]|``)*` FOREIGN KEY /.test(item))
}

/** Without the position of the counter, which changes with every row. */
export function withoutCounter(options: string): string {
  let at = 0
  while (at < options.length) {
    const character = options[at] ?? ''
    if (QUOTES.has(character)) {
      at = endOfQuoted(options, at) + 1
      continue
    }
    const [counter] = COUNTER.exec(options.slice(at)) ?? []
    if (counter !== undefined) return options.slice(0, at) + options.slice(at + counter.length)
    at += 1
  }
  return options
}

const COUNTER = /^ ?AUTO_INCREMENT=\d+/
const QUOTES = new Set(["'", '"', '`'])

/** Where the quote closes; doubled quotes, and backslashes except in names, do not close it. */
function endOfQuoted(sql: string, from: number): number {
  const quote = sql[from]
  for (let at = from + 1; at < sql.length; at++) {
    if (sql[at] === '\\' && quote !== '`') at += 1
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at
      at += 1
    }
  }
  assert(false, 'A quote that the server prints is closed.')
}
