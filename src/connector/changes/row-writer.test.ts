import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatRow } from '#record/row-text'
import { LargeRowWriter, type RowSink, RowWriter } from './row-writer.ts'

const values = fc.array(fc.option(fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 6 })

function write(to: RowSink, row: readonly (string | null)[]): void {
  for (const [i, value] of row.entries()) {
    if (i > 0) to.tab()
    if (value === null) to.writeNull()
    else {
      const bytes = Buffer.from(value)
      to.writeValue(Buffer.concat([Buffer.from('x'), bytes]), 1, bytes.length)
    }
  }
  to.endRow()
}

test('RowWriter writes what formatRow() writes', () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 5 }), (rows) => {
      const writer = new RowWriter()
      for (const row of rows) {
        const size = row.reduce((sum, value) => sum + Buffer.byteLength(value ?? ''), 0)
        writer.reserve(2 * size + 3 * row.length + 1)
        write(writer, row)
      }
      expect(Buffer.from(writer.take()).toString()).toBe(rows.map(formatRow).join(''))
      expect(writer.used).toBe(0)
    }),
  )
})

test('LargeRowWriter writes the same in pieces of at most 1 MiB', () => {
  const large = ['1', 'a\tb\\'.repeat(300_000), null, 'z'.repeat(2_500_000)]
  const writer = new LargeRowWriter()
  write(writer, large)
  const parts = writer.takeParts()
  expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(1_048_576)
  expect(Buffer.concat(parts).toString() === formatRow(large)).toBe(true)
})
