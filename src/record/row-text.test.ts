import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeRowText,
  formatField,
  formatLargeMarker,
  formatRow,
  parseField,
  parseLargeMarker,
  parseRow,
  splitRow,
  splitRowBytes,
} from './row-text.ts'

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'\\N@0\b\f\n\r\t\v\u0000.x'), maxLength: 6 }),
)
const values = fc.array(fc.option(value), { minLength: 1, maxLength: 6 })
const rowInvalid = expect.objectContaining({ code: 'record.row-invalid' })

describe('row text', () => {
  test('parseRow() gives back what formatRow() wrote, with and without its newline', () => {
    fc.assert(
      fc.property(values, (row) => {
        const text = formatRow(row)
        expect(parseRow(text)).toEqual(row)
        expect(parseRow(text.slice(0, -1))).toEqual(row)
      }),
    )
  })

  test('formatRow() writes one line, tabs between fields, the escapes of COPY', () => {
    expect(formatRow(['a\tb', null, '', '\\N', '\b\f\n\r\v', 'é\u0000'])).toBe(
      'a\\tb\t\\N\t\t\\\\N\t\\b\\f\\n\\r\\v\té\u0000\n',
    )
    fc.assert(
      fc.property(values, (row) => {
        const text = formatRow(row)
        expect(text.indexOf('\n')).toBe(text.length - 1)
        expect(text.split('\t')).toHaveLength(row.length)
      }),
    )
  })

  test('a field that parses is spelled as formatField() spells it', () => {
    const field = fc.stringMatching(/^[\\Nnbx0@\n\t1a]{0,6}$/)
    fc.assert(
      fc.property(field, (text) => {
        let parsed: string | null
        try {
          parsed = parseField(text)
        } catch {
          return
        }
        expect(formatField(parsed)).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  test.each(['\\', 'a\\', '\\x41', '\\101', '\\a', '\\.', '\\Nx', '\\@0', 'a\rb', '\\\n'])(
    'parseField() refuses %j',
    (field) => {
      expect(() => parseField(field)).toThrow(rowInvalid)
    },
  )

  test('splitRowBytes() splits as splitRow() does', () => {
    fc.assert(
      fc.property(values, fc.boolean(), (row, hasNewline) => {
        const text = hasNewline ? formatRow(row) : formatRow(row).slice(0, -1)
        const fields = splitRowBytes(new TextEncoder().encode(text)).map(decodeRowText)
        expect(fields).toEqual(splitRow(text))
      }),
    )
  })

  test('decodeRowText() refuses what is not UTF-8 and keeps a byte order mark', () => {
    expect(decodeRowText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
    expect(() => decodeRowText(Uint8Array.of(0x61, 0xff))).toThrow(rowInvalid)
  })

  test('a large marker is read back and is never the spelling of a value', () => {
    fc.assert(
      fc.property(fc.nat(), value, (n, text) => {
        expect(parseLargeMarker(formatLargeMarker(n))).toBe(n)
        expect(parseLargeMarker(formatField(text))).toBeUndefined()
      }),
    )
    expect(['\\@', '\\@01', '\\@-1', '\\@1x', '@1'].map(parseLargeMarker)).toEqual(
      Array.from({ length: 5 }, () => undefined),
    )
  })
})

test('long values with something to escape everywhere come back, wherever they are cut', () => {
  const escapes = ['\\', '\n', '\\\\', 'a\\', '\\n', '\t\\']
  for (const [i, piece] of escapes.entries()) {
    for (const shift of [0, 1, 2, 3]) {
      const value = 'x'.repeat(i + shift) + piece.repeat(90_000)
      const field = formatField(value)
      expect(/[\b-\r]/.test(field)).toBe(false)
      expect(parseField(field) === value).toBe(true)
    }
  }
})
