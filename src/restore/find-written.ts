import type { EntityName } from '#record/entity-name'
import type { CompareDeps } from './compare-target.ts'
import { type ComparedUndone, pairToUndo } from './restored-records.ts'

/** Whether an interrupted restore was committed, as far as its inserts tell. */
export type FoundWritten = {
  /** At least one record is there, exactly as it was to be: all are, for they were one transaction. */
  readonly isWritten: boolean
  /** Where other records have its keys; `null`: nowhere. */
  readonly taken: EntityName | null
}

/** Looks for the records of one entity that a restore was to insert. Reads the entity on the target whole. */
export async function findWritten(
  deps: CompareDeps,
  compared: ComparedUndone,
  signal: AbortSignal,
): Promise<FoundWritten> {
  let taken: EntityName | null = null
  for await (const { after, before, live } of pairToUndo(deps, compared, signal)) {
    if (before !== null || after === null || live === null) continue
    if (live.digest === after.digest) return { isWritten: true, taken: null }
    taken = compared.undone.before.schema.entity
  }
  return { isWritten: false, taken }
}
