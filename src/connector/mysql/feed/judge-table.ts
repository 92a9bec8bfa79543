import type { DescribedEntity } from '#record/schema'
import type { Charsets } from './charsets.ts'
import type { ColumnForm } from './column-form.ts'
import { judgeEntity } from './judge-entity.ts'
import { fitColumns } from './row-plan.ts'
import type { TableMap } from './table-map.ts'

export type TableQuestion = {
  readonly map: TableMap
  /** What the catalogue says now. */
  readonly live: DescribedEntity | undefined
  /** What was told last. */
  readonly known: DescribedEntity | undefined
  /** Whether a statement was told that may have changed the definition since then. */
  readonly isAltered: boolean
  readonly charsets: Charsets
}

export type TableAnswer =
  | {
      readonly kind: 'follow'
      readonly described: DescribedEntity
      readonly forms: readonly ColumnForm[]
    }
  | {
      readonly kind: 'unfollowed'
      readonly reason: string
      readonly remedy: readonly string[]
    }

/**
 * Which description the rows of a table are to be read under.
 *
 * The log tells names, types and the primary key of a table as it was at its position. What else
 * belongs to a description comes from the catalogue of now, or from what was told last, whichever
 * has exactly these: the catalogue may be ahead, because the log is read later. Where neither has, the
 * table was changed several times meanwhile, and its rows are not guessed at.
 */
export function judgeTable(question: TableQuestion): TableAnswer {
  const { charsets, isAltered, known, live, map } = question
  if (!map.isFull) return NOT_FULL
  let reason = 'it was changed and is not there any more'
  for (const described of isAltered ? [live, known] : [known, live]) {
    if (described === undefined) continue
    const left = judgeEntity(described)
    const fit = left === undefined ? fitColumns(map, described, charsets) : { misfit: left.found }
    if (!('misfit' in fit)) return { kind: 'follow', described, forms: fit }
    reason = fit.misfit
    if (left !== undefined && described === live) {
      return { kind: 'unfollowed', reason, remedy: left.remedy }
    }
  }
  return { kind: 'unfollowed', reason, remedy: [] }
}

const NOT_FULL: TableAnswer = {
  kind: 'unfollowed',
  reason: 'it was written to while binlog_row_metadata was not FULL',
  remedy: ['SET GLOBAL binlog_row_metadata = FULL;'],
}
