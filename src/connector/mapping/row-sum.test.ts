import { expect, test } from 'vitest'
import type { RowBatch } from '#record/row-batch'
import { RowSum } from './row-sum.ts'

function sumOf(...batches: readonly (readonly string[])[]): RowSum {
  const sum = new RowSum(3)
  for (const rows of batches) {
    const batch: RowBatch = { kind: 'rows', bytes: new Uint8Array(Buffer.from(rows.join(''))) }
    sum.add(batch)
  }
  return sum
}

test('the same rows have the same sum, in any order and any batches', () => {
  const sum = sumOf(['1\ta\tx\n', '2\tb\ty\n', '2\tb\ty\n'])
  expect(sum.findDifference(sumOf(['2\tb\ty\n'], ['2\tb\ty\n', '1\ta\tx\n']))).toBeNull()
  expect(sum.findDifference(sumOf(['1\ta\tx\n', '2\tb\ty\n']))).not.toBeNull()
})

test('a difference names its fields; values that changed places are one, too', () => {
  const sum = sumOf(['1\ta\tx\n', '2\tb\ty\n'])
  expect(sum.findDifference(sumOf(['1\ta\tx\n', '2\tc\ty\n']))).toEqual([1])
  expect(sum.findDifference(sumOf(['1\tb\tx\n', '2\ta\ty\n']))).toEqual([])
})
