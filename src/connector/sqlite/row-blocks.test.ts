import { expect, test } from 'vitest'
import { formatField } from '#record/row-text'
import { encodeLargeRow, type FieldText } from './row-blocks.ts'

function textOf(fields: readonly FieldText[]): string {
  const batch = encodeLargeRow(fields)
  const parts = batch.kind === 'rows' ? [batch.bytes] : batch.parts
  expect(batch.kind === 'large' ? parts.every(({ length }) => length < 1_100_000) : true).toBe(true)
  return Buffer.concat(parts).toString()
}

test.each(['a\nb', '\\', '\t\\N', 'x😀', '😀\n'])(
  'encodeLargeRow() escapes a long text of %j as it would a short one',
  (piece) => {
    for (const shift of ['', 'y', 'yy']) {
      const unescaped = shift + piece.repeat(300_000)
      const expected = `1\t${formatField(unescaped)}\t\\N\n`
      expect(textOf(['1', { unescaped }, '\\N']) === expected).toBe(true)
    }
  },
)
