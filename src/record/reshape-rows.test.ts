import { expect, test } from 'vitest'
import { collect } from '#stdx/streams'
import { reshapeRows } from './reshape-rows.ts'
import { BATCH_BYTES_MAX, LARGE_ROW_BYTES, type RowBatch } from './row-batch.ts'

async function* batchOf(batch: RowBatch): AsyncGenerator<RowBatch> {
  yield batch
}

function rowsOf(text: string): AsyncIterable<RowBatch> {
  return batchOf({ kind: 'rows', bytes: new Uint8Array(Buffer.from(text)) })
}

function textOf(batch: RowBatch): string {
  return Buffer.concat(batch.kind === 'rows' ? [batch.bytes] : batch.parts).toString()
}

test('reshapeRows() takes fields from their places, and null where there is none', async () => {
  const rows = rowsOf('1\tä\\t\t\\N\n2\t\tz\n')
  const batches = await collect(reshapeRows(rows, [2, null, 0]))
  expect(batches.map(textOf)).toEqual(['\\N\t\\N\t1\nz\t\\N\t2\n'])
})

test('reshapeRows() keeps batches within their bound, though nulls take more than nothing', async () => {
  const rows = rowsOf('\n'.repeat(LARGE_ROW_BYTES))
  const batches = await collect(reshapeRows(rows, [0, null, null, null]))
  expect(batches.length).toBeGreaterThan(1)
  expect(Math.max(...batches.map((batch) => textOf(batch).length))).toBeLessThan(BATCH_BYTES_MAX)
  expect(batches.map(textOf).join('')).toBe('\t\\N\t\\N\t\\N\n'.repeat(LARGE_ROW_BYTES))
})

test('reshapeRows() hands a large row on in pieces, and one that is large no more among others', async () => {
  const text = `1\t${'x'.repeat(LARGE_ROW_BYTES)}\t3\n`
  const parts = [text.slice(0, 7), text.slice(7)].map((part) => new Uint8Array(Buffer.from(part)))
  const large = () => batchOf({ kind: 'large', parts })
  const [kept] = await collect(reshapeRows(large(), [1, null]))
  expect(kept?.kind).toBe('large')
  expect(kept && textOf(kept)).toBe(`${'x'.repeat(LARGE_ROW_BYTES)}\t\\N\n`)
  const [small] = await collect(reshapeRows(large(), [2, 0]))
  expect(small).toMatchObject({ kind: 'rows' })
  expect(small && textOf(small)).toBe('3\t1\n')
})
