import { createHash } from 'node:crypto'
import { mapAt } from '#customer/map-at'
import type { Vault } from '#vault/vault'
import { needRoles } from './credential/need-roles.ts'
import { carryOutDrill, type Drill, type DrillDraft, newDraft } from './drill/carry-out-drill.ts'
import { formatDrillFact, formatReport } from './drill/drill-evidence.ts'
import { findPopulation } from './drill/find-drilled.ts'
import { readDrillTerms } from './drill/read-drill-terms.ts'
import { openThrowAwayTargets } from './drill/throw-away-targets.ts'
import type { DrillDeps, DrillReport, DrillRequest } from './drill-report.ts'
import { findSourcesAt } from './find-sources-at.ts'
import { readMap } from './read-map.ts'

/**
 * Puts customers, drawn by lot, back into targets that are thrown away, compares what is there with
 * the vault, and keeps in the vault what came of it, also where it failed. No source is asked, and
 * nothing is left of the copies, also when it is aborted; then nothing is kept either.
 *
 * @throws app.drill-nobody | app.drill-count-invalid | app.drill-within-invalid | app.drill-seed-invalid
 * @throws app.targets-unclear | vault.role-missing, and as `readMap` and `findSourcesAt`
 */
export async function drillCustomers(
  deps: DrillDeps,
  vault: Vault,
  request: DrillRequest,
  signal: AbortSignal,
): Promise<DrillReport> {
  const draft = newDraft(deps.clock.nowMs())
  needRoles(vault, ['restore'], 'Cannot drill')
  const { drill: settings } = await deps.readConfig()
  const { map, text } = await readMap(deps, vault, request.file, signal)
  const wanted = new Set(map.entities.map(({ source }) => source))
  const terms = readDrillTerms(deps, request, { settings, sources: wanted })
  const asked = { addresses: request.at, wanted, progress: deps.progress }
  const sources = await findSourcesAt(vault, asked, signal)
  const laid = mapAt(map, sources)
  const { file, mayRunSideEffects } = request
  const population = findPopulation(laid)
  const drill: Drill = { map, sources, laid, population, terms, file, mayRunSideEffects }
  await carryOutAndForget(deps, vault, { draft, drill }, signal)
  const endedAtMs = deps.clock.nowMs()
  const id = Buffer.from(deps.random.bytes(8)).toString('hex')
  const report = formatReport(drill, draft, { endedAtMs, id })
  const mapHash = createHash('sha256').update(text).digest('hex')
  await vault.putRestore(await formatDrillFact(vault, { drill, mapHash, report }, signal), signal)
  return report
}

/** When it resolves, the copies are gone. */
async function carryOutAndForget(
  deps: DrillDeps,
  vault: Vault,
  { draft, drill }: { readonly draft: DrillDraft; readonly drill: Drill },
  signal: AbortSignal,
): Promise<void> {
  const { tempDir } = await deps.readConfig()
  const sources = drill.sources.map(({ source }) => source)
  await using targets = await openThrowAwayTargets(deps, { sources, tempDir })
  await carryOutDrill(deps, vault, { draft, drill, targets }, signal)
  deps.progress.end()
}
