import type { FinanceMap } from '#customer/finance-map'
import type { SourceAt } from '#customer/map-at'
import type { Problem } from '#stdx/yaml-lines'
import { findEntities } from './receivables/entities-at.ts'
import { namedIn } from './receivables/named-in.ts'

/** What the finance section of a map names and the points do not hold, by its lines. Reads no rows. */
export function judgeFinance(
  { receivables }: FinanceMap,
  sources: readonly SourceAt[],
): readonly Problem[] {
  return receivables === undefined ? [] : findEntities(namedIn(receivables).all, sources).problems
}
