import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BATCH_BYTES_MAX, LARGE_ROW_BYTES } from '#record/row-batch'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { RowSpool } from './row-spool.ts'

const deps = { random: systemRandom, tempDir: tmpdir() }

test('RowSpool gives back the rows in order, large ones alone and in parts', async () => {
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(700_000, 1_200_000, 3_000_000)),
    { maxLength: 8 },
  )
  await fc.assert(
    fc.asyncProperty(sizes, async (rowSizes) => {
      await using spool = new RowSpool(deps)
      const rows = rowSizes.map((size, i) => aRow(size, i))
      for (const row of rows) {
        const pieces = [row.subarray(0, 1), row.subarray(1)].filter((part) => part.length > 0)
        if (row.length > LARGE_ROW_BYTES) await spool.appendLarge(pieces)
        else await spool.append(row)
      }
      const batches = await collect(spool.read())
      const joined = batches.flatMap((batch) =>
        batch.kind === 'rows' ? [batch.bytes] : [...batch.parts],
      )
      expect(Buffer.concat(joined).equals(Buffer.concat(rows))).toBe(true)
      for (const batch of batches) {
        if (batch.kind === 'rows') expect(batch.bytes.length).toBeLessThanOrEqual(BATCH_BYTES_MAX)
        else
          expect(batch.parts.reduce((sum, part) => sum + part.length, 0)).toBeGreaterThan(
            LARGE_ROW_BYTES,
          )
      }
    }),
    { numRuns: 15 },
  )
})

function aRow(size: number, seed: number): Uint8Array<ArrayBuffer> {
  const row = new Uint8Array(size).fill(97 + (seed % 26))
  row[size - 1] = 10
  return row
}
