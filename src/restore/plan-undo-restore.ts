import type { EntityName } from '#record/entity-name'
import type { Point } from '#timeline/timeline-state'
import { ClosedPeriods, type PostingRule, tellClosed } from './closed-periods.ts'
import type { CompareDeps } from './compare-target.ts'
import { tellMoves } from './move-counters.ts'
import { orderEntities } from './order-entities.ts'
import type { PlanningOptions } from './plan-restore.ts'
import { missingTable, planUndoneEntity } from './plan-undo.ts'
import type { PlannedEntity, PreparedRestore } from './prepared-restore.ts'
import { ReferringRecords } from './referring-records.ts'
import { refuseUnreadable } from './refuse-unreadable.ts'
import type { Conflict } from './restore-plan.ts'
import type { RestoredEntity } from './restored-records.ts'

export type UndoRestoreRequest = {
  /** The restore that is taken back. */
  readonly restore: string
  /** What it had put back, as an address; and that point, or one of the same source. */
  readonly address: string
  readonly point: Point
  readonly target: string
  readonly restored: readonly RestoredEntity[]
  /** Also what somebody changed since becomes what it was; else it is a conflict. */
  readonly isForced: boolean
  /** Of the target; where it `isForced`, what was put in goes although rows refer to it. */
  readonly mayDangle: boolean
  /** Where what is posted in closed periods must not be changed. */
  readonly posting: readonly PostingRule[]
}

/**
 * Works out what would take a restore back, without writing: records that it changed become again
 * what they were, those that it inserted go, those that it deleted come back. What somebody changed
 * since is a conflict and is not part of what would be written, unless `isForced`. A table that it created stays, and
 * loses the rows that are still as they were put in.
 *
 * Costs what `planUndo` costs, and is as good.
 *
 * @throws restore.table-missing | restore.conflicts-many | restore.unreadable, and as `pairWithTarget`
 */
export async function planUndoRestore(
  deps: CompareDeps,
  { address, isForced, mayDangle, point, posting, restore, restored, target }: UndoRestoreRequest,
  { catalogue, cut, lines, signal }: PlanningOptions,
): Promise<PreparedRestore> {
  const restoredByEntity = new Map(restored.map((one) => [one.before.schema.entity, one]))
  const conflicts: Conflict[] = []
  const closed = new ClosedPeriods(posting)
  const referring = new ReferringRecords(catalogue)
  await using stack = new AsyncDisposableStack()
  const entities: PlannedEntity[] = []
  for (const entity of orderEntities(restored.map(({ before }) => before.schema)).order) {
    const undone = restoredByEntity.get(entity)
    const described = catalogue.entities.find((one) => one.entity === entity)
    if (undone === undefined) continue
    if (described === undefined) throw missingTable(entity, target)
    refuseUnreadable(described)
    const planning = {
      closed,
      conflicts,
      cut,
      described,
      isForced,
      lines,
      referring,
      stack,
      undone,
    }
    entities.push(await planUndoneEntity(deps, planning, signal))
  }
  const steps = entities.map(({ step }) => step)
  const schemaOf = (entity: EntityName) => restoredByEntity.get(entity)?.before.schema
  const referred = await referring.findReferred({ cut, schemaOf, signal })
  const found = isForced && mayDangle ? { dangling: referred } : { referred }
  const stands = referred.length > 0 ? found : {}
  const told = {
    undoes: restore,
    conflicts,
    ...stands,
    ...tellClosed(closed),
    ...tellMoves(entities),
  }
  const plan = { point: address, target, steps, notRestored: [], ...told }
  const writesHash = lines.hash()
  const kept = stack.move()
  const dispose = () => kept.disposeAsync()
  return { plan, writesHash, point, entities, [Symbol.asyncDispose]: dispose }
}
