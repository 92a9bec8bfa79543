import { refuseSideEffects } from '#restore/guard-side-effects'
import { describeTarget, hashPlans } from '#restore/hash-plans'
import { countWrites, type RestorePlan } from '#restore/restore-plan'
import { AppError, isAppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { mintSources } from './crosswalk/mint-sources.ts'
import { refuseMissing } from './plan-with-parents.ts'
import { refuseUnused } from './restore/fit-fields.ts'
import { type PlannedTarget, planTarget } from './restore/plan-target.ts'
import { refuseClosedPeriods, refuseOpenConflicts } from './restore/read-three-ways.ts'
import { refuseReferred } from './restore/refuse-referred.ts'
import { countConflicts, writeTarget } from './restore/write-target.ts'
import type {
  RestoreDeps,
  RestoreOutcome,
  RestoreRequest,
  RestoreSummary,
} from './restore-request.ts'

/**
 * Puts points, or parts of them, back into targets: plans them all, asks, writes one target after the
 * other, each in one transaction, and reads each back.
 *
 * A target holds either everything or nothing of it. When one fails, those before it are committed
 * and the error says so: the same command goes on, for what is there already is left alone.
 *
 * What other restores began since it looked at a target voids it; where one is writing, it waits before it looks.
 *
 * @throws app.undo-conflicts, and whatever planning, agreeing and writing throw
 */
export async function restorePoint(
  given: RestoreDeps,
  vault: Vault,
  request: RestoreRequest,
  signal: AbortSignal,
): Promise<RestoreOutcome> {
  await using stack = new AsyncDisposableStack()
  const deps = request.isPlanOnly ? given : waitingFor(given)
  const known = await listBegun(vault, request, signal)
  const planned: PlannedTarget[] = []
  const minted = await mintSources(deps, vault, request, signal)
  for (const chosen of request.targets) {
    planned.push(stack.use(await planTarget(deps, vault, { chosen, minted, request }, signal)))
  }
  const ofTargets = planned.map(({ prepared, target }) => ({ identity: target.identity, prepared }))
  const asked = { vault: vault.id, request: describeRequest(request) }
  const plans = hashPlans(ofTargets, asked)
  refuseUnused(request, plans)
  await request.onPlanned?.({
    ...asked,
    plan: plans[0]?.plan ?? '',
    targets: ofTargets.map(describeTarget),
    plans,
    steps: planned.map(({ lines }) => lines),
  })
  if (request.isPlanOnly) return { plans, summaries: null }
  for (const plan of plans) refuseConflicts(plan, request)
  refuseUndecided(plans, request)
  for (const plan of plans) refuseMissing(request.isDrill === true ? exceptClosed(plan) : plan)
  for (const plan of plans) refuseReferred(plan)
  for (const plan of plans) refuseClosedPeriods(plan)
  for (const plan of plans) refuseSideEffects(plan, request.mayRunSideEffects === true)
  for (const [i, plan] of plans.entries())
    await request.agree(plan, describeFacts(plan, planned[i]))
  return {
    plans,
    summaries: await writeAll(deps, vault, { known, plans, planned, request }, signal),
  }
}

/** Restores that began before anything is looked at; a drill is alone where it is. */
async function listBegun(
  vault: Vault,
  { isDrill, isPlanOnly }: RestoreRequest,
  signal: AbortSignal,
): Promise<Set<string>> {
  if (isPlanOnly || isDrill === true) return new Set()
  return new Set((await vault.readRestores(signal)).begun.map(({ body }) => body.restore))
}

/** A target is looked at once no other restore is writing to it. */
function waitingFor(deps: RestoreDeps): RestoreDeps {
  const openTarget: RestoreDeps['openTarget'] = async (name, signal) => {
    await using stack = new AsyncDisposableStack()
    const opened = await deps.openTarget(name, signal)
    const target = stack.use(opened.target)
    await target.untilUnclaimed?.(signal)
    stack.move()
    return opened
  }
  return { ...deps, openTarget }
}

/** What has a say in what is written, as data: what is told on the way has none, nor has where a file lies. */
function describeRequest(request: RestoreRequest): Readonly<Record<string, unknown>> {
  const { isPlanOnly: _, mapFile: __, mayRunSideEffects: ___, targets: ____, ...rest } = request
  return JSON.parse(JSON.stringify(rest))
}

function describeFacts({ steps }: RestorePlan, planned: PlannedTarget | undefined) {
  const entities = planned?.prepared.entities ?? []
  return {
    isEmpty: entities.every(({ targetRows }) => targetRows === 0),
    writes: steps.reduce((sum, step) => sum + countWrites(step), 0),
  }
}

type AgreedRestore = {
  readonly known: Set<string>
  readonly plans: readonly RestorePlan[]
  readonly planned: readonly PlannedTarget[]
  readonly request: RestoreRequest
}

async function writeAll(
  deps: RestoreDeps,
  vault: Vault,
  { known, planned, plans, request }: AgreedRestore,
  signal: AbortSignal,
): Promise<RestoreSummary[]> {
  const summaries: RestoreSummary[] = []
  const committed: string[] = []
  for (const [i, one] of planned.entries()) {
    const plan = plans[i]
    if (plan === undefined) continue
    const onCommitted = () => committed.push(plan.target)
    try {
      const agreed = { known, planned: one, plan, request, onCommitted }
      const summary = await writeTarget(deps, vault, agreed, signal)
      summaries.push(summary)
      request.onWritten?.(plan, summary)
    } catch (error) {
      throw sayCommitted(error, committed, plans)
    }
  }
  return summaries
}

/** Of several targets: which are written, and that the others are not. */
function sayCommitted(
  error: unknown,
  committed: readonly string[],
  plans: readonly RestorePlan[],
): unknown {
  if (plans.length < 2 || !isAppError(error)) return error
  const open = plans.map(({ target }) => target).filter((name) => !committed.includes(name))
  const done = committed.length === 0 ? 'nothing is' : `${committed.join(', ')} ${areOf(committed)}`
  const left = open.length === 0 ? '' : `, ${open.join(', ')} ${areOf(open)} not`
  const rest = `${done} committed${left}, and asking for the same again goes on from there`
  const details = { ...error.details, committed, open }
  return new AppError(error.code, `${error.message}; ${rest}`, details, { cause: error })
}

/** All of them are told before the first is refused: one decision can be made about all. */
function refuseUndecided(plans: readonly RestorePlan[], request: RestoreRequest): void {
  const ofPoints = plans.filter(isOfPoint)
  const undecided = ofPoints.filter((plan) => countConflicts(plan) > 0)
  const others = plans.filter(
    ({ adjusting, missing, referred }) => adjusting ?? missing ?? referred,
  )
  for (const plan of new Set([...undecided, ...others])) request.onUndecided?.(plan)
  for (const plan of undecided) refuseOpenConflicts(plan)
}

/** What was closed at the point is put back with the rest, and closed again: nobody books there. */
function exceptClosed(plan: RestorePlan): RestorePlan {
  const { missing = [] } = plan
  return { ...plan, missing: missing.filter(({ found }) => found === 'missing') }
}

function isOfPoint({ undoes, undone }: RestorePlan): boolean {
  return undone === undefined && undoes === undefined
}

function areOf(names: readonly string[]): string {
  return names.length === 1 ? 'is' : 'are'
}

/** Records that an undo leaves as somebody made them since are a person's to decide about. */
function refuseConflicts(plan: RestorePlan, { undo }: RestoreRequest): void {
  if (undo === undefined || undo.isSkippingConflicts) return
  const conflicts = countConflicts(plan)
  if (conflicts === 0) return
  undo.refused(plan)
  const { steps, target, undoes, undone } = plan
  const touched = steps.reduce((sum, step) => sum + countWrites(step) + step.same, conflicts)
  const were = conflicts === 1 ? 'was' : 'were'
  const found = `${conflicts} of the ${touched} records that it changed ${were} changed again since`
  const message = `Cannot undo ${undone?.point ?? `restore ${undoes}`} on "${target}": ${found}`
  throw new AppError('app.undo-conflicts', message, { target, conflicts })
}
