import { PlanLines } from '#restore/plan-lines'
import type { RestoreScope } from '#restore/restore-plan'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { openCompareDeps } from '../live/compare-deps.ts'
import { withMappings } from '../live/other-platform.ts'
import { mapPoint } from '../migrate/map-point.ts'
import { openMigrationKeys } from '../migrate/open-migration-keys.ts'
import { openMappedTotals } from '../migrate/sum-mapped-totals.ts'
import type { OpenedMapping } from '../open-mapping.ts'
import { planWithParents } from '../plan-with-parents.ts'
import { findPoint } from '../points/find-point.ts'
import {
  type RestoreDeps,
  type RestoreRequest,
  scopeOf,
  type TargetRequest,
} from '../restore-request.ts'
import { provennessOf } from '../unproven.ts'
import { guardTarget } from './guard-target.ts'
import type { PlannedTarget } from './plan-target.ts'

type Migration = {
  readonly chosen: TargetRequest
  readonly mapping: OpenedMapping
  readonly request: RestoreRequest
}

/**
 * Opens a target whose tables have another shape, and works out what would be written to it.
 * @throws migrate.mapping-unfit | migrate.value-refused | migrate.key-met | app.other-platform, and
 * whatever finding, opening and planning throw
 */
export async function planMigration(
  deps: RestoreDeps,
  vault: Vault,
  { chosen, mapping: { mapping }, request }: Migration,
  signal: AbortSignal,
): Promise<PlannedTarget> {
  const found = await findPoint(vault, chosen.point, signal)
  const { source } = found
  const plain = await openCompareDeps(deps, vault, source, signal)
  await using stack = new AsyncDisposableStack()
  const { system, target } = await deps.openTarget(chosen.target, signal)
  stack.use(target)
  const startedAtMs = deps.clock.nowMs()
  const mappedFrom = mapping.entities.map(({ from }) => from)
  request.onProvenness?.(provennessOf(found, mappedFrom), chosen.target)
  const cut = stack.use(await target.openCut(signal))
  const { connector } = system
  const catalogue = await cut.readCatalogue(() => true)
  const rowsOf = (entity: string) =>
    found.point.entities.find((one) => one.entity === entity)?.rows ?? 0
  const toMap = mappedFrom.reduce((sum, entity) => sum + rowsOf(entity), 0)
  deps.progress.begin({ label: `Mapping ${chosen.point}`, rows: toMap })
  const place = { name: chosen.target, connector, catalogue }
  // What is wrong with them is said before records are written, not when they are proved.
  openMappedTotals({ found, mapping, target: { ...place, cut } })
  const there = { ...place, cut, identity: target.identity }
  const opening = { compare: plain, found, mapping, target: there }
  const keys = await openMigrationKeys(vault, opening, signal)
  const mapped = stack.use(await mapPoint(plain, { found, keys, mapping, target: place }, signal))
  const compare = { ...plain, otherRows: mapped.otherRows }
  const rows = mapped.entities.reduce((sum, { facts }) => sum + facts.rows, 0)
  deps.progress.begin({ label: `Comparing ${chosen.point} with ${chosen.target}`, rows })
  const isKept = request.onPlanned !== undefined
  const newLines = () => new PlanLines(compare, { source, target: chosen.target, isKept })
  refuseScope(scopeOf(request, chosen))
  const entities = mapped.entities.map(({ schema }) => schema.entity)
  const scope = { kind: 'entities' as const, entities }
  const { missingParents: policy = 'refuse' } = request
  const { point, state } = mapped.found
  const wanted = { state, point, target: chosen.target, scope, isDeleteAllowed: false, policy }
  const options = { catalogue: mapped.catalogue, cut, newLines, signal }
  const planned = await planWithParents(compare, wanted, options)
  const lines = stack.use(planned.lines)
  const { lines: given, numbers } = mapped
  const prepared = {
    ...withMappings(stack.use(planned.prepared), mapped.report),
    ...(mapping.entities.some(({ key }) => key === 'mint') && {
      crosswalk: { lines: given, ...keys.settled },
      numbers,
    }),
  }
  const guarded = await guardTarget(deps, vault, { prepared, request, source, target }, signal)
  deps.progress.end()
  const planMs = deps.clock.nowMs() - startedAtMs
  const kept = stack.move()
  const held = { compare, found, cut, ...guarded, rows, planMs, scope, lines }
  return { ...held, mapping: mapping.hash, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function refuseScope({ kind }: RestoreScope): void {
  if (kind === 'all') return
  const found = 'found single entities or records, and a mapping file says itself what is migrated'
  throw new AppError('app.scope-mixed', `Cannot plan the migration: ${found}`)
}
