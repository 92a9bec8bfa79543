import type { SourceCut, Target } from '#connector/connector'
import type { EntityName } from '#record/entity-name'
import type { CompareDeps } from '#restore/compare-target'
import { entitiesOf, type PreparedRestore, planRestore } from '#restore/plan-restore'
import { planUndo, touchedBy } from '#restore/plan-undo'
import { AppError } from '#stdx/app-error'
import type { Point } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { ChosenTarget } from './choose-targets.ts'
import { openCompareDeps } from './compare-deps.ts'
import { type FoundPoint, findPoint } from './find-point.ts'
import { type FoundTransaction, findTransaction } from './find-transaction.ts'
import { guardTarget } from './guard-target.ts'
import { formatScope, type RestoreDeps, type RestoreRequest } from './restore-request.ts'
import { provennessOf } from './unproven.ts'

/** One target with what would be written to it; nothing is. Holds it open until disposed. */
export type PlannedTarget = AsyncDisposable & {
  readonly compare: CompareDeps
  readonly found: FoundPoint
  /** The moment of the target that was planned against: what changed since voids the plan. */
  readonly cut: SourceCut
  readonly target: Target
  readonly prepared: PreparedRestore
  /** Rows that the point has of what is put back. */
  readonly rows: number
  readonly planMs: number
}

/**
 * Opens a target and works out what would be written to it.
 * @throws app.other-platform | restore.schema-differs, and whatever finding, opening and planning throw
 */
export async function planTarget(
  deps: RestoreDeps,
  vault: Vault,
  { chosen, request }: { readonly chosen: ChosenTarget; readonly request: RestoreRequest },
  signal: AbortSignal,
): Promise<PlannedTarget> {
  const found = await findWanted(vault, chosen, request, signal)
  const compare = await openCompareDeps(deps, vault, found.source, signal)
  await using stack = new AsyncDisposableStack()
  const { system, target } = await deps.openTarget(chosen.target, signal)
  stack.use(target)
  refuseOtherPlatform(found.point.body.connector, system.connector)
  const startedAtMs = deps.clock.nowMs()
  const wanted = listWanted(found, request)
  request.onProvenness?.(provennessOf(found, wanted), chosen.target)
  const rows = countRows(found.point, wanted)
  deps.progress.begin({ label: `Comparing ${chosen.point} with ${chosen.target}`, rows })
  const cut = stack.use(await target.openCut(signal))
  const run = { cut, found, name: chosen.target, request }
  const prepared = stack.use(await plan(compare, run, signal))
  const guarding = { prepared, request, source: found.source, target }
  const guarded = await guardTarget(deps, vault, guarding, signal)
  deps.progress.end()
  const planMs = deps.clock.nowMs() - startedAtMs
  const kept = stack.move()
  const held = { compare, found, cut, ...guarded, rows, planMs }
  return { ...held, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** What of a target's tables a point is about. */
export function holds(point: Point): (entity: EntityName) => boolean {
  const held = new Set(point.entities.map(({ entity }) => entity))
  return (entity) => held.has(entity)
}

/** What is put back; of an undo, `undone` is right after what is taken back. */
type Found = FoundPoint & Partial<Pick<FoundTransaction, 'undone'>>

async function findWanted(
  vault: Vault,
  { point }: ChosenTarget,
  { undo }: RestoreRequest,
  signal: AbortSignal,
): Promise<Found> {
  if (undo === undefined) return await findPoint(vault, point, signal)
  return await findTransaction(vault, point, signal)
}

function listWanted({ point, undone }: Found, request: RestoreRequest): readonly EntityName[] {
  return undone === undefined ? entitiesOf(formatScope(request), point) : touchedBy(undone)
}

type Planning = {
  readonly cut: SourceCut
  readonly found: Found
  /** Of the target. */
  readonly name: string
  readonly request: RestoreRequest
}

async function plan(
  compare: CompareDeps,
  { cut, found, name, request }: Planning,
  signal: AbortSignal,
): Promise<PreparedRestore> {
  const { point, state, undone } = found
  const { isDeleteAllowed } = request
  const catalogue = await cut.readCatalogue(holds(point))
  if (undone !== undefined) {
    const asked = { state, before: point, after: undone, target: name }
    return await planUndo(compare, asked, { catalogue, cut, signal })
  }
  return await planRestore(
    compare,
    { state, point, target: name, scope: formatScope(request), isDeleteAllowed },
    { catalogue, cut, signal },
  )
}

function countRows(point: Point, entities: readonly EntityName[]): number {
  const wanted = new Set(entities)
  const held = point.entities.filter(({ entity }) => wanted.has(entity))
  return held.reduce((sum, { rows }) => sum + rows, 0)
}

function refuseOtherPlatform(captured: string, target: string): void {
  if (captured === target) return
  const message = `Cannot restore into this target: it is ${target}, the point was captured from ${captured}`
  throw new AppError('app.other-platform', message)
}
