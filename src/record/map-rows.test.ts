import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mapRows } from './map-rows.ts'
import { readRowTexts } from './read-row-texts.ts'
import { LARGE_ROW_BYTES, type RowBatch } from './row-batch.ts'
import { formatField } from './row-text.ts'

async function* batchesOf(rows: readonly (readonly string[])[]): AsyncGenerator<RowBatch> {
  for (const row of rows) {
    const bytes = new Uint8Array(Buffer.from(`${row.join('\t')}\n`))
    yield bytes.length > LARGE_ROW_BYTES
      ? { kind: 'large', parts: [bytes] }
      : { kind: 'rows', bytes }
  }
}

async function map(rows: readonly (readonly string[])[]) {
  const kinds = new Set<string>()
  const mapped: (readonly string[])[] = []
  const drop = (fields: readonly string[]) => (fields[0] === 'x' ? null : [...fields].reverse())
  for await (const batch of mapRows(batchesOf(rows), drop)) {
    kinds.add(batch.kind)
    if (batch.kind === 'rows') expect(batch.bytes.length).toBeLessThanOrEqual(LARGE_ROW_BYTES)
    async function* only() {
      yield batch
    }
    for await (const texts of readRowTexts(only())) mapped.push(texts)
  }
  return { kinds, mapped }
}

test('mapRows() maps every row, and leaves out those that become nothing', async () => {
  const value = fc.string({ unit: 'grapheme' }).map(formatField)
  const row = fc.tuple(fc.oneof(fc.constant('x'), value), value)
  await fc.assert(
    fc.asyncProperty(fc.array(row), async (rows) => {
      const kept = rows.filter(([first]) => first !== 'x')
      expect((await map(rows)).mapped).toEqual(kept.map(([a, b]) => [b, a]))
    }),
  )
})

test('mapRows() keeps batches within their bound, and large rows whole', async () => {
  const large = 'l'.repeat(LARGE_ROW_BYTES)
  const { kinds, mapped } = await map([
    ['a', 'b'],
    ['c', large],
  ])
  expect([...kinds].sort()).toEqual(['large', 'rows'])
  expect(mapped.map((row) => row.join('').length)).toEqual([2, LARGE_ROW_BYTES + 1])
})
