/** What a statement in the log does to tables, as far as it must be known. */
export type Statement =
  | { readonly kind: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'rollback-to' | 'nothing' }
  | { readonly kind: 'xa-end' | 'xa-commit' | 'xa-rollback'; readonly xid: string }
  | { readonly kind: 'truncate'; readonly table: TableName }
  | { readonly kind: 'drop'; readonly tables: readonly TableName[] }
  | { readonly kind: 'drop-database'; readonly database: string }
  | { readonly kind: 'rename'; readonly pairs: readonly (readonly [TableName, TableName])[] }
  | { readonly kind: 'create'; readonly table: TableName; readonly isReplaced: boolean }
  | {
      readonly kind: 'alter'
      readonly table: TableName
      readonly newName: TableName | undefined
      readonly clauses: readonly string[]
    }
  /** Changes definitions, of nobody knows what; no rows. */
  | { readonly kind: 'definition' }
  /** Changes rows, of nobody knows which tables. `names`: all words and names in it, in lower case. */
  | { readonly kind: 'rows'; readonly names: ReadonlySet<string> }

export type TableName = { readonly database: string; readonly table: string }

export type StatementContext = {
  /** Where names without one are. */
  readonly database: string
  readonly hasNoEscapes: boolean
}

/** Parses just enough. Whatever is not understood is taken for the worst that it can be. */
export function readStatement(sql: string, context: StatementContext): Statement {
  const tokens = tokenize(sql, context.hasNoEscapes)
  const words = new Words(tokens, context.database)
  const first = words.next()
  switch (first) {
    case 'BEGIN':
    case 'COMMIT':
    case 'SAVEPOINT':
      return { kind: first.toLowerCase() as 'begin' | 'commit' | 'savepoint' }
    case 'START':
      return { kind: 'begin' }
    case 'ROLLBACK':
      return { kind: words.next() === 'TO' ? 'rollback-to' : 'rollback' }
    case 'XA':
      return readXa(words, sql)
    case 'TRUNCATE':
      words.skip('TABLE')
      return { kind: 'truncate', table: words.table() }
    case 'DROP':
      return readDrop(words)
    case 'RENAME':
      return readRename(words)
    case 'CREATE':
      return readCreate(words)
    case 'ALTER':
      return readAlter(words)
    default:
      return readOther(first, tokens)
  }
}

const ROWS = new Set([
  'INSERT',
  'UPDATE',
  'DELETE',
  'REPLACE',
  'LOAD',
  'WITH',
  'CALL',
  'DO',
  'SELECT',
  'EXECUTE',
  'HANDLER',
  'IMPORT',
])
const NOTHING = new Set(['FLUSH', 'ANALYZE', 'CHECK', 'GRANT', 'REVOKE', 'SET', 'RELEASE', ''])

function readOther(first: string, tokens: readonly Token[]): Statement {
  if (NOTHING.has(first)) return { kind: 'nothing' }
  if (!ROWS.has(first)) return { kind: 'definition' }
  const names = tokens.filter(({ isText }) => !isText).map(({ text }) => text.toLowerCase())
  return { kind: 'rows', names: new Set(names) }
}

function readXa(words: Words, sql: string): Statement {
  const verb = words.next()
  const xid = sql
    .replace(/^\s*XA\s+\w+\s+/i, '')
    .replace(/\s+ONE\s+PHASE\s*$/i, '')
    .trim()
  if (verb === 'END') return { kind: 'xa-end', xid }
  if (verb === 'COMMIT') return { kind: 'xa-commit', xid }
  if (verb === 'ROLLBACK') return { kind: 'xa-rollback', xid }
  return { kind: 'nothing' }
}

function readDrop(words: Words): Statement {
  const what = words.next()
  if (what === 'TEMPORARY') return { kind: 'nothing' }
  if (what === 'DATABASE' || what === 'SCHEMA') {
    words.skip('IF')
    words.skip('EXISTS')
    return { kind: 'drop-database', database: words.name() }
  }
  if (what !== 'TABLE' && what !== 'TABLES') return { kind: 'definition' }
  words.skip('IF')
  words.skip('EXISTS')
  const tables = [words.table()]
  while (words.skip(',')) tables.push(words.table())
  return { kind: 'drop', tables }
}

function readRename(words: Words): Statement {
  const what = words.next()
  if (what !== 'TABLE' && what !== 'TABLES') return { kind: 'definition' }
  words.skip('IF')
  words.skip('EXISTS')
  const pairs: [TableName, TableName][] = []
  do {
    const from = words.table()
    while (!words.skip('TO') && words.next() !== '');
    pairs.push([from, words.table()])
  } while (words.skip(','))
  return { kind: 'rename', pairs }
}

function readCreate(words: Words): Statement {
  let isReplaced = false
  if (words.skip('OR')) isReplaced = words.skip('REPLACE')
  if (words.skip('TEMPORARY')) return { kind: 'nothing' }
  if (!words.skip('TABLE')) return { kind: 'definition' }
  for (const word of ['IF', 'NOT', 'EXISTS']) words.skip(word)
  return { kind: 'create', table: words.table(), isReplaced }
}

function readAlter(words: Words): Statement {
  const isIgnoring = [words.skip('ONLINE'), words.skip('IGNORE'), words.skip('ONLINE')][1] === true
  if (!words.skip('TABLE')) return { kind: 'definition' }
  words.skip('IF')
  words.skip('EXISTS')
  const table = words.table()
  const newName = words.newName()
  const clauses = words.clauses()
  return { kind: 'alter', table, newName, clauses: isIgnoring ? ['IGNORE', ...clauses] : clauses }
}

/** Clauses after which all rows are as before, fields that came or went aside. */
const HARMLESS = new RegExp(
  `^(?:${[
    'ADD (?:CONSTRAINT|INDEX|KEY|UNIQUE|FULLTEXT|SPATIAL|PRIMARY|FOREIGN|CHECK|PARTITION)\\b',
    'ADD (?:COLUMN )?(?:IF NOT EXISTS )?',
    'DROP (?:CONSTRAINT|INDEX|KEY|PRIMARY|FOREIGN|CHECK|COLUMN|DEFAULT)\\b',
    'DROP (?!PARTITION|SYSTEM|PERIOD)',
    'ALTER\\b',
    'RENAME (?:INDEX|KEY)\\b',
    'COMMENT\\b',
    'AUTO_INCREMENT\\b',
    'ALGORITHM\\b',
    'LOCK\\b',
    'NOWAIT$',
    'WAIT\\b',
    'FORCE$',
    'ENGINE\\b',
    'ROW_FORMAT\\b',
    'DEFAULT (?:CHARACTER|CHARSET|COLLATE)\\b',
    'ENABLE KEYS',
    'DISABLE KEYS',
    'REORGANIZE PARTITION\\b',
    'OPTIMIZE PARTITION\\b',
    'ANALYZE PARTITION\\b',
    'STATS_|PAGE_|KEY_BLOCK_SIZE|ENCRYPT',
  ].join('|')})`,
)

/** The tables that a statement names as those that it is about; `undefined`: it is not said. */
export function tablesOf(statement: Statement): readonly TableName[] | undefined {
  switch (statement.kind) {
    case 'truncate':
    case 'create':
      return [statement.table]
    case 'alter':
      return statement.newName ? [statement.table, statement.newName] : [statement.table]
    case 'drop':
      return statement.tables
    case 'rename':
      return statement.pairs.flat()
    case 'drop-database':
      return [{ database: statement.database, table: '' }]
    default:
      return undefined
  }
}

/** A key over a field that could be null makes something else of its nulls. */
const HARMFUL = /^ADD (?:SYSTEM|PERIOD|(?:CONSTRAINT .*)?PRIMARY)\b/

/** Whether the rows of an altered table may be others than before, apart from its fields. */
export function mayChangeRows(clauses: readonly string[]): boolean {
  const isHarmless = (clause: string) => HARMLESS.test(clause) && !HARMFUL.test(clause)
  return !clauses.every(isHarmless)
}

type Token = { readonly text: string; readonly isName: boolean; readonly isText: boolean }

class Words {
  readonly #tokens: readonly Token[]
  readonly #database: string
  #at = 0

  constructor(tokens: readonly Token[], database: string) {
    this.#tokens = tokens
    this.#database = database
  }

  /** A word in capitals, or a sign; empty at the end. */
  next(): string {
    return this.#tokens[this.#at++]?.text.toUpperCase() ?? ''
  }

  skip(word: string): boolean {
    const token = this.#tokens[this.#at]
    if (token === undefined || token.isName || token.text.toUpperCase() !== word) return false
    this.#at += 1
    return true
  }

  name(): string {
    return this.#tokens[this.#at++]?.text ?? ''
  }

  table(): TableName {
    const first = this.name()
    if (!this.skip('.')) return { database: this.#database, table: first }
    return { database: first, table: this.name() }
  }

  /** The name that an ALTER gives to its table. */
  newName(): TableName | undefined {
    const rest = this.#tokens.slice(this.#at)
    let depth = 0
    for (const [i, token] of rest.entries()) {
      if (token.text === '(' && !token.isName) depth += 1
      if (token.text === ')' && !token.isName) depth -= 1
      const isFirst = i === 0 || (rest[i - 1]?.text === ',' && depth === 0)
      if (!isFirst || token.isName || token.text.toUpperCase() !== 'RENAME') continue
      const words = new Words(rest.slice(i + 1), this.#database)
      if (['COLUMN', 'INDEX', 'KEY'].some((word) => words.skip(word))) continue
      if (!words.skip('TO')) words.skip('AS')
      return words.table()
    }
    return undefined
  }

  /** What is left, parted by commas outside parentheses; plain words in capitals, one space between. */
  clauses(): string[] {
    const clauses: string[][] = [[]]
    let depth = 0
    for (const { isName, isText, text } of this.#tokens.slice(this.#at)) {
      if (text === '(' && !isName) depth += 1
      if (text === ')' && !isName) depth -= 1
      if (text === ',' && !isName && depth === 0) clauses.push([])
      else if (isName) clauses.at(-1)?.push(`\`${text.replaceAll('`', '``')}\``)
      else clauses.at(-1)?.push(isText ? "''" : text.toUpperCase())
    }
    return clauses.map((words) => words.join(' ')).filter((clause) => clause !== '')
  }
}

/** Words, quoted names, texts and signs; comments are left out, but for those that are run. */
function tokenize(sql: string, hasNoEscapes: boolean): Token[] {
  const escaped = hasNoEscapes ? '' : '\\\\[^]|'
  const pattern = new RegExp(
    [
      '\\s+',
      '--\\s[^\\n]*|#[^\\n]*',
      '/\\*M?!\\d*|\\*/',
      '/\\*[^]*?\\*/',
      '(?<name>`(?:[^`]|``)*`)',
      `(?<double>"(?:${escaped}""|[^"])*")`,
      `(?<text>'(?:${escaped}''|[^'])*')`,
      '(?<word>[\\p{L}\\p{N}_$@]+)',
      '(?<sign>[^])',
    ].join('|'),
    'gu',
  )
  const tokens: Token[] = []
  for (const { groups } of sql.matchAll(pattern)) {
    const { double, name, sign, text, word } = groups ?? {}
    const quoted = name ?? double
    if (quoted !== undefined) {
      const mark = quoted[0] ?? ''
      const inner = quoted.slice(1, -1).replaceAll(mark + mark, mark)
      tokens.push({ text: inner, isName: true, isText: false })
    } else if (text !== undefined) tokens.push({ text, isName: false, isText: true })
    else if (word !== undefined) tokens.push({ text: word, isName: false, isText: false })
    else if (sign !== undefined) tokens.push({ text: sign, isName: false, isText: false })
  }
  return tokens
}
