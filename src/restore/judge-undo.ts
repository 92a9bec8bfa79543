/** The fields of a record as comparable texts, all in one order; `null` where it is not there. */
export type UndoneValues = {
  /** Before the transaction. */
  readonly before: readonly string[] | null
  /** After it. */
  readonly after: readonly string[] | null
  /** On the target, now. */
  readonly live: readonly string[] | null
}

/**
 * What undoing a transaction does to one record that it touched. Indexes are those of the fields.
 *
 * - `same`: the record is already as it was before the transaction
 * - `conflict`: somebody changed since what the transaction had changed; `gone`: or deleted it,
 *   `back`: or added it again
 */
export type UndoVerdict =
  | { readonly kind: 'same' | 'insert' | 'delete' }
  | { readonly kind: 'update'; readonly indexes: readonly number[] }
  | {
      readonly kind: 'conflict'
      readonly found: ConflictKind
      readonly indexes: readonly number[]
    }

export type ConflictKind = 'changed' | 'gone' | 'back'

const SAME = { kind: 'same' } as const

/**
 * Decides field by field, so that what others did to other fields since stays. A record that the
 * transaction inserted is deleted only while it is as inserted; one that it deleted is inserted only
 * where it is missing. Pure.
 */
export function judgeUndo({ after, before, live }: UndoneValues): UndoVerdict {
  if (before === null) return judgeInserted(after, live)
  if (after === null) return judgeDeleted(before, live)
  const changed = differing(before, after)
  if (changed.length === 0) return SAME
  if (live === null) return { kind: 'conflict', found: 'gone', indexes: changed }
  const open = changed.filter((index) => live[index] !== before[index])
  const strange = open.filter((index) => live[index] !== after[index])
  if (strange.length > 0) return { kind: 'conflict', found: 'changed', indexes: strange }
  return open.length === 0 ? SAME : { kind: 'update', indexes: open }
}

/**
 * The same where what was there before wins over what somebody did since, in the fields that are to be
 * undone. Pure.
 */
export function forceUndo({ after, before, live }: UndoneValues): UndoVerdict {
  if (before === null) return live === null ? SAME : { kind: 'delete' }
  if (live === null) return { kind: 'insert' }
  const changed = after === null ? [...before.keys()] : differing(before, after)
  const indexes = changed.filter((index) => live[index] !== before[index])
  return indexes.length === 0 ? SAME : { kind: 'update', indexes }
}

function judgeInserted(after: UndoneValues['after'], live: UndoneValues['live']): UndoVerdict {
  if (live === null || after === null) return SAME
  const indexes = differing(after, live)
  return indexes.length === 0 ? { kind: 'delete' } : { kind: 'conflict', found: 'changed', indexes }
}

function judgeDeleted(before: readonly string[], live: UndoneValues['live']): UndoVerdict {
  if (live === null) return { kind: 'insert' }
  const indexes = differing(before, live)
  return indexes.length === 0 ? SAME : { kind: 'conflict', found: 'back', indexes }
}

/** Indexes at which two lists are not equal. */
export function differing(a: readonly string[], b: readonly string[]): number[] {
  return a.flatMap((value, index) => (value === b[index] ? [] : [index]))
}
