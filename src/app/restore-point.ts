import type { LeftOut, SourceCut, Target } from '#connector/connector'
import { splitFieldAddress, splitRecordAddress } from '#record/address'
import { type EntityName, parseEntityName } from '#record/entity-name'
import type { CompareDeps } from '#restore/compare-target'
import { entitiesOf, type PreparedRestore, planRestore } from '#restore/plan-restore'
import { planUndo, touchedBy } from '#restore/plan-undo'
import { type ReadBack, readBack } from '#restore/read-back'
import { mayLose } from '#restore/refuse-losses'
import {
  countWrites,
  type EntityStep,
  type RecordScope,
  type RestorePlan,
  type RestoreScope,
} from '#restore/restore-plan'
import { runRestore } from '#restore/run-restore'
import { AppError } from '#stdx/app-error'
import type { RestoreBody } from '#timeline/entry'
import type { Point } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { openCompareDeps } from './compare-deps.ts'
import type { Context } from './context.ts'
import { type FoundPoint, findPoint } from './find-point.ts'
import { type FoundTransaction, findTransaction } from './find-transaction.ts'
import { type Provenness, provennessOf } from './unproven.ts'

export type RestorePointDeps = Pick<
  Context,
  'clock' | 'openTarget' | 'progress' | 'random' | 'readConfig'
>

export type AgreedPlan = RestorePlan

export type RestoreRequest = {
  readonly point: string
  readonly target: string
  readonly entities: readonly string[]
  /** `ENTITY:KEY` */
  readonly records: readonly string[]
  /** `ENTITY:KEY:FIELD` */
  readonly fields: readonly string[]
  readonly isDeleteAllowed: boolean
  readonly isPlanOnly: boolean
  /** Takes back the transaction that `point` names, instead of putting back what was there then. */
  readonly undo?: UndoOptions
  /** Told before the plan whether what is put back is known to be what was there. */
  readonly onProvenness?: (found: Provenness) => void
  /**
   * Told the plan before anything is written; throws to stop there.
   */
  agree(plan: RestorePlan, facts: PlanFacts): Promise<void>
}

export type UndoOptions = {
  /** Records that somebody changed since stay as they are; otherwise nothing is written. */
  readonly isSkippingConflicts: boolean
  /** Told the plan that is refused because of its conflicts. */
  refused(plan: RestorePlan): void
}

export type PlanFacts = {
  /** The target holds no row of what is put back. */
  readonly isEmpty: boolean
  /** Records that are inserted, updated or deleted. */
  readonly writes: number
}

export type RestoreSummary = {
  readonly restore: string
  readonly plan: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly skipped: number
  readonly extra: number
  /** Of an undo: records that were left as somebody made them since. */
  readonly conflicts?: number
  readonly leftOut: readonly LeftOut[]
  readonly verified: { readonly records: number; readonly different: number }
  readonly durationMs: number
  readonly readBackMs: number
}

export type RestoreOutcome = {
  readonly plan: RestorePlan
  /** `null` when only the plan was asked for. */
  readonly summary: RestoreSummary | null
}

/**
 * Puts a point, or part of it, back into a target: plans, asks, writes in one transaction, reads back.
 *
 * The target holds either everything or nothing of it. What was written is read at a new cut and
 * compared; a difference is an error although the rows are committed, because success is only what
 * was seen.
 *
 * @throws app.read-back-differs | app.other-platform | restore.schema-differs, and whatever planning, agreeing and writing throw
 */
export async function restorePoint(
  deps: RestorePointDeps,
  vault: Vault,
  request: RestoreRequest,
  signal: AbortSignal,
): Promise<RestoreOutcome> {
  const found = await findWanted(vault, request, signal)
  const compare = await openCompareDeps(deps, vault, found.source, signal)
  const { system, target } = await deps.openTarget(request.target, signal)
  await using _target = target
  refuseOtherPlatform(found.point.body.connector, system.connector)
  const startedAtMs = deps.clock.nowMs()
  const wanted = listWanted(found, request)
  request.onProvenness?.(provennessOf(found, wanted))
  const rows = countRows(found.point, wanted)
  deps.progress.begin({ label: `Comparing ${request.point} with ${request.target}`, rows })
  await using cut = await target.openCut(signal)
  await using prepared = await plan(compare, { cut, found, request }, signal)
  deps.progress.end()
  if (request.isPlanOnly) return { plan: prepared.plan, summary: null }
  const conflicts = refuseConflicts(prepared.plan, request)
  const isEmpty = prepared.entities.every(({ targetRows }) => targetRows === 0)
  const writes = prepared.plan.steps.reduce((sum, step) => sum + countWrites(step), 0)
  await request.agree(prepared.plan, { isEmpty, writes })
  const label = `Restoring ${prepared.plan.point} to ${request.target}`
  deps.progress.begin({ label, rows: countToWrite(prepared) })
  const counts = await runRestore(compare, { prepared, since: cut, target }, signal)
  const writtenAtMs = deps.clock.nowMs()
  deps.progress.begin({ label: 'Reading back', rows })
  const { extra, ...verified } = await readTarget(compare, { prepared, target }, signal)
  deps.progress.end()
  const summary: RestoreSummary = {
    restore: Buffer.from(deps.random.bytes(8)).toString('hex'),
    plan: prepared.plan.plan,
    ...counts,
    skipped: prepared.plan.steps.reduce((sum, { same }) => sum + same, 0),
    extra,
    ...conflicts,
    verified,
    durationMs: writtenAtMs - startedAtMs,
    readBackMs: deps.clock.nowMs() - writtenAtMs,
  }
  await vault.putRestore(formatFact(prepared.plan, summary), signal)
  refuseDifference(prepared.plan, request, summary)
  return { plan: prepared.plan, summary }
}

/** What is put back; of an undo, `undone` is right after what is taken back. */
type Found = FoundPoint & Partial<Pick<FoundTransaction, 'undone'>>

async function findWanted(
  vault: Vault,
  { point, undo }: RestoreRequest,
  signal: AbortSignal,
): Promise<Found> {
  if (undo === undefined) return await findPoint(vault, point, signal)
  return await findTransaction(vault, point, signal)
}

function listWanted({ point, undone }: Found, request: RestoreRequest): readonly EntityName[] {
  return undone === undefined ? entitiesOf(formatScope(request), point) : touchedBy(undone)
}

async function plan(
  compare: CompareDeps,
  run: { readonly cut: SourceCut; readonly found: Found; readonly request: RestoreRequest },
  signal: AbortSignal,
): Promise<PreparedRestore> {
  const { cut, found, request } = run
  const { point, state, undone } = found
  const { isDeleteAllowed, target } = request
  const catalogue = await cut.readCatalogue(holds(point))
  if (undone !== undefined) {
    const asked = { state, before: point, after: undone, target }
    return await planUndo(compare, asked, { catalogue, cut, signal })
  }
  return await planRestore(
    compare,
    { state, point, target, scope: formatScope(request), isDeleteAllowed },
    { catalogue, cut, signal },
  )
}

/** Rows that the point has of what is put back. */
function countRows(point: Point, entities: readonly EntityName[]): number {
  const wanted = new Set(entities)
  const held = point.entities.filter(({ entity }) => wanted.has(entity))
  return held.reduce((sum, { rows }) => sum + rows, 0)
}

/** How many records an undo leaves as somebody made them since. */
function refuseConflicts(
  agreed: RestorePlan,
  { undo }: RestoreRequest,
): Pick<RestoreSummary, 'conflicts'> {
  if (undo === undefined) return {}
  const count = (of: (step: EntityStep) => number) =>
    agreed.steps.reduce((sum, step) => sum + of(step), 0)
  const conflicts = count((step) => step.conflicts ?? 0)
  if (conflicts === 0 || undo.isSkippingConflicts) return { conflicts }
  undo.refused(agreed)
  const { target, undone } = agreed
  const touched = conflicts + count((step) => countWrites(step) + step.same)
  const were = conflicts === 1 ? 'was' : 'were'
  const found = `${conflicts} of the ${touched} records that it changed ${were} changed again since`
  const message = `Cannot undo ${undone?.point} on "${target}": ${found}`
  throw new AppError('app.undo-conflicts', message, { target, conflicts })
}

/** Rows that are written, and those that are read again before the commit. */
function countToWrite({ entities }: PreparedRestore): number {
  return entities.reduce((sum, planned) => {
    const { insert, update } = planned.step
    const read = mayLose(planned) ? planned.at.facts.rows : 0
    return sum + insert + update + read
  }, 0)
}

/** Reads what was written, at a new cut. */
async function readTarget(
  compare: CompareDeps,
  { prepared, target }: { prepared: PreparedRestore; target: Target },
  signal: AbortSignal,
): Promise<ReadBack> {
  await using cut = await target.openCut(signal)
  const catalogue = await cut.readCatalogue(holds(prepared.point))
  return await readBack(compare, { catalogue, cut, entities: prepared.entities }, signal)
}

function holds(point: Point): (entity: EntityName) => boolean {
  const held = new Set(point.entities.map(({ entity }) => entity))
  return (entity) => held.has(entity)
}

function formatFact(
  { plan: hash, point, target, undone }: RestorePlan,
  { deleted, inserted, restore, updated, verified }: RestoreSummary,
): RestoreBody {
  return {
    kind: 'restore',
    restore,
    plan: hash,
    point,
    ...(undone && { undone: undone.point }),
    target,
    inserted,
    updated,
    deleted,
    verifiedRecords: verified.records,
    verifiedDifferent: verified.different,
  }
}

function refuseDifference(
  plan: RestorePlan,
  { isDeleteAllowed, records, fields, target }: RestoreRequest,
  { extra, verified }: RestoreSummary,
): void {
  const isExtraWrong = isDeleteAllowed && records.length + fields.length === 0 && extra > 0
  if (verified.different === 0 && !isExtraWrong) return
  const found = `${verified.different} of ${verified.records} records differ, ${extra} are extra`
  const message = `Cannot prove the restore of ${plan.point} to "${target}": ${found}`
  throw new AppError('app.read-back-differs', message, { target, ...verified, extra })
}

function formatScope({ entities, fields, records }: RestoreRequest): RestoreScope {
  const picked: RecordScope[] = [
    ...records.map((text) => ({ ...splitRecordAddress(text), fields: null })),
    ...fields.map((text) => {
      const { entity, field, key } = splitFieldAddress(text)
      return { entity, key, fields: [field] }
    }),
  ]
  if (picked.length > 0 && entities.length > 0) {
    const message =
      'Cannot plan the restore: found --entity beside --record or --field, need one kind'
    throw new AppError('app.scope-mixed', message)
  }
  if (picked.length > 0) return { kind: 'records', records: picked }
  if (entities.length > 0) return { kind: 'entities', entities: entities.map(parseEntityName) }
  return { kind: 'all' }
}

function refuseOtherPlatform(captured: string, target: string): void {
  if (captured === target) return
  const message = `Cannot restore into this target: it is ${target}, the point was captured from ${captured}`
  throw new AppError('app.other-platform', message)
}
