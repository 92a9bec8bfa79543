import type { TargetWrite } from '#connector/connector'
import type { RecordPair } from '#history/pair-versions'
import { scanFields } from '#record/project'
import { AppError, isAppError } from '#stdx/app-error'
import {
  type CompareDeps,
  type Compared,
  formatOtherTypes,
  pairWithTarget,
} from './compare-target.ts'
import { listNotUndone } from './judge-records.ts'
import { formatKeyHex, keysOf } from './pick-records.ts'
import type { PlannedEntity, PlannedUndo, PreparedRestore } from './prepared-restore.ts'
import type { OtherType } from './restore-plan.ts'
import { openSameInFields, type SameInFields } from './same-in-fields.ts'

/**
 * Reads what was written in the transaction that wrote it, wherever a value may have become another
 * one, and compares it with the point.
 *
 * @throws restore.value-lost naming the fields; the transaction must then not be committed
 */
export async function refuseLosses(
  deps: CompareDeps,
  write: Pick<TargetWrite, 'scan'>,
  { entities }: Pick<PreparedRestore, 'entities'>,
  signal: AbortSignal,
): Promise<void> {
  for (const planned of entities) {
    if (mayLose(planned)) await refuseLoss(deps, write, planned, signal)
  }
}

/**
 * Whether the target could keep another value than it is given. Types of one name are the same,
 * unless they are somebody's own: two domains of one name may round differently.
 */
export function mayLose({ at, described, step }: PlannedEntity): boolean {
  if (described === null || step.insert + step.update === 0) return false
  if (described.isTranslated === true || step.otherTypes.length > 0) return true
  return at.schema.fields.some(({ type }) => isOwnType(type))
}

/** Types that do not come with the system are qualified: `public.amount`. */
function isOwnType(type: string): boolean {
  return type.includes('.')
}

async function refuseLoss(
  deps: CompareDeps,
  cut: Pick<TargetWrite, 'scan'>,
  planned: PlannedEntity,
  signal: AbortSignal,
): Promise<void> {
  const { at, described, undo } = planned
  if (described === null) return
  if (undo !== null) return await refuseUndoLoss(deps, { cut, described, planned, undo }, signal)
  const isSameIn = openSameInFields(deps.digestKey, at.schema)
  const lost = new Set<string>()
  let records = 0
  try {
    for await (const pairs of pairWithTarget(
      deps,
      { at, cut, described },
      { only: keysOf(planned), rows: true, signal },
    )) {
      for (const pair of pairs) {
        const fields = listLost(planned, pair, isSameIn)
        for (const field of fields) lost.add(field)
        records += fields.length > 0 ? 1 : 0
      }
    }
  } catch (error) {
    if (!isAppError(error, 'restore.schema-differs')) throw error
    throw valueLost(planned, planned.step.otherTypes.map(nameOf), error)
  }
  if (records > 0) throw valueLost(planned, [...lost])
}

/** What an undo would put back and the target did not take as it is. */
async function refuseUndoLoss(
  deps: CompareDeps,
  {
    planned,
    undo,
    ...compared
  }: Omit<Compared, 'at'> & { readonly planned: PlannedEntity; readonly undo: PlannedUndo },
  signal: AbortSignal,
): Promise<void> {
  const names = scanFields(planned.at.schema)
  const lost = new Set<string>()
  for await (const { verdict } of listNotUndone(deps, undo, { ...compared, signal })) {
    const indexes = 'indexes' in verdict ? verdict.indexes : []
    for (const index of indexes) lost.add(names[index] ?? '')
    if (indexes.length === 0) for (const { field } of planned.step.otherTypes) lost.add(field)
  }
  if (lost.size > 0) throw valueLost(planned, [...lost])
}

/** Fields of a record that was put back and that are not what the point says. */
function listLost(
  { at, left, picked, step }: PlannedEntity,
  pair: RecordPair,
  isSameIn: SameInFields,
): readonly string[] {
  if (pair.left === null) return []
  const hex = formatKeyHex(pair.key)
  const fields = picked === null ? null : picked.get(hex)
  const stayed = left.get(hex) ?? []
  if (fields === undefined) return []
  // A key that became another one is not found at all.
  if (pair.right === null && step.otherTypes.length > 0) return step.otherTypes.map(nameOf)
  const written = (fields ?? scanFields(at.schema)).filter((field) => !stayed.includes(field))
  return written.filter((field) => !isSameIn(pair, [field]))
}

function nameOf({ field }: OtherType): string {
  return field
}

function valueLost(
  { at, step }: PlannedEntity,
  fields: readonly string[],
  cause?: AppError,
): AppError {
  const { entity } = at.schema
  const named = fields.map((field) => {
    const other = step.otherTypes.find((one) => one.field === field)
    return other === undefined ? field : formatOtherTypes([other])
  })
  const message = `Cannot restore "${entity}": the target would not keep values of ${named.join(', ')}`
  return new AppError('restore.value-lost', message, { entity, fields }, { cause })
}
