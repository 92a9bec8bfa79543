import { expect, test } from 'vitest'
import { collect } from '#stdx/streams'
import { LARGE_ROW_BYTES, type RowBatch } from './row-batch.ts'
import { formatRow, parseRow } from './row-text.ts'
import { type TranslateValue, translateRows } from './translate-rows.ts'

const VALUES: readonly TranslateValue[] = [null, (text) => `<${text}>`, null]

async function* give(...batches: readonly RowBatch[]): AsyncGenerator<RowBatch> {
  yield* batches
}

function rowsOf(...rows: readonly (readonly (string | null)[])[]): RowBatch {
  return { kind: 'rows', bytes: new Uint8Array(Buffer.from(rows.map(formatRow).join(''))) }
}

async function translate(...batches: readonly RowBatch[]) {
  const translated = await collect(translateRows(give(...batches), VALUES))
  return translated.map((batch) => {
    const parts = batch.kind === 'rows' ? [batch.bytes] : batch.parts
    const text = Buffer.concat(parts).toString()
    return { kind: batch.kind, rows: text.slice(0, -1).split('\n').map(parseRow) }
  })
}

test('values are translated as they are meant, and a null stays one', async () => {
  const batch = rowsOf(['a', 'tab\tback\\', 'z'], ['b', null, null], ['c', '\\N', ''])
  expect(await translate(batch)).toEqual([
    {
      kind: 'rows',
      rows: [
        ['a', '<tab\tback\\>', 'z'],
        ['b', null, null],
        ['c', '<\\N>', ''],
      ],
    },
  ])
})

test('a large row is translated in pieces, however it was cut', async () => {
  const long = 'ä\n'.repeat(LARGE_ROW_BYTES / 2)
  const row = Buffer.from(formatRow([long, 'short', null]))
  const cuts = [0, 1, 7, row.length - 3, row.length]
  const parts = cuts.slice(1).map((end, i) => new Uint8Array(row.subarray(cuts[i], end)))
  expect(await translate({ kind: 'large', parts })).toEqual([
    { kind: 'large', rows: [[long, '<short>', null]] },
  ])
})

test('what needs no translation is handed on as it came', async () => {
  const batch = rowsOf(['a', 'b', 'c'])
  const kept = await collect(translateRows(give(batch), [null, null, null]))
  expect(kept[0]).toBe(batch)
})

test('a batch that grows stays within the bounds of batches', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [String(i), 'x'.repeat(40_000), 'z'])
  const translated = await translate(rowsOf(...rows))
  expect(translated.length).toBeGreaterThan(1)
  expect(translated.flatMap((one) => one.rows)).toHaveLength(40)
})
