import { createHmac } from 'node:crypto'
import type { DrillBody } from '#timeline/drill-entry'
import { formatPoint } from '#timeline/format-point'
import type { Vault } from '#vault/vault'
import type { DrillReport } from '../drill-report.ts'
import { provennessOfMap } from '../find-sources-at.ts'
import type { Drill, DrillDraft } from './carry-out-drill.ts'
import { countFacts } from './compare-facts.ts'

/** What came of a drill that has ended, in whatever way. Pure. */
export function formatReport(
  { map, population, sources, terms }: Drill,
  draft: DrillDraft,
  { endedAtMs, id }: { readonly endedAtMs: number; readonly id: string },
): DrillReport {
  const { customers, drilled, facts, foundAtMs = endedAtMs, restoredAtMs = endedAtMs } = draft
  const { inserted, plan, startedAtMs, verified } = draft
  const { withinMs } = terms
  const durationMs = endedAtMs - startedAtMs
  const reason = draft.reason ?? judgeTime(durationMs, withinMs)
  const keys = customers.map(({ key }) => key)
  const { balances, roles } = facts
  const scopes = drilled?.scopes
  const used = sources.filter(({ source }) => scopes?.has(source) === true)
  return {
    drill: id,
    verdict: reason === null ? 'passed' : 'failed',
    reason,
    seed: terms.seed,
    points: sources.map(({ point, source }) => formatPoint(source, point)),
    targets: used.map(({ source }) => ({ source, target: terms.targets.get(source) ?? null })),
    population: {
      source: population.map.source,
      entity: population.map.entity,
      rows: population.rows,
    },
    customers: keys,
    records: drilled?.owned.length ?? 0,
    inserted,
    verified,
    roles,
    balances: balances && {
      ...balances,
      different: balances.different.map((number) => keys[number] ?? ''),
    },
    withinMs,
    durationMs,
    parts: {
      findMs: foundAtMs - startedAtMs,
      restoreMs: restoredAtMs - foundAtMs,
      verifyMs: endedAtMs - restoredAtMs,
    },
    plan,
    ...provennessOfMap(sources, map),
  }
}

function judgeTime(durationMs: number, withinMs: number): DrillReport['reason'] {
  if (durationMs <= withinMs) return null
  const message = `Cannot pass the drill: it took ${durationMs} ms, ${withinMs} ms were allowed`
  return { code: 'app.drill-late', message }
}

export type DrillEvidence = {
  readonly drill: Drill
  /** SHA-256 of the text of the customer map, hex. */
  readonly mapHash: string
  readonly report: DrillReport
}

/** The same for the vault, with nothing in it that says who the customers are. */
export async function formatDrillFact(
  vault: Pick<Vault, 'digestKey'>,
  { drill: { population }, mapHash, report }: DrillEvidence,
  signal: AbortSignal,
): Promise<DrillBody> {
  const { entity, source } = population.map
  const digestKey = await vault.digestKey(source, signal)
  const digest = (key: string) => {
    const mac = createHmac('sha256', digestKey).update(`holdfast drill 1\n${entity}\n${key}`)
    return mac.digest('hex').slice(0, 32)
  }
  const { balances, customers, drill, parts, plan, points, reason, records, seed } = report
  const counted = balances && { different: balances.different }
  return {
    ...{ kind: 'drill', drill, seed, points: [...points], map: mapHash, plan },
    customers: customers.map(digest),
    targets: [...report.targets],
    ...{ records, inserted: report.inserted },
    verifiedRecords: report.verified.records,
    verifiedDifferent: report.verified.different,
    ...countFacts(report.roles, counted, customers.length),
    ...{ verdict: report.verdict, reason: reason?.code ?? null },
    ...{ withinMs: report.withinMs, durationMs: report.durationMs, parts },
  }
}
