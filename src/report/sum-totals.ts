import type { EntityName } from '#record/entity-name'
import { readRowTexts } from '#record/read-row-texts'
import type { RowBatch } from '#record/row-batch'
import { parseField } from '#record/row-text'
import {
  type ControlTotal,
  fieldsOfPart,
  readTotalPart,
  type TotalPart,
  TotalSums,
} from './control-totals.ts'
import type { ReconciledTotal } from './reconciliation.ts'

/** Rows of an entity of either side: the fields asked for, in that order, from the first on. */
export type ReadRows = (entity: EntityName, fields: readonly string[]) => AsyncIterable<RowBatch>

/** Which records of a part count; `null`: all do. */
export type CountsOf = (part: TotalPart) => {
  /** What `counts` needs to know, in the order in which it is given. */
  readonly fields: readonly string[]
  counts(values: readonly (string | null)[]): boolean
} | null

/**
 * Sums up both sides of a control total and holds them against each other, group by group. Either side
 * is read for itself, once for each of its parts.
 * @throws report.totals-too-many
 */
export async function sumTotal(
  total: ControlTotal,
  read: { readonly source: ReadRows; readonly target: ReadRows; readonly countsOf: CountsOf },
): Promise<ReconciledTotal> {
  const sums = new TotalSums(total)
  for (const side of ['source', 'target'] as const) {
    for (const part of total[side]) {
      const judged = read.countsOf(part)
      const fields = fieldsOfPart(part)
      const toLine = readTotalPart(part, side === 'source' ? total.values : {})
      const rows = read[side](part.entity, [...fields, ...(judged?.fields ?? [])])
      for await (const texts of readRowTexts(rows)) {
        const values = texts.map(parseField)
        const isCounted = judged === null || judged.counts(values.slice(fields.length))
        if (isCounted) sums.add(side, toLine(values))
      }
    }
  }
  return sums.judge()
}
