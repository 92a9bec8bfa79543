import type { CreatePlan, LeftOut, SourceCut, Target, TargetWrite } from '#connector/connector'
import { scanFields } from '#record/project'
import type { RowBatch } from '#record/row-batch'
import { toRowBatches } from '#segment/large-values'
import { readState } from '#segment/read-state'
import type { CompareDeps } from './compare-target.ts'
import type { PlannedEntity, PreparedRestore } from './plan-restore.ts'

export type RestoreCounts = {
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly leftOut: readonly LeftOut[]
}

/**
 * Carries out a plan in one transaction of the target: all of it, or nothing.
 *
 * Updates come first, then deletes from referring to referred-to, then inserts the other way round,
 * so that a value which has to be unique is free before it is taken; foreign keys wait for the
 * commit. A row that somebody changed after `since` voids the plan.
 *
 * @throws connector.target-changed | connector.constraint-violated | connector.value-refused, with nothing written
 */
export async function runRestore(
  deps: CompareDeps,
  { prepared, since, target }: { prepared: PreparedRestore; since: SourceCut; target: Target },
  signal: AbortSignal,
): Promise<RestoreCounts> {
  const schemas = prepared.entities.map(({ at }) => at.schema)
  await using write = await target.openWrite(signal, since, schemas)
  await since[Symbol.asyncDispose]()
  const plan = formatCreatePlan(prepared)
  const leftOut = plan.schemas.length > 0 ? [...(await write.createTables(plan))] : []
  const counts = await writeSteps(deps, write, prepared, signal)
  if (plan.schemas.length > 0) leftOut.push(...(await write.finishTables(plan)))
  await write.commit()
  return { ...counts, leftOut }
}

async function writeSteps(
  deps: CompareDeps,
  write: TargetWrite,
  { entities }: PreparedRestore,
  signal: AbortSignal,
): Promise<Omit<RestoreCounts, 'leftOut'>> {
  const changed = entities.filter(({ described, spool }) => described !== null && spool !== null)
  const touched = changed.filter(({ step }) => step.insert + step.update + step.delete > 0)
  if (touched.length > 0) await write.deferForeignKeys(touched.map(({ step }) => step.entity))
  let updated = 0
  for (const { spool, step } of touched) {
    if (step.update === 0) continue
    for (const rows of spool?.updates() ?? []) updated += await write.updateRows(step.entity, rows)
  }
  let deleted = 0
  for (const { spool, step } of touched.toReversed()) {
    if (step.delete > 0 && spool) deleted += await write.deleteRows(step.entity, spool.deletes())
  }
  let inserted = 0
  for (const entity of entities) {
    if (entity.step.insert === 0) continue
    const fields = scanFields(entity.at.schema)
    inserted += await write.insertRows(entity.step.entity, fields, rowsOf(deps, entity, signal))
  }
  return { inserted, updated, deleted }
}

/** What a table takes: the rows of its spool, or, created whole, all rows of the point. */
function rowsOf(
  deps: CompareDeps,
  { at, spool }: PlannedEntity,
  signal: AbortSignal,
): AsyncIterable<RowBatch> {
  return spool === null ? readRows(deps, at, signal) : spool.inserts()
}

async function* readRows(
  deps: CompareDeps,
  { asOfSeq, schema, schemas, segments }: PlannedEntity['at'],
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void, undefined> {
  const state = readState(deps.read, { segments, schemas, schema, asOfSeq, rows: true, signal })
  for await (const batch of state) yield* toRowBatches(deps.read, batch, signal)
}

function formatCreatePlan({ entities, point }: PreparedRestore): CreatePlan {
  const created = entities.filter(({ described }) => described === null)
  return {
    schemas: created.map(({ at }) => at.schema),
    definition: point.catalogue.definition,
    sequences: point.body.sequences,
  }
}
