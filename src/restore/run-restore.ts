import type { CreatePlan, LeftOut, SourceCut, Target, TargetWrite } from '#connector/connector'
import { deleteTogether } from '#connector/delete-together'
import { readAs } from '#connector/read-as'
import { describeSchema } from '#record/describe-schema'
import type { EntityName } from '#record/entity-name'
import { keyIndexes, scanFields } from '#record/project'
import { groupActing } from './acting-cycles.ts'
import type { CompareDeps } from './compare-target.ts'
import { type EntityChange, findLateDeletes } from './late-deletes.ts'
import { moveCounters } from './move-counters.ts'
import type { PlannedEntity, PreparedRestore } from './prepared-restore.ts'
import type { ReferredRecord } from './referring-records.ts'
import { refuseLosses } from './refuse-losses.ts'
import { type CounterMove, countWrites } from './restore-plan.ts'
import { readPointRows, type WrittenEntity } from './row-mask.ts'
import { tellRows } from './tell-rows.ts'

export type RestoreCounts = {
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly leftOut: readonly LeftOut[]
  /** Counters that the rows left behind: moved beyond them, or why not. */
  readonly counters?: readonly CounterMove[]
}

export type RestoreToOpen = {
  readonly prepared: PreparedRestore
  /** What was planned against; closed once the write is open. */
  readonly since: SourceCut
  readonly target: Target
}

export type RestoreToRun = {
  readonly prepared: PreparedRestore
  readonly write: TargetWrite
  /** Called right before the commit: whatever fails from then on may have been committed. */
  readonly onCommit?: () => void
}

/**
 * Begins the transaction that a plan is carried out in, with no other restore beside it from here on. Nothing
 * is written.
 *
 * @throws connector.busy | connector.target-changed
 */
export async function openRestore(
  { prepared, since, target }: RestoreToOpen,
  signal: AbortSignal,
): Promise<TargetWrite> {
  const schemas = prepared.entities.map(({ at }) => at.schema)
  // Where all tables are new there is nothing that could have changed, and rows load faster.
  const isNew = prepared.entities.every(({ described }) => described === null)
  await using stack = new AsyncDisposableStack()
  const write = stack.use(await target.openWrite(signal, isNew ? undefined : since, schemas))
  await write.claim?.()
  await since[Symbol.asyncDispose]()
  stack.move()
  return write
}

/**
 * Carries out a plan in one transaction of the target: all of it, or nothing.
 *
 * Where foreign keys wait for the commit, what was added goes first, from referring to referred-to
 * (or among the updates, see `late-deletes.ts`), then come updates in the same order, so that nothing
 * refers to a value any more when it changes, then inserts the other way round, so that a value which
 * has to be unique is free before it is taken. Where they cannot wait, inserts
 * come first and deletes last, so that every row has what it refers to at any time. A row that
 * somebody changed after the plan voids it.
 *
 * What fields of another type kept is read before the commit, too: a value that was rounded or cut
 * off is no restore, and is rolled back. So is a masked one in which an original value is left.
 *
 * @throws mask.original-found | restore.value-lost | connector.target-changed | connector.constraint-violated | connector.value-refused, with nothing written
 */
export async function runRestore(
  deps: CompareDeps,
  { onCommit, prepared, write }: RestoreToRun,
  signal: AbortSignal,
): Promise<RestoreCounts> {
  const plan = formatCreatePlan(prepared)
  for (const [entity, last] of prepared.numbers ?? []) await write.takeKeys?.(entity, last)
  const leftOut = plan.schemas.length > 0 ? [...(await write.createTables(plan))] : []
  const { dangling = [] } = prepared.plan
  if (dangling.length > 0) write.leaveDangling?.(countReferring(dangling))
  const counts = await writeSteps(deps, write, prepared, signal)
  await refuseLosses(deps, write, prepared, signal)
  if (plan.schemas.length > 0) leftOut.push(...(await write.finishTables(plan)))
  // Before the commit: a restore that is killed leaves numbers unused, and none that is given twice.
  const moved = await moveCounters(write, prepared.entities)
  await deps.otherRows?.prove?.(listWritten(write, prepared, signal), signal)
  onCommit?.()
  await write.commit()
  return { ...counts, leftOut, ...moved }
}

async function writeSteps(
  deps: CompareDeps,
  write: TargetWrite,
  { entities }: PreparedRestore,
  signal: AbortSignal,
): Promise<Omit<RestoreCounts, 'counters' | 'leftOut'>> {
  const changed = entities.filter(({ described, step }) => described && countWrites(step) > 0)
  const counts = { inserted: 0, updated: 0, deleted: 0 }
  const remove = async (some: readonly PlannedEntity[]) => {
    const deleted = some.filter(({ spool, step }) => step.delete > 0 && spool !== null)
    for (const group of groupActing(deleted.map((one) => ({ one, schema: one.at.schema })))) {
      const parts = group.flatMap(({ one: { spool, step } }) => {
        return spool === null ? [] : [{ entity: step.entity, rows: spool.deletes() }]
      })
      counts.deleted += await deleteTogether(write, parts)
    }
  }
  const update = async (some: readonly PlannedEntity[]) => {
    for (const one of some) counts.updated += await updateRows(deps, write, one)
  }
  const insert = async () => {
    for (const one of entities) counts.inserted += await insertRows(deps, write, one, signal)
  }
  const children = changed.toReversed()
  const names = changed.map(({ step }) => step.entity)
  if (names.length === 0 || (await write.deferForeignKeys(names))) {
    const late = findLateDeletes(changed.map(toChange))
    await remove(children.filter(({ step }) => !late.has(step.entity)))
    for (const one of children) {
      if (late.get(one.step.entity) === 'after-referring') await remove([one])
      await update([one])
    }
    await remove(children.filter(({ step }) => late.get(step.entity) === 'last'))
    await insert()
  } else {
    await insert()
    await update(changed)
    await remove(children)
  }
  return counts
}

function toChange({ at: { schema }, described, step }: PlannedEntity): EntityChange {
  const names = scanFields(schema)
  const key = new Set(keyIndexes(schema).map((index) => names[index]))
  const { uniqueFields = [] } = described ?? {}
  return { schema, step, uniqueFields: uniqueFields.filter((field) => !key.has(field)) }
}

/** By the entity of those that refer. */
function countReferring(referred: readonly ReferredRecord[]): ReadonlyMap<EntityName, number> {
  const counts = new Map<EntityName, number>()
  for (const { referredBy } of referred) {
    const { entity, records } = referredBy
    counts.set(entity, (counts.get(entity) ?? 0) + records)
  }
  return counts
}

async function updateRows(
  { progress }: CompareDeps,
  write: TargetWrite,
  { spool, step }: PlannedEntity,
): Promise<number> {
  let updated = 0
  for (const { rows, ...found } of spool?.updates() ?? []) {
    updated += await write.updateRows(step.entity, { ...found, rows: tellRows(progress, rows) })
  }
  return updated
}

async function insertRows(
  deps: CompareDeps,
  write: TargetWrite,
  { at, spool, step }: PlannedEntity,
  signal: AbortSignal,
): Promise<number> {
  if (step.insert === 0) return 0
  // Created whole, a table takes all rows of the point.
  const rows = spool === null ? readPointRows(deps, at, signal) : spool.inserts()
  const fields = scanFields(at.schema)
  return await write.insertRows(step.entity, fields, tellRows(deps.progress, rows))
}

/**
 * Of masked rows: what the tables hold now, as this transaction sees it. New ones are described by the
 * point, and found by their names.
 */
function listWritten(
  write: Pick<TargetWrite, 'scan'>,
  { entities }: PreparedRestore,
  signal: AbortSignal,
): WrittenEntity[] {
  return entities.map(({ at: { schema }, described }) => {
    const there =
      described === null ? { ...describeSchema(schema), sourceId: null } : readAs(described, schema)
    return { schema, rows: () => write.scan(there, scanFields(schema), signal) }
  })
}

function formatCreatePlan({ entities, point }: PreparedRestore): CreatePlan {
  const created = entities.filter(({ described }) => described === null)
  return {
    schemas: created.map(({ at }) => at.schema),
    definition: point.catalogue.definition,
    sequences: point.sequences,
    // A feed does not tell where sequences stand.
    mayTrail: point.kind === 'feed',
  }
}
