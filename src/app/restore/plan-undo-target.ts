import type { SourceCut, Target } from '#connector/connector'
import { isSameSystem, type SourceIdentity } from '#record/cut'
import type { Catalogue } from '#record/schema'
import type { PostingRule } from '#restore/closed-periods'
import { PlanLines } from '#restore/plan-lines'
import { planUndoRestore } from '#restore/plan-undo-restore'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { keepLeftLines } from '../crosswalk/keep-left-lines.ts'
import { openCompareDeps } from '../live/compare-deps.ts'
import { asCaptured } from '../live/other-platform.ts'
import { type FoundBegun, findRestored, readRestored } from '../points/read-restored.ts'
import { readMapIfAny } from '../read-map.ts'
import type { RestoreDeps, RestoreRequest } from '../restore-request.ts'
import { findBegun } from './find-begun.ts'
import { openFitting } from './fit-fields.ts'
import { guardTarget } from './guard-target.ts'
import type { PlannedTarget } from './plan-target.ts'
import { readPostingRules } from './read-posting-rules.ts'

export type UndoTargetRequest = {
  /** The id of a restore. */
  readonly undoes: string
  /** The name of the target. */
  readonly target: string
  readonly request: Pick<RestoreRequest, 'mapFile' | 'mayRunSideEffects' | 'onPlanned' | 'undo'>
}

/**
 * Opens the target of a restore and works out what would take the restore back.
 * @throws app.restore-unknown | app.undo-elsewhere | app.undo-point-gone, and whatever planning throws
 */
export async function planUndoTarget(
  deps: RestoreDeps,
  vault: Vault,
  { request, target: name, undoes }: UndoTargetRequest,
  signal: AbortSignal,
): Promise<PlannedTarget> {
  const begun = await findBegun(vault, undoes, signal)
  const found = await findRestored(vault, begun, signal)
  const { point } = found
  const address = begun.body.point
  const compare = await openCompareDeps(deps, vault, found.source, signal)
  await using stack = new AsyncDisposableStack()
  const { system, target: opened } = await deps.openTarget(name, signal)
  stack.use(opened)
  refuseElsewhere(found, name, opened.identity)
  const startedAtMs = deps.clock.nowMs()
  deps.progress.begin({ label: `Comparing restore ${undoes} with ${name}` })
  const restored = await readRestored({ compare, stack, vault }, found, signal)
  const entities = restored.map(({ before }) => before.schema.entity)
  const { mapping } = begun.body
  // What a mapping wrote has the shape of the target already.
  const fitting = openFitting(found, begun.body.fits ?? [], true)
  const { target: shown } =
    mapping === undefined
      ? asCaptured(opened, { connector: system.connector, entities, found })
      : { target: opened }
  const target = fitting.target(shown)
  const cut = stack.use(await target.openCut(signal))
  // Beside what is written: where its posting periods are told, and what may refer to what goes.
  const catalogue = await cut.readCatalogue(() => true)
  const { mapFile } = request
  const posting = await readOwnRules(
    deps,
    vault,
    { catalogue, cut, found, mapFile, target },
    signal,
  )
  const isForced = request.undo?.isForcing === true
  const mayDangle = opened.mayDangle === true
  const asked = { address, isForced, mayDangle, posting, target: name }
  const undoing = { ...asked, point, restore: undoes, restored }
  const isKept = request.onPlanned !== undefined
  const lines = stack.use(new PlanLines(compare, { source: found.source, target: name, isKept }))
  const options = { catalogue, cut, lines, signal }
  const planned = stack.use(await planUndoRestore(compare, undoing, options))
  const prepared = await keepLeftLines(vault, begun, planned, signal)
  const guarding = { prepared, request, source: found.source, target }
  const guarded = await guardTarget(deps, vault, guarding, signal)
  deps.progress.end()
  const planMs = deps.clock.nowMs() - startedAtMs
  const kept = stack.move()
  const scope = { kind: 'entities' as const, entities }
  const held = { compare, found, cut, ...guarded, rows: 0, planMs, scope, lines }
  const { fits } = fitting
  const shape = { fits, ...(mapping !== undefined && { mapping }) }
  return { ...held, ...shape, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** Of the books themselves: a copy of them may be written as one likes. */
async function readOwnRules(
  deps: RestoreDeps,
  vault: Vault,
  { catalogue, cut, found, mapFile, target }: OwnRules,
  signal: AbortSignal,
): Promise<readonly PostingRule[]> {
  const newest = found.state.points.at(-1)
  if (newest === undefined || !isSameSystem(newest.cut.identity, target.identity)) return []
  const map = await readMapIfAny(deps, vault, signal, mapFile)
  return map === undefined
    ? []
    : await readPostingRules(vault, map, { catalogue, cut, found, signal })
}

type OwnRules = {
  readonly catalogue: Catalogue
  readonly cut: SourceCut
  readonly found: FoundBegun
  readonly mapFile: string | undefined
  readonly target: Target
}

/** A name of the configuration may have come to mean another system since. */
function refuseElsewhere(
  { begun: { body } }: FoundBegun,
  target: string,
  { database, system }: SourceIdentity,
): void {
  if (body.identity.system === system && body.identity.database === database) return
  const found = `"${target}" is another system than the "${body.target}" that it wrote to`
  const message = `Cannot undo restore ${body.restore}: ${found}`
  throw new AppError('app.undo-elsewhere', message, { restore: body.restore, target })
}
