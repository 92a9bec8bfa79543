import type { Mapping } from '#migrate/parse-mapping'
import type { EntityName } from '#record/entity-name'
import { formatReconciliationPage } from '#report/format-reconciliation-page'
import {
  RECONCILIATION_FORMAT,
  type Reconciliation,
  sealReconciliation,
} from '#report/reconciliation'
import { joinVerdicts } from '#restore/verify-entities'
import { collect } from '#stdx/streams'
import { formatPoint } from '#timeline/format-point'
import type { Vault } from '#vault/vault'
import { openCompareDeps } from './live/compare-deps.ts'
import { openSystem } from './live/open-system.ts'
import { mapPoint } from './migrate/map-point.ts'
import { openMigrationKeys } from './migrate/open-migration-keys.ts'
import { type RecordsToReconcile, reconcileRecords } from './migrate/reconcile-records.ts'
import { openMappedTotals } from './migrate/sum-mapped-totals.ts'
import { openMapping } from './open-mapping.ts'
import { type FoundPoint, findPoint } from './points/find-point.ts'
import { type Provenness, provennessOf } from './unproven.ts'
import type { VerifyPointDeps } from './verify-point.ts'

export type ReconcileRequest = Pick<RecordsToReconcile, 'keep'> & {
  readonly point: string
  readonly against: string
  /** A file. */
  readonly mapping: string
  /** What the target has beside the migrated records was there before. */
  readonly isExtraAllowed: boolean
}

/** `lookedAt`: the moment of the target that was compared. It is no part of what the hash is over. */
export type ReconciliationAnswer = Reconciliation & Provenness & { readonly lookedAt: string }

/**
 * Holds a target against what a mapping file makes of a point, at one cut of the target: records, and
 * control totals that are worked out on either side without the mapping.
 *
 * @throws app.mapping-unreadable | migrate.file-invalid | migrate.mapping-unfit | migrate.value-refused
 * | migrate.key-met | app.other-platform | restore.unreadable | report.totals-too-many
 */
export async function reconcilePoint(
  deps: VerifyPointDeps,
  vault: Vault,
  request: ReconcileRequest,
  signal: AbortSignal,
): Promise<ReconciliationAnswer> {
  const { against, isExtraAllowed } = request
  const { mapping } = await openMapping(request.mapping)
  const found = await findPoint(vault, request.point, signal)
  const address = formatPoint(found.source, found.point)
  const plain = await openCompareDeps(deps, vault, found.source, signal)
  const { connector, source } = await openSystem(deps, against, signal)
  await using _source = source
  await using cut = await source.openCut(signal)
  const catalogue = await cut.readCatalogue(() => true)
  const target = { name: against, connector, catalogue, cut }
  const totals = openMappedTotals({ found, mapping, target })
  deps.progress.begin({ label: `Mapping ${address}` })
  const opening = {
    compare: plain,
    found,
    mapping,
    target: { ...target, identity: source.identity },
  }
  const keys = await openMigrationKeys(vault, opening, signal)
  await using mapped = await mapPoint(plain, { found, keys, mapping, target }, signal)
  deps.progress.begin({ label: `Reconciling ${against} with ${address}` })
  const compare = { ...plain, otherRows: mapped.otherRows }
  const records = { ...request, catalogue, cut, found, mapped, mapping }
  const { differences, entities } = await reconcileRecords(compare, records, signal)
  deps.progress.begin({ label: 'Summing up control totals' })
  const summed = await collect(totals.sum(plain, signal))
  deps.progress.end()
  const proven = provennessOf(found, usedBy(mapping))
  const verdicts = [...entities, ...summed].map(({ verdict }) => verdict)
  const doubts = proven.proven === false ? (['unproven'] as const) : []
  const { database, system } = cut.cut.identity
  const sealed = sealReconciliation({
    format: RECONCILIATION_FORMAT,
    verdict: joinVerdicts([...verdicts, ...doubts]),
    vault: vault.id,
    point: { address, time: found.point.cut.time },
    target: { name: against, connector, system, database },
    mapping: { sha256: mapping.hash },
    isExtraAllowed,
    entities,
    notMigrated: listNotMigrated(found, mapping),
    totals: summed,
    differences,
  })
  return { ...sealed, lookedAt: cut.cut.time, ...proven }
}

/** The page to sign. */
export function formatPage(answer: ReconciliationAnswer): string {
  const { lookedAt, unproven } = answer
  return formatReconciliationPage(answer, { lookedAt, unproven })
}

function listNotMigrated({ point }: FoundPoint, mapping: Mapping) {
  const migrated = new Set(mapping.entities.map(({ from }) => from))
  return point.entities
    .filter(({ entity }) => !migrated.has(entity))
    .map(({ entity, rows }) => ({ entity, records: rows }))
}

/** All entities of the point that the answer rests on. */
function usedBy({ entities, totals }: Mapping): EntityName[] {
  const summed = totals.flatMap(({ source }) => source.map(({ entity }) => entity))
  return [...new Set([...entities.map(({ from }) => from), ...summed])]
}
