import { DatabaseSync } from 'node:sqlite'
import { formatField } from '#record/row-text'
import type { DescribedField } from '#record/schema'
import { assert } from '#stdx/assert'
import { ANY_TYPE, formatValue, readAffinity, readForm } from './field-form.ts'
import type { Column } from './read-schema.ts'
import { quoteName } from './sql-name.ts'

/** What the rows of a table hold, as far as its description depends on it. The last three are asked
 * about fields of possible keys only. */
export type Contents = {
  /** Fields with a value of a class that their affinity does not produce. */
  readonly odd: ReadonlySet<string>
  readonly withNull: ReadonlySet<string>
  readonly notInteger: ReadonlySet<string>
  readonly notBlob: ReadonlySet<string>
}

export const NO_CONTENTS: Contents = {
  odd: new Set(),
  withNull: new Set(),
  notInteger: new Set(),
  notBlob: new Set(),
}

/**
 * Reads the classes of all values of `columns`, once over the table. SQLite reads headers of rows
 * only, so this costs a fraction of a scan.
 */
export function readContents(
  db: DatabaseSync,
  tableSql: string,
  columns: readonly Column[],
  { isStrict, keyNames }: { readonly isStrict: boolean; readonly keyNames: ReadonlySet<string> },
): Contents {
  const questions = columns
    .filter((column) => !column.isGenerated)
    .flatMap((column) => [
      ...askAboutClass(column, isStrict),
      ...(keyNames.has(column.name) ? askAboutKey(column) : []),
    ])
  const answers = questions.map(() => false)
  // A result has at most 2000 columns.
  for (let start = 0; start < questions.length; start += 1000) {
    const asked = questions.slice(start, start + 1000)
    const list = asked.map(({ sql }, i) => `max(${sql}) AS a${i}`).join(', ')
    const row = db.prepare(`SELECT ${list} FROM ${tableSql}`).get()
    for (const i of asked.keys()) answers[start + i] = row?.[`a${i}`] === 1
  }
  const namesWhere = (kind: keyof Contents) =>
    new Set(questions.filter((q, i) => q.kind === kind && answers[i]).map(({ name }) => name))
  return {
    odd: namesWhere('odd'),
    withNull: namesWhere('withNull'),
    notInteger: namesWhere('notInteger'),
    notBlob: namesWhere('notBlob'),
  }
}

type Question = { readonly kind: keyof Contents; readonly name: string; readonly sql: string }

function askAboutClass({ name, type }: Column, isStrict: boolean): Question[] {
  const quoted = quoteName(name)
  const affinity = readAffinity(type)
  if (isStrict || affinity === 'blob') return []
  const isOdd =
    affinity === 'text' ? `typeof(${quoted}) NOT IN ('text', 'null')` : `typeof(${quoted}) = 'blob'`
  return [{ kind: 'odd', name, sql: isOdd }]
}

function askAboutKey({ name }: Column): Question[] {
  const quoted = quoteName(name)
  return [
    { kind: 'withNull', name, sql: `${quoted} IS NULL` },
    { kind: 'notInteger', name, sql: `typeof(${quoted}) <> 'integer'` },
    { kind: 'notBlob', name, sql: `typeof(${quoted}) <> 'blob'` },
  ]
}

/** Generated columns are outside the row. */
export function describeFields(
  columns: readonly Column[],
  contents: Contents,
  isStrict: boolean,
): DescribedField[] {
  const stored = columns.filter((column) => !column.isGenerated)
  const types = stored.map((column) => describeType(column, contents, isStrict))
  const missing = readMissing(stored, types)
  return stored.map(({ name, isNotNull }, i) => ({
    name,
    type: types[i] ?? ANY_TYPE,
    isNullable: !isNotNull,
    sourceId: null,
    missing: missing[i] ?? null,
  }))
}

function describeType({ name, type }: Column, { odd }: Contents, isStrict: boolean): string {
  const isTypeless = type === '' || (isStrict && type.toUpperCase() === 'ANY')
  if (isTypeless || odd.has(name)) return ANY_TYPE
  // A type that someone happens to call "any" has numeric affinity, which is another form.
  return type === ANY_TYPE ? 'ANY' : type
}

const LITERAL =
  /^(?:[+-]?\s*(?:0x[0-9a-f]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?)|'(?:[^']|'')*'|"(?:[^"]|"")*"|x'[0-9a-f]*'|null|true|false)$/i

/**
 * What rows hold that were written before a column was added. `ALTER TABLE` adds only columns with a
 * constant default, which SQLite itself evaluates here; a column with another default came with a
 * rewritten table.
 */
function readMissing(columns: readonly Column[], types: readonly string[]): (string | null)[] {
  const constants = columns.map(({ defaultSql, isNotNull }) => {
    if (defaultSql === null) return isNotNull ? null : 'NULL'
    return LITERAL.test(defaultSql) ? defaultSql : null
  })
  const defined = columns.flatMap(({ type }, i) =>
    constants[i] === null
      ? []
      : `c${i} ${readAffinity(type).toUpperCase()} DEFAULT ${constants[i]}`,
  )
  const db = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true })
  try {
    db.exec(`CREATE TABLE t (${['k', ...defined].join(', ')})`)
    db.exec('INSERT INTO t (k) VALUES (1)')
    const statement = db.prepare('SELECT * FROM t')
    statement.setReadBigInts(true)
    const row = statement.get()
    return constants.map((constant, i) => {
      const value = constant === null ? undefined : row?.[`c${i}`]
      if (value === undefined) return null
      const text = formatValue(value, readForm(types[i] ?? ANY_TYPE))
      assert(text !== undefined, 'A default has passed the affinity of its column.')
      return formatField(text)
    })
  } finally {
    db.close()
  }
}
