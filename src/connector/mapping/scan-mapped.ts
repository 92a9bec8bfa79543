import type { RowBatch } from '#record/row-batch'
import { translateRows } from '#record/translate-rows'
import type { SourceCut } from '../connector.ts'
import { fieldOf, type ResolvedEntity, toSourceText } from './resolve-entity.ts'

/** Rows of a table of the other platform, in the text of the point's. */
export async function* scanMapped(
  cut: Pick<SourceCut, 'scan'>,
  resolved: ResolvedEntity,
  fields: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void, undefined> {
  const values = fields.map((name) => toSourceText(fieldOf(resolved, name)))
  const { described, shown } = resolved
  const inner = { ...described, scanOrder: shown.scanOrder }
  yield* translateRows(cut.scan(inner, fields, signal), values)
}
