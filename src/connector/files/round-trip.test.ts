import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { readCsv } from '../testing/files-system.ts'
import type { EntitySettings } from './settings.ts'
import { aFolder, copyFolder } from './testing/a-folder.ts'

vi.setConfig({ testTimeout: 120_000 })

type Cell = string | null
type Written = {
  readonly delimiter: string
  readonly quote: '"' | "'"
  readonly escape: 'double' | 'backslash'
  readonly newline: string
  readonly isAllQuoted: boolean
  readonly encoding: 'utf-8' | 'utf-16le' | 'latin1'
  readonly hasBom: boolean
  readonly nullText: string
  readonly isClosed: boolean
}

/** What tells the characters of a table of text apart from those that make it one. */
const text = fc.string({ unit: fc.constantFrom(...'ab,;\t|"\'\\\n\r \b\fÄé0N'), maxLength: 12 })
const table = fc
  .integer({ min: 2, max: 5 })
  .chain((width) =>
    fc.array(fc.array(fc.option(text), { minLength: width, maxLength: width }), { maxLength: 40 }),
  )
const written: fc.Arbitrary<Written> = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  quote: fc.constantFrom('"', "'"),
  escape: fc.constantFrom('double', 'backslash'),
  newline: fc.constantFrom('\n', '\r\n', '\r'),
  isAllQuoted: fc.boolean(),
  encoding: fc.constantFrom('utf-8', 'utf-16le', 'latin1'),
  hasBom: fc.boolean(),
  nullText: fc.constantFrom('', 'NULL', '\\N'),
  isClosed: fc.boolean(),
})

/** Writes CSV in the plainest way; shares nothing with what reads it. */
function toCsv(rows: readonly (readonly Cell[])[], w: Written): Buffer {
  const escapeQuote = w.escape === 'double' ? w.quote + w.quote : `\\${w.quote}`
  const inQuotes = (value: string) => {
    const safe = w.escape === 'backslash' ? value.split('\\').join('\\\\') : value
    return w.quote + safe.split(w.quote).join(escapeQuote) + w.quote
  }
  const toCell = (value: Cell) => {
    if (value === null) return w.nullText
    const isSpecial = /[,;\t|"'\\\n\r]/.test(value) || value === w.nullText
    return isSpecial || w.isAllQuoted ? inQuotes(value) : value
  }
  const lines = rows.map((row) => row.map(toCell).join(w.delimiter))
  const all = lines.join(w.newline) + (w.isClosed ? w.newline : '')
  if (w.encoding === 'latin1') return Buffer.from(all, 'latin1')
  const bom = w.hasBom || w.encoding === 'utf-16le' ? '\ufeff' : ''
  return Buffer.from(bom + all, w.encoding === 'utf-8' ? 'utf8' : 'utf16le')
}

test('a table in any dialect is read as it is, and restored to the same table', async () => {
  await fc.assert(
    fc.asyncProperty(table, written, async (rows, w) => {
      const names = ['a', 'b', 'c', 'd', 'e'].slice(0, rows[0]?.length ?? 2)
      const settings: EntitySettings = {
        ...{ quote: w.quote, escape: w.escape, nullText: w.nullText, key: [] },
        ...(w.encoding === 'latin1' && { encoding: 'latin1' as const }),
      }
      const declared = { t: settings }
      await using from = aFolder({ 't.csv': toCsv([names, ...rows], w) }, declared)
      expect(await from.rows('t')).toEqual(rows)
      await using to = aFolder({}, declared)
      await copyFolder(from, to, declared)
      expect(await to.rows('t')).toEqual(rows)
    }),
    { numRuns: 40 },
  )
})

test('what is restored without anything declared is what other programs read', async () => {
  await fc.assert(
    fc.asyncProperty(table, written, async (rows, w) => {
      const names = ['a', 'b', 'c', 'd', 'e'].slice(0, rows[0]?.length ?? 2)
      const usual = { ...w, encoding: 'utf-8', quote: '"', escape: 'double', nullText: '' } as const
      await using from = aFolder({ 't.csv': toCsv([names, ...rows], usual) }, { t: { key: [] } })
      await using to = aFolder()
      await copyFolder(from, to, { t: { key: [] } })
      const csv = to
        .get('t.csv')
        .toString()
        .replace(/^\ufeff/, '')
      expect(readCsv(csv, w.delimiter)).toEqual([names, ...rows])
    }),
    { numRuns: 40 },
  )
})

/** JSON whose numbers are kept as they are spelt. */
const json: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '"\\u00e4\\/\\n"',
    '"\\ud800"',
    'true',
    'false',
    'null',
    'null',
    '{ "a" : [1.0, "x"] }',
  ),
  fc.constantFrom('0', '-0', '1.50', '12345678901234567890', '1e400', '-1.5E-7', '0.1'),
)
const record = fc.dictionary(fc.constantFrom('id', 'name', 'größe "x"', 'd', 'e'), json)

/** The lib's declaration does not know yet that a reviver is told the source of a number. */
const parseSpelt = JSON.parse as (
  text: string,
  reviver: (name: string, value: unknown, context: { source: string }) => unknown,
) => unknown

const spelt = (line: string) =>
  parseSpelt(line, (_, value, { source }) =>
    typeof value === 'number' ? { number: source } : value,
  )

test('records of any shape are read as they are, and restored to the same records', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 12 }), fc.boolean(), async (records, isCrlf) => {
      const lines = records.map((members) => {
        const parts = Object.entries(members).map(
          ([name, value]) => `${JSON.stringify(name)} :${value}`,
        )
        return `{ ${parts.join(' , ')}}`
      })
      const newline = isCrlf ? '\r\n' : '\n'
      const content = lines.map((line) => line + newline).join('')
      await using from = aFolder({ 't.jsonl': content }, { t: { key: [] } })
      await using to = aFolder()
      await copyFolder(from, to, { t: { key: [] } })
      const back = to
        .get('t.jsonl')
        .toString()
        .split('\n')
        .filter((line) => line !== '')
      expect(back.map(spelt)).toEqual(lines.map(spelt))
    }),
    { numRuns: 60 },
  )
})
