import type { DescribedEntity } from '#record/schema'
import type { Charsets } from './charsets.ts'
import type { ColumnForm } from './column-form.ts'
import { judgeEntity } from './judge-entity.ts'
import { fitColumns } from './row-plan.ts'
import type { TableMap } from './table-map.ts'

export type TableQuestion = {
  readonly map: TableMap
  /** Asks what the catalogue says now. */
  readonly readLive: () => Promise<DescribedEntity | undefined>
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
  | { readonly kind: 'ignore' }
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
 * table was changed several times meanwhile, and its rows are not guessed at. The catalogue is asked
 * only when it is needed.
 */
export async function judgeTable(question: TableQuestion): Promise<TableAnswer> {
  const { isAltered, known, map, readLive } = question
  if (!map.isFull) return NOT_FULL
  const last = known === undefined ? undefined : fitRows(question, known)
  if (last?.kind === 'follow' && !isAltered) return last
  const live = await readLive()
  // It came and went while nobody looked, or is no table.
  if (live === undefined && known === undefined) return { kind: 'ignore' }
  const now = live === undefined ? undefined : fitRows(question, live)
  if (now?.kind === 'follow' || last?.kind !== 'follow') return now ?? last ?? GONE
  return last
}

function fitRows({ charsets, map }: TableQuestion, described: DescribedEntity): TableAnswer {
  const left = judgeEntity(described)
  if (left !== undefined) return { kind: 'unfollowed', reason: left.found, remedy: left.remedy }
  const forms = fitColumns(map, described, charsets)
  if ('misfit' in forms) return { kind: 'unfollowed', reason: forms.misfit, remedy: [] }
  return { kind: 'follow', described, forms }
}

const GONE: TableAnswer = {
  kind: 'unfollowed',
  reason: 'it was changed and is not there any more',
  remedy: [],
}

const NOT_FULL: TableAnswer = {
  kind: 'unfollowed',
  reason: 'it was written to while binlog_row_metadata was not FULL',
  remedy: ['SET GLOBAL binlog_row_metadata = FULL;'],
}
