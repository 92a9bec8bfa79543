import type { Target, TargetWrite } from '#connector/connector'
import type { CompareDeps } from '#restore/compare-target'
import type { PreparedRestore } from '#restore/prepared-restore'
import { type ReadBack, readBack } from '#restore/read-back'
import { mayLose } from '#restore/refuse-losses'
import type { RestorePlan } from '#restore/restore-plan'
import { openRestore, type RestoreCounts, runRestore } from '#restore/run-restore'
import { AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { RestoreBody } from '#timeline/entry'
import type { Vault } from '#vault/vault'
import type { RestoreDeps, RestoreRequest, RestoreSummary } from '../restore-request.ts'
import { beginRestore } from './begin-restore.ts'
import type { PlannedTarget } from './plan-target.ts'
import { refuseOvertaken } from './refuse-overtaken.ts'

export type AgreedTarget = {
  /** Ids of restores that had begun before the target was looked at; this one is added. */
  readonly known: Set<string>
  readonly planned: PlannedTarget
  readonly plan: RestorePlan
  readonly request: RestoreRequest
  /** Called right after the commit, before anything is read back. */
  onCommitted(): void
}

/**
 * Keeps what is about to change, writes what was planned for one target in one transaction, reads it
 * back and keeps the fact. What is kept counts once the transaction is open, and no other restore is beside it.
 *
 * A difference is an error although the rows are committed, because success is only what was seen.
 *
 * @throws app.read-back-differs | app.restore-overtaken, and whatever writing throws
 */
export async function writeTarget(
  deps: RestoreDeps,
  vault: Vault,
  { known, onCommitted, plan, planned, request }: AgreedTarget,
  signal: AbortSignal,
): Promise<RestoreSummary> {
  const { compare, planMs, prepared, rows, target } = planned
  const restore = Buffer.from(deps.random.bytes(8)).toString('hex')
  const startedAtMs = deps.clock.nowMs()
  deps.progress.begin({ label: 'Keeping what is about to change' })
  const isKept = request.isDrill !== true
  await using stack = new AsyncDisposableStack()
  const opened: { write?: TargetWrite } = {}
  const ready = async () => {
    opened.write = stack.use(await openRestore({ prepared, since: planned.cut, target }, signal))
    if (!isKept) return
    refuseOvertaken(await vault.readRestores(signal), { known, name: plan.target, target })
    known.add(restore)
  }
  const beginning = { plan, planned, ready, request, restore }
  if (!isKept) await ready()
  const begun = isKept ? await beginRestore(vault, beginning, signal) : {}
  const { write } = opened
  assert(write !== undefined, 'What has begun is open.')
  const label = `Restoring ${plan.point} to ${plan.target}`
  deps.progress.begin({ label, rows: countToWrite(prepared) })
  const counts = await runOrSay(compare, { ...beginning, stack, vault, write }, signal)
  await stack.disposeAsync()
  onCommitted()
  const writtenAtMs = deps.clock.nowMs()
  deps.progress.begin({ label: 'Reading back', rows })
  const { extra, ...verified } = await readTarget(compare, { prepared, target }, signal)
  deps.progress.end()
  const durationMs = planMs + writtenAtMs - startedAtMs
  const readBackMs = deps.clock.nowMs() - writtenAtMs
  const summary: RestoreSummary = {
    restore,
    plan: plan.plan,
    ...counts,
    skipped: plan.steps.reduce((sum, { same }) => sum + same, 0),
    extra,
    ...(request.undo !== undefined && { conflicts: countConflicts(plan) }),
    ...countStaying(plan),
    ...begun,
    verified,
    planMs,
    durationMs,
    readBackMs,
    recoveryMs: durationMs + readBackMs,
  }
  if (isKept) await vault.putRestore(formatFact(plan, summary), signal)
  refuseDifference(plan, { ...planned, ...request }, summary)
  return summary
}

type RunningRestore = {
  readonly plan: RestorePlan
  readonly planned: PlannedTarget
  /** Its id. */
  readonly restore: string
  /** Holds what is written in. */
  readonly stack: AsyncDisposableStack
  readonly vault: Vault
  readonly write: TargetWrite
}

/** Carries it out; where the target refuses it before the commit, says in the vault that nothing is there. */
async function runOrSay(
  compare: CompareDeps,
  running: RunningRestore,
  signal: AbortSignal,
): Promise<RestoreCounts> {
  const { planned, write } = running
  let isCommitting = false
  const onCommit = () => {
    isCommitting = true
  }
  try {
    return await runRestore(compare, { onCommit, prepared: planned.prepared, write }, signal)
  } catch (error) {
    await running.stack.disposeAsync()
    if (!isCommitting && isAppError(error)) await sayRolledBack(running, signal)
    throw error
  }
}

const NOTHING = { inserted: 0, updated: 0, deleted: 0 }

/** Not of tables that were to be made: not every system takes those back. */
async function sayRolledBack(
  { plan, planned, restore, vault }: RunningRestore,
  signal: AbortSignal,
): Promise<void> {
  if (planned.prepared.entities.some(({ described }) => described === null)) return
  try {
    const { begun } = await vault.readRestores(signal)
    if (!begun.some(({ body }) => body.restore === restore)) return
    const verified = { records: 0, different: 0 }
    const fact = formatFact(plan, { ...NOTHING, restore, verified })
    await vault.putRestore({ ...fact, rolledBack: true }, signal)
  } catch {
    // The failure itself is told; the restore stays one of which nothing says how it ended.
  }
}

/** Records that a policy left as the target has them, where there are any. */
function countStaying({ steps }: RestorePlan): Pick<RestoreSummary, 'stay'> {
  const count = steps.reduce((sum, { stay = 0 }) => sum + stay, 0)
  return count === 0 ? {} : { stay: count }
}

export function countConflicts({ steps }: RestorePlan): number {
  return steps.reduce((sum, { conflicts = 0 }) => sum + conflicts, 0)
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
  const written = new Set(prepared.entities.map(({ at }) => at.schema.entity))
  const catalogue = await cut.readCatalogue((entity) => written.has(entity))
  return await readBack(compare, { catalogue, cut, entities: prepared.entities }, signal)
}

function formatFact(
  { plan: hash, point, target, undoes, undone }: RestorePlan,
  {
    deleted,
    inserted,
    restore,
    updated,
    verified,
  }: Pick<RestoreSummary, 'deleted' | 'inserted' | 'restore' | 'updated' | 'verified'>,
): RestoreBody {
  return {
    kind: 'restore',
    restore,
    plan: hash,
    point,
    ...(undone && { undone: undone.point }),
    ...(undoes && { undoes }),
    target,
    inserted,
    updated,
    deleted,
    verifiedRecords: verified.records,
    verifiedDifferent: verified.different,
  }
}

function refuseDifference(
  { point, target }: RestorePlan,
  {
    isDeleteAllowed,
    scope,
  }: Pick<RestoreRequest, 'isDeleteAllowed'> & Pick<PlannedTarget, 'scope'>,
  { extra, verified }: RestoreSummary,
): void {
  const isExtraWrong = isDeleteAllowed && scope.kind !== 'records' && extra > 0
  if (verified.different === 0 && !isExtraWrong) return
  const found = `${verified.different} of ${verified.records} records differ, ${extra} are extra`
  const message = `Cannot prove the restore of ${point} to "${target}": ${found}`
  throw new AppError('app.read-back-differs', message, { target, ...verified, extra })
}
