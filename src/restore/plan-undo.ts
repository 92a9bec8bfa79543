import type { SourceCut } from '#connector/connector'
import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { scanFields } from '#record/project'
import type { DescribedEntity } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { formatPoint } from '#timeline/format-point'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { ClosedPeriods, type PostingRule, tellClosed } from './closed-periods.ts'
import { type CompareDeps, listOtherTypes } from './compare-target.ts'
import { judgeRecords } from './judge-records.ts'
import type { UndoVerdict } from './judge-undo.ts'
import { findCounters, planMoves, tellMoves } from './move-counters.ts'
import { orderEntities } from './order-entities.ts'
import { formatKeyHex } from './pick-records.ts'
import { emptyStep } from './plan-entity.ts'
import type { PlanLines } from './plan-lines.ts'
import type { PlanningOptions } from './plan-restore.ts'
import type { PlannedEntity, PreparedRestore } from './prepared-restore.ts'
import { ReferringRecords } from './referring-records.ts'
import { refuseUnreadable } from './refuse-unreadable.ts'
import type { Conflict, TargetPlan } from './restore-plan.ts'
import type { Undone } from './restored-records.ts'
import { StepSpool } from './step-spool.ts'
import { type UndoneRecord, undoneEntity } from './undone-records.ts'

export type UndoRequest = {
  readonly state: TimelineState
  /** Right before the transaction. */
  readonly before: Point
  /** Right after it. */
  readonly after: Point
  readonly target: string
  /** Where what is posted in closed periods must not be changed. */
  readonly posting?: readonly PostingRule[]
}

/** So many conflicts are listed in a plan, and so many a plan can have. */
const LISTED_MAX = 1_000
const CONFLICTS_MAX = 100_000
/** Records of one transaction may have changed in as many ways as there are sets of fields. */
const LISTS_MAX = 32

/**
 * Works out what would take one transaction back, without writing: records that it changed get the
 * fields that it changed as they were before, those that it inserted go, those that it deleted come
 * back. What somebody changed since is a conflict and is not part of what would be written.
 *
 * Reads the entities that the transaction touched on the target at `cut`, and both states. Holds a few
 * megabytes per entity, and the keys of conflicts; the rows to write lie sealed in temporary files.
 *
 * @throws restore.table-missing | restore.conflicts-many | restore.unreadable, and as `pairWithTarget`
 */
export async function planUndo(
  deps: CompareDeps,
  { after, before, posting = [], state, target }: UndoRequest,
  { catalogue, cut, lines, signal }: PlanningOptions,
): Promise<PreparedRestore> {
  const { transaction } = after
  assert(transaction !== null, 'What is undone is one transaction.')
  const undone = touchedBy(after).map((entity) => undoneEntity(state, { after, before }, entity))
  const undoneByEntity = new Map(undone.map((one) => [one.before.schema.entity, one]))
  const conflicts: Conflict[] = []
  const closed = new ClosedPeriods(posting)
  const referring = new ReferringRecords(catalogue)
  await using stack = new AsyncDisposableStack()
  const entities: PlannedEntity[] = []
  for (const entity of orderEntities(undone.map((one) => one.before.schema)).order) {
    const found = undoneByEntity.get(entity)
    const described = catalogue.entities.find((one) => one.entity === entity)
    if (found === undefined) continue
    if (described === undefined) throw missingTable(entity, target)
    refuseUnreadable(described)
    const planning = { closed, conflicts, cut, described, lines, referring, stack, undone: found }
    entities.push(await planUndoneEntity(deps, planning, signal))
  }
  const steps = entities.map(({ step }) => step)
  const point = formatPoint(state.source, before)
  const { time, transaction: name } = transaction
  const told = { point: formatPoint(state.source, after), transaction: name, time }
  const schemaOf = (entity: EntityName) => undoneByEntity.get(entity)?.before.schema
  const referred = await referring.findReferred({ cut, schemaOf, signal })
  const facts = {
    point,
    target,
    steps,
    notRestored: [],
    undone: told,
    conflicts,
    ...(referred.length > 0 && { referred }),
    ...tellClosed(closed),
    ...tellMoves(entities),
  }
  const plan: TargetPlan = facts
  const writesHash = lines.hash()
  const kept = stack.move()
  return {
    plan,
    writesHash,
    point: before,
    entities,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** The entities that the transaction of a point touched. */
export function touchedBy({ body, transaction }: Point): EntityName[] {
  return (transaction?.changes ?? []).flatMap(([index]) => body.entities[index]?.entity ?? [])
}

type PlanningUndo = {
  /** Of all entities so far, as are the conflicts; this one adds its own. */
  readonly closed: ClosedPeriods
  readonly conflicts: Conflict[]
  readonly cut: SourceCut
  readonly described: DescribedEntity
  readonly isForced?: boolean
  readonly lines: PlanLines
  readonly referring: ReferringRecords
  readonly stack: AsyncDisposableStack
  readonly undone: Undone
}

/** One entity of what is undone, with the rows that would be written. */
export async function planUndoneEntity(
  deps: CompareDeps,
  {
    closed,
    conflicts,
    cut,
    described,
    isForced = false,
    lines,
    referring,
    stack,
    undone,
  }: PlanningUndo,
  signal: AbortSignal,
): Promise<PlannedEntity> {
  const at = undone.before
  const { entity } = at.schema
  const names = scanFields(at.schema)
  const otherTypes = listOtherTypes(at.schema, described)
  // What the target holds under another type is not written again: it might not stay what it is.
  const listsMax = otherTypes.length === 0 ? LISTS_MAX : Infinity
  const { uniqueFields = [] } = described
  const counters = await findCounters(cut, described)
  const countedFields = counters.map(({ field }) => field)
  const spooling = { countedFields, listsMax, signal, uniqueFields }
  const spool = stack.use(new StepSpool(deps, at, spooling))
  const counts = { ...emptyStep(entity, 'repair'), conflicts: 0 }
  const left = new Set<string>()
  const written = new Set<string>()
  const told = lines.entity(at)
  const records = judgeRecords(deps, { cut, described, isForced, undone }, signal)
  for (;;) {
    const next = await records.next()
    if (next.done === true) {
      const { rows: targetRows, touched } = next.value
      const step = { ...counts, otherTypes: otherTypes.filter(({ field }) => written.has(field)) }
      const undo = { undone, touched, conflicts: left }
      const added = new Set<string>()
      const moves = planMoves(counters, spool)
      const kept = { picked: null, added, left: new Map(), moves }
      return { at, described, ...kept, undo, spool, targetRows, step }
    }
    const { record, verdict } = next.value
    if (verdict.kind === 'conflict') {
      counts.conflicts += 1
      left.add(formatKeyHex(record.key))
      if (left.size > CONFLICTS_MAX) throw manyConflicts(entity)
      const { found, indexes } = verdict
      const fields = indexes.map((index) => names[index] ?? '')
      const key = formatKeyAddress(record.key, at.schema.key)
      await told.add('conflict', pairOf(record), fields, { found })
      if (conflicts.length < LISTED_MAX) conflicts.push({ entity, key, found, fields })
      continue
    }
    counts[verdict.kind] += 1
    if (verdict.kind === 'same') continue
    const fields = fieldsOf(verdict, names)
    for (const field of fields ?? names) written.add(field)
    const pair = pairOf(record)
    closed.note(at.schema, pair, fields)
    referring.note(at.schema, verdict.kind, pair, fields)
    await told.add(verdict.kind, pair, fields)
    await spool.append(verdict.kind, pair, fields)
  }
}

/** What an update sets; `null` where it is the whole record. */
function fieldsOf(verdict: UndoVerdict, names: readonly string[]): readonly string[] | null {
  if (verdict.kind !== 'update') return null
  return verdict.indexes.map((index) => names[index] ?? '')
}

/** The row that is put back outlives the batch that it was read in. */
function pairOf({ before, key, live }: UndoneRecord) {
  return { key, left: before && { ...before, row: before.row.slice() }, right: live }
}

export function missingTable(entity: EntityName, target: string): AppError {
  const message = `Cannot undo what was done to "${entity}": "${target}" does not have the table`
  return new AppError('restore.table-missing', message, { entity, target })
}

function manyConflicts(entity: EntityName): AppError {
  const found = `more than ${CONFLICTS_MAX} records were changed since`
  const message = `Cannot undo what was done to "${entity}": ${found}`
  return new AppError('restore.conflicts-many', message, { entity })
}
