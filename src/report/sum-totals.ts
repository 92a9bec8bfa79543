import { type ControlTotal, readTotalPart, type TotalPart, TotalSums } from './control-totals.ts'
import type { ReconciledTotal } from './reconciliation.ts'

/**
 * Sums up both sides of a control total and holds them against each other, group by group. Either side
 * is read for itself, once for each of its parts.
 *
 * @param valuesOf the values of `fieldsOfPart` of every record that counts
 * @throws report.totals-too-many
 */
export async function sumTotal<Part extends TotalPart>(
  total: ControlTotal<Part>,
  valuesOf: (
    part: Part,
    side: 'source' | 'target',
  ) => AsyncIterable<readonly (readonly (string | null)[])[]>,
): Promise<ReconciledTotal> {
  const sums = new TotalSums(total)
  for (const side of ['source', 'target'] as const) {
    for (const part of total[side]) {
      const toLine = readTotalPart(part, side === 'source' ? total.values : {})
      for await (const some of valuesOf(part, side)) {
        for (const values of some) sums.add(side, toLine(values))
      }
    }
  }
  return sums.judge()
}
