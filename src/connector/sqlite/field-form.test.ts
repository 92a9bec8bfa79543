import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatValue, parseValue, readAffinity, readForm, type SqliteValue } from './field-form.ts'

const integer = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n),
)
const real = fc.oneof(
  fc.double({ noNaN: true }),
  fc.constantFrom(-0, 1, -1, 1e20, 1e21, 1e22, 2 ** 53, 5e-324, 1.7976931348623157e308),
  fc.integer().map(Number),
)
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...`'"x1.eE+-\\ 0`) }),
)
const blob = fc.uint8Array().map((bytes) => Buffer.from(bytes))
const anyValue: fc.Arbitrary<SqliteValue> = fc.oneof(fc.constant(null), integer, real, text, blob)

describe('the text of a value', () => {
  test.each(['any', 'blob'] as const)('%s: every value is read back as it was', (form) => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const printed = formatValue(value, form)
        expect(printed).toBeDefined()
        expect(parseValue(printed ?? null, form)).toEqual(value)
      }),
      { numRuns: 1000 },
    )
  })

  test.each(['any', 'blob', 'numeric'] as const)('%s: two values never print alike', (form) => {
    fc.assert(
      fc.property(anyValue, anyValue, (a, b) => {
        const [textA, textB] = [formatValue(a, form), formatValue(b, form)]
        if (textA === undefined || textA !== textB) return
        expect(b).toEqual(a)
      }),
      { numRuns: 1000 },
    )
  })

  test.each(['INTEGER', 'REAL', 'DECIMAL(10,2)', 'DATETIME', 'BOOLEAN', 'TEXT', 'VARCHAR(9)'])(
    'whatever a column of type %s holds is read back as it was, or has no text',
    (type) => {
      const db = new DatabaseSync(':memory:')
      db.exec(`CREATE TABLE t (v ${type})`)
      const insert = db.prepare('INSERT INTO t VALUES (?)')
      const select = db.prepare('SELECT v FROM t')
      select.setReadBigInts(true)
      fc.assert(
        fc.property(anyValue, (value) => {
          db.exec('DELETE FROM t')
          insert.run(value)
          const stored = select.get()?.['v'] ?? null
          const printed = formatValue(stored, readForm(type))
          if (printed === undefined) {
            expect(stored).toBeInstanceOf(Uint8Array)
            return
          }
          const parsed = parseValue(printed, readForm(type))
          db.exec('DELETE FROM t')
          insert.run(parsed)
          expect(select.get()?.['v']).toEqual(stored)
        }),
        { numRuns: 300 },
      )
      db.close()
    },
  )

  test.each<[SqliteValue, string]>([
    [42n, '42'],
    [42, '42.0'],
    [-0, '-0.0'],
    [1e21, '1e+21'],
    [Number.POSITIVE_INFINITY, '9e999'],
    [Number.NEGATIVE_INFINITY, '-9e999'],
    ["it's", "'it''s'"],
    [Buffer.of(0, 255), "x'00ff'"],
  ])('any: %s is %s', (value, printed) => {
    expect(formatValue(value, 'any')).toBe(printed)
  })

  test.each(["'a", "'a'b'", 'abc', "x'0'", "x'FF'", '', '1.', '9223372036854775808'])(
    'any: %s is refused',
    (printed) => {
      expect(() => parseValue(printed, 'any')).toThrow(
        expect.objectContaining({ code: 'connector.value-refused' }),
      )
    },
  )

  test('readAffinity() follows the rules of SQLite', () => {
    const types = ['', 'INT', 'CHARINT', 'VARCHAR(10)', 'CLOB', 'BLOB', 'FLOAT', 'DATE', 'STRING']
    expect(types.map(readAffinity)).toEqual([
      'blob',
      'integer',
      'integer',
      'text',
      'text',
      'blob',
      'real',
      'numeric',
      'numeric',
    ])
  })
})
