import type { SourceCut, Target } from '#connector/connector'
import { entityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import type { Catalogue } from '#record/schema'
import type { PostingRule } from '#restore/closed-periods'
import type { CompareDeps } from '#restore/compare-target'
import type { Need } from '#restore/needed-records'
import { PlanLines } from '#restore/plan-lines'
import { entitiesOf } from '#restore/plan-restore'
import { planUndo, touchedBy } from '#restore/plan-undo'
import type { PreparedRestore } from '#restore/prepared-restore'
import type { ThreeWayRequest } from '#restore/record-decisions'
import type { FieldFit, RestoreScope } from '#restore/restore-plan'
import type { Point } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { giveKeys } from '../crosswalk/give-keys.ts'
import { type MintedSources, refuseOtherKeys } from '../crosswalk/mint-sources.ts'
import { readNeeds } from '../crosswalk/read-needs.ts'
import { openCompareDeps } from '../live/compare-deps.ts'
import { asCaptured, withMappings } from '../live/other-platform.ts'
import { refuseFilled } from '../open-mask.ts'
import { type PlannedWithParents, planWithParents } from '../plan-with-parents.ts'
import { type FoundPoint, findPoint } from '../points/find-point.ts'
import { type FoundTransaction, findTransaction } from '../points/find-transaction.ts'
import { readMapIfAny } from '../read-map.ts'
import {
  type RestoreDeps,
  type RestoreRequest,
  scopeOf,
  type TargetRequest,
} from '../restore-request.ts'
import { provennessOf } from '../unproven.ts'
import { openFitting, parseFits, withFits } from './fit-fields.ts'
import { guardTarget } from './guard-target.ts'
import { chooseInexact, nullMisfits } from './null-misfits.ts'
import { planMigration } from './plan-migration.ts'
import { planUndoTarget } from './plan-undo-target.ts'
import { readPostingRules } from './read-posting-rules.ts'
import { readThreeWays } from './read-three-ways.ts'

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
  /** Every step, which are there to be read where `onPlanned` asks for them. */
  readonly lines: PlanLines
  readonly scope: RestoreScope
  /** SHA-256 of the mapping file, hex: what is written has the shape of the target. */
  readonly mapping?: string
  /** What was told of fields that the target calls otherwise or lacks. */
  readonly fits?: readonly FieldFit[]
}

export type ToPlan = {
  readonly chosen: TargetRequest
  readonly request: RestoreRequest
  /** Keys that records get in this target and the others, where they name each other. */
  readonly minted?: MintedSources
}

/**
 * Opens a target and works out what would be written to it.
 * @throws app.mask-not-empty | app.other-platform | connector.mapping-refused | restore.schema-differs, and whatever finding, opening and planning throw
 */
export async function planTarget(
  deps: RestoreDeps,
  vault: Vault,
  { chosen, minted, request }: ToPlan,
  signal: AbortSignal,
): Promise<PlannedTarget> {
  const { target: name, undoes } = chosen
  if (undoes !== undefined)
    return await planUndoTarget(deps, vault, { request, target: name, undoes }, signal)
  const { mapping } = request
  if (mapping !== undefined)
    return await planMigration(deps, vault, { chosen, mapping, request }, signal)
  const found = await findWanted(vault, chosen, request, signal)
  const plain = await openCompareDeps(deps, vault, found.source, signal)
  await using stack = new AsyncDisposableStack()
  const { system, target: opened } = await deps.openTarget(chosen.target, signal)
  stack.use(opened)
  const startedAtMs = deps.clock.nowMs()
  const asIs = scopeOf(request, chosen)
  const wanted = listWanted(found, asIs)
  const seen = { connector: system.connector, entities: wanted, found }
  const isOne = request.targets.length === 1
  const fitting = openFitting(found, parseFits(request), isOne)
  const { holds: isHeld, mappings, target: shown } = asCaptured(opened, seen)
  const target = fitting.target(shown)
  const masking = { found, name: chosen.target, scope: asIs, target, wanted }
  const masked = await maskIfAsked(vault, plain, { ...masking, request }, signal)
  request.onProvenness?.(provennessOf(found, wanted), chosen.target)
  const rows = countRows(found.point, wanted)
  deps.progress.begin({ label: `Comparing ${chosen.point} with ${chosen.target}`, rows })
  const { mapFile, onConflict = [] } = request
  const map = await readMapIfAny(deps, vault, signal, mapFile)
  const asked = { found, identity: target.identity, map, mapFile, onConflict }
  const threeWays = await readThreeWays(deps, vault, asked, signal)
  const cut = stack.use(await target.openCut(signal))
  const isKept = request.onPlanned !== undefined
  const place = { source: found.source, target: chosen.target, isKept }
  const { identity } = target
  const planning = { found, map, name, request, scope: asIs, wanted, ...(minted && { minted }) }
  const keys = await giveKeys(vault, { ...planning, compare: masked, cut, identity }, signal)
  const before = minted?.get(found.source)
  if (keys !== null && before !== undefined) refuseOtherKeys(name, keys, before)
  const { compare: given = masked, scope = asIs } = keys ?? {}
  const there = { found, ...(isHeld && { holds: isHeld }) }
  const inexact = chooseInexact(request.inexact ?? [], { ...there, isOne })
  const compare = nullMisfits(fitting.compare(given), inexact, there)
  const newLines = () => new PlanLines(compare, place)
  const others = request.targets.map(({ point }) => point.split('@', 1)[0] ?? '')
  // What other systems hold is not what a masked row names.
  const isLinked = map !== undefined && request.mask === undefined
  const links = !isLinked ? [] : await readNeeds(vault, map, { found, others, signal })
  const readRules = async (catalogue: Catalogue) =>
    map === undefined || threeWays.captured === null
      ? []
      : await readPostingRules(vault, map, { catalogue, cut, found, signal })
  // What was captured of the target last bears the keys of the point.
  const sides = keys === null ? threeWays : { ...threeWays, captured: null }
  const wants = { links, newLines, readRules, request, scope, threeWays: sides }
  const planned = await plan(compare, { cut, found, name: chosen.target, ...wants }, signal)
  const lines = stack.use(planned.lines)
  const written = withMappings(stack.use(planned.prepared), mappings)
  const prepared = withFits(keys?.complete(written) ?? written, { ...fitting, inexact })
  if (request.mask !== undefined) refuseFilled(prepared)
  const guarding = { prepared, request, source: found.source, target }
  const guarded = await guardTarget(deps, vault, guarding, signal)
  deps.progress.end()
  const planMs = deps.clock.nowMs() - startedAtMs
  const kept = stack.move()
  const { fits } = fitting
  const held = { compare, found, cut, ...guarded, fits, rows, planMs, scope: asIs, lines }
  return { ...held, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

type Masking = {
  readonly found: FoundPoint
  /** Of the target. */
  readonly name: string
  readonly request: RestoreRequest
  readonly scope: RestoreScope
  readonly target: Target
  readonly wanted: readonly EntityName[]
}

async function maskIfAsked(
  vault: Vault,
  compare: CompareDeps,
  { found: { point, source, state }, name, request, scope, target, wanted }: Masking,
  signal: AbortSignal,
): Promise<CompareDeps> {
  if (request.mask === undefined) return compare
  // What rows need may come with them, from any entity of the point.
  const isAll = request.missingParents === 'create'
  const entities = isAll ? point.entities.map(({ entity }) => entity) : wanted
  const ats = entities.map((entity) => entityAt(state, point, entity))
  const isPicked = (entity: EntityName) =>
    scope.kind === 'records' || (scope.kind === 'entities' && !scope.entities.includes(entity))
  const picked = new Set(wanted.filter(isPicked))
  const asked = { ats, compare, picked, source, target: { name, identity: target.identity } }
  return { ...compare, otherRows: await request.mask.maskTarget(vault, asked, signal) }
}

/** What of a target's tables a point is about. */
function holds(point: Point): (entity: EntityName) => boolean {
  const held = new Set(point.entities.map(({ entity }) => entity))
  return (entity) => held.has(entity)
}

/** What is put back; of an undo, `undone` is right after what is taken back. */
type Found = FoundPoint & Partial<Pick<FoundTransaction, 'undone'>>

async function findWanted(
  vault: Vault,
  { point }: TargetRequest,
  { undo }: RestoreRequest,
  signal: AbortSignal,
): Promise<Found> {
  if (undo === undefined) return await findPoint(vault, point, signal)
  return await findTransaction(vault, point, signal)
}

function listWanted({ point, undone }: Found, scope: RestoreScope): readonly EntityName[] {
  return undone === undefined ? entitiesOf(scope, point) : touchedBy(undone)
}

type Planning = {
  readonly cut: SourceCut
  readonly found: Found
  readonly links: readonly Need[]
  /** Of the target. */
  readonly name: string
  readonly newLines: () => PlanLines
  /** Of the books themselves: a copy of them may be written as one likes. */
  readonly readRules: (catalogue: Catalogue) => Promise<readonly PostingRule[]>
  readonly request: RestoreRequest
  readonly scope: RestoreScope
  readonly threeWays: ThreeWayRequest
}

async function plan(
  compare: CompareDeps,
  { cut, found, links, name, newLines, readRules, request, scope, threeWays }: Planning,
  signal: AbortSignal,
): Promise<PlannedWithParents> {
  const { point, state, undone } = found
  const { isDeleteAllowed, missingParents: policy = 'refuse' } = request
  // Of what the point does not know, some may refer to what would be deleted.
  const mayDelete = isDeleteAllowed || undone !== undefined
  const catalogue = await cut.readCatalogue(mayDelete ? () => true : holds(point))
  const posting = await readRules(catalogue)
  if (undone !== undefined) {
    const asked = { state, before: point, after: undone, target: name, posting }
    const lines = newLines()
    return { lines, prepared: await planUndo(compare, asked, { catalogue, cut, lines, signal }) }
  }
  const rules = { links, policy, posting, threeWays }
  const asked = { state, point, target: name, scope, isDeleteAllowed, ...rules }
  return await planWithParents(compare, asked, { catalogue, cut, newLines, signal })
}

function countRows(point: Point, entities: readonly EntityName[]): number {
  const wanted = new Set(entities)
  const held = point.entities.filter(({ entity }) => wanted.has(entity))
  return held.reduce((sum, { rows }) => sum + rows, 0)
}
