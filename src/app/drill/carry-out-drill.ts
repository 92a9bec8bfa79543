import type { CustomerMap } from '#customer/customer-map'
import { drawCustomers } from '#customer/draw-customers'
import type { PartyRecord } from '#customer/find-party'
import type { EntityInMap, MapAt, SourceAt } from '#customer/map-at'
import type { EntityName } from '#record/entity-name'
import { AppError, isAppError } from '#stdx/app-error'
import { formatPoint } from '#timeline/format-point'
import type { Vault } from '#vault/vault'
import type { DrillDeps, DrillReport } from '../drill-report.ts'
import { openCompareDeps } from '../live/compare-deps.ts'
import { findPoint } from '../points/find-point.ts'
import { dayOfPoints } from '../report-receivables.ts'
import { restorePoint } from '../restore-point.ts'
import type { AgreedPlan } from '../restore-request.ts'
import { type Copies, compareBalances, countRoles, type DrillFacts } from './compare-facts.ts'
import { type Drilled, findDrilled } from './find-drilled.ts'
import { type CopiedRecord, readCopy } from './read-copy.ts'
import type { DrillTerms } from './read-drill-terms.ts'
import type { ThrowAwayTargets } from './throw-away-targets.ts'

/** What is drilled. */
export type Drill = {
  readonly map: CustomerMap
  readonly sources: readonly SourceAt[]
  readonly laid: MapAt
  readonly population: EntityInMap
  readonly terms: DrillTerms
  /** Of the customer map. */
  readonly file: string | undefined
  readonly mayRunSideEffects: boolean
}

/** What came of it so far: a drill that fails has come so far. */
export type DrillDraft = {
  -readonly [Name in 'inserted' | 'plan' | 'reason' | 'verified']: DrillReport[Name]
} & {
  customers: readonly PartyRecord[]
  drilled: Drilled | undefined
  facts: DrillFacts
  readonly startedAtMs: number
  /** When all was known that is put back, and when that was done. */
  foundAtMs: number | undefined
  restoredAtMs: number | undefined
}

export function newDraft(startedAtMs: number): DrillDraft {
  return {
    ...{ customers: [], drilled: undefined, facts: { roles: [], balances: null } },
    ...{ inserted: 0, plan: null, reason: null, verified: { records: 0, different: 0 } },
    ...{ startedAtMs, foundAtMs: undefined, restoredAtMs: undefined },
  }
}

type Running = {
  readonly draft: DrillDraft
  readonly drill: Drill
  readonly targets: ThrowAwayTargets
}

/** Every failure but an interrupt is what came of it, and resolves. */
export async function carryOutDrill(
  deps: DrillDeps,
  vault: Vault,
  running: Running,
  signal: AbortSignal,
): Promise<void> {
  const { draft, drill, targets } = running
  try {
    const { population, terms } = drill
    deps.progress.begin({ label: 'Drawing customers', rows: population.rows })
    const wanted = { count: terms.customers, seed: terms.seed, signal }
    draft.customers = await drawCustomers(population, wanted)
    deps.progress.begin({ label: 'Looking up what belongs to them' })
    const { customers } = draft
    const drilled = await findDrilled(drill.map, drill.laid, { customers, signal })
    draft.drilled = drilled
    draft.foundAtMs = deps.clock.nowMs()
    await putBack({ ...deps, openTarget: targets.openTarget }, vault, running, signal)
    draft.restoredAtMs = deps.clock.nowMs()
    deps.progress.begin({ label: 'Comparing with the vault' })
    await compare({ ...deps, openTarget: targets.openTarget }, vault, running, signal)
  } catch (error) {
    if (signal.aborted || !isAppError(error)) throw error
    draft.reason = { code: error.code, message: error.message }
    if (isAppError(error, 'app.read-back-differs')) {
      const { different, records } = error.details
      draft.verified = { records: Number(records), different: Number(different) }
    }
  }
}

/** The target of each source that holds any of it. */
function* targetsOf({ draft, drill, targets }: Running) {
  for (const at of drill.sources) {
    const records = draft.drilled?.scopes.get(at.source)
    if (records === undefined) continue
    const target = drill.terms.targets.get(at.source) ?? targets.nameOf(at.source)
    yield { ...at, address: formatPoint(at.source, at.point), records, target }
  }
}

async function putBack(
  deps: DrillDeps,
  vault: Vault,
  running: Running,
  signal: AbortSignal,
): Promise<void> {
  const { draft, drill } = running
  const targets = [...targetsOf(running)].map(({ address, records, target }) => {
    return { point: address, target, scope: { kind: 'records' as const, records } }
  })
  const { summaries } = await restorePoint(
    deps,
    vault,
    {
      ...{ targets, entities: [], records: [], fields: [] },
      ...{ isDeleteAllowed: false, isPlanOnly: false, isDrill: true },
      missingParents: 'create',
      mapFile: drill.file,
      // Nothing runs in a file of our own, whatever runs around the system that it is a copy of.
      mayRunSideEffects: drill.mayRunSideEffects || drill.terms.targets.size === 0,
      async agree(plan) {
        draft.plan = plan.plan
        refuseUsed(plan)
      },
    },
    signal,
  )
  for (const { inserted, verified } of summaries ?? []) {
    draft.inserted += inserted
    draft.verified = {
      records: draft.verified.records + verified.records,
      different: draft.verified.different + verified.different,
    }
  }
}

/** @throws app.drill-target-used */
function refuseUsed({ steps, target }: AgreedPlan): void {
  const used = steps.find(({ action }) => action !== 'create')
  if (used === undefined) return
  const found = `found its table "${used.entity}", need a target without it`
  throw new AppError('app.drill-target-used', `Cannot drill into "${target}": ${found}`, { target })
}

/** @throws app.drill-differs */
async function compare(
  deps: DrillDeps,
  vault: Vault,
  running: Running,
  signal: AbortSignal,
): Promise<void> {
  const { draft, drill } = running
  const owned = draft.drilled?.owned ?? []
  const copies = new Map<string, ReadonlyMap<EntityName, readonly CopiedRecord[]>>()
  for (const { address, source, target } of targetsOf(running)) {
    const own = owned.filter(({ record }) => record.entity.map.source === source)
    const entities = [...new Set(own.map(({ record }) => record.entity.map.entity))]
    await using stack = new AsyncDisposableStack()
    const opened = await deps.openTarget(target, signal)
    stack.use(opened.target)
    const found = await findPoint(vault, address, signal)
    const wanted = { compare: await openCompareDeps(deps, vault, source, signal), found, entities }
    copies.set(source, await readCopy(opened, wanted, signal))
  }
  draft.facts = { roles: countRoles(owned, copies), balances: null }
  draft.facts = {
    ...draft.facts,
    balances: await balancesOf(deps, { copies, draft, drill }, signal),
  }
  refuseDifference(draft.facts)
}

async function balancesOf(
  deps: Pick<DrillDeps, 'random' | 'readConfig'>,
  { copies, draft, drill }: Pick<Running, 'draft' | 'drill'> & { readonly copies: Copies },
  signal: AbortSignal,
): Promise<DrillFacts['balances']> {
  const { receivables } = drill.map.finance
  if (receivables === undefined) return null
  const { tempDir } = await deps.readConfig()
  const sorting = { random: deps.random, tempDir }
  const both = { copies, owned: draft.drilled?.owned ?? [] }
  const wanted = { asOf: dayOfPoints(drill.sources), customers: draft.customers.length, signal }
  return await compareBalances(sorting, receivables, both, wanted)
}

function refuseDifference({ balances, roles }: DrillFacts): void {
  const counts = roles.filter(({ copy, vault }) => copy !== vault).map(({ role }) => role)
  const owing = balances?.different.length ?? 0
  if (counts.length + owing === 0) return
  const found = [
    ...(counts.length > 0 ? [`another number of ${counts.join(', ')}`] : []),
    ...(owing > 0 ? [`another balance of ${owing} customers`] : []),
  ]
  const message = `Cannot prove the drill: found ${found.join(' and ')} in the copy`
  throw new AppError('app.drill-differs', message)
}
