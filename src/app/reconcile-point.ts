import { entityAt } from '#history/entity-at'
import type { Mapping } from '#migrate/parse-mapping'
import type { EntityName } from '#record/entity-name'
import { DifferenceList } from '#report/difference-list'
import { DIFFERENCES_HEADER } from '#report/format-differences-csv'
import { formatReconciliationPage } from '#report/format-reconciliation-page'
import {
  RECONCILIATION_FORMAT,
  type ReconciledEntity,
  type ReconciledTotal,
  type Reconciliation,
  sealReconciliation,
} from '#report/reconciliation'
import { refuseUnreadable } from '#restore/plan-restore'
import { joinVerdicts } from '#restore/verify-entities'
import { assert } from '#stdx/assert'
import { formatPoint } from '#timeline/format-point'
import type { Vault } from '#vault/vault'
import { openCompareDeps } from './compare-deps.ts'
import { type FoundPoint, findPoint } from './find-point.ts'
import { type MappedPoint, mapPoint } from './map-point.ts'
import { openMapping } from './open-mapping.ts'
import { openSystem } from './open-system.ts'
import { type ReconciledCounts, reconcileEntity } from './reconcile-entity.ts'
import { openMappedTotals } from './sum-mapped-totals.ts'
import { type Provenness, provennessOf, reasonOf } from './unproven.ts'
import type { VerifyPointDeps } from './verify-point.ts'

export type ReconcileRequest = {
  readonly point: string
  readonly against: string
  /** A file. */
  readonly mapping: string
  /** What the target has beside the migrated records was there before. */
  readonly isExtraAllowed: boolean
  /** Takes all differences as CSV, line by line; `null`: nobody wants them all. */
  readonly keep: ((lines: AsyncIterable<Uint8Array>) => Promise<void>) | null
}

/** `lookedAt`: the moment of the target that was compared. It is no part of what the hash is over. */
export type ReconciliationAnswer = Reconciliation & Provenness & { readonly lookedAt: string }

/**
 * Holds a target against what a mapping file makes of a point, at one cut of the target: records, and
 * control totals that are worked out on either side without the mapping.
 *
 * @throws app.mapping-unreadable | migrate.file-invalid | migrate.mapping-unfit | migrate.value-refused | migrate.key-met
 * @throws app.other-platform | restore.unreadable | report.totals-too-many
 */
export async function reconcilePoint(
  deps: VerifyPointDeps,
  vault: Vault,
  request: ReconcileRequest,
  signal: AbortSignal,
): Promise<ReconciliationAnswer> {
  const { against, isExtraAllowed, keep } = request
  const { mapping } = await openMapping(request.mapping)
  const found = await findPoint(vault, request.point, signal)
  const { point, source } = found
  const address = formatPoint(source, point)
  const plain = await openCompareDeps(deps, vault, source, signal)
  await using stack = new AsyncDisposableStack()
  const opened = await openSystem(deps, against, signal)
  const system = stack.use(opened.source)
  const cut = stack.use(await system.openCut(signal))
  const catalogue = await cut.readCatalogue(() => true)
  const target = { name: against, connector: opened.connector, catalogue, cut }
  const totals = openMappedTotals({ found, mapping, target })
  deps.progress.begin({ label: `Mapping ${address}` })
  const mapped = stack.use(await mapPoint(plain, { found, mapping, target }, signal))
  const compare = { ...plain, otherRows: mapped.otherRows }
  const list = new DifferenceList()
  const entities: ReconciledCounts[] = []
  deps.progress.begin({ label: `Reconciling ${against} with ${address}` })
  const lines = async function* () {
    yield Buffer.from(DIFFERENCES_HEADER)
    for (const at of mapped.entities) {
      const described = catalogue.entities.find(({ entity }) => entity === at.schema.entity)
      assert(described !== undefined, 'What was mapped is in the catalogue.')
      refuseUnreadable(described)
      const compared = { at, cut, described, list, mapped }
      entities.push(yield* toBytes(reconcileEntity(compare, compared, signal)))
    }
  }
  if (keep !== null) await keep(lines())
  else for await (const _ of lines());
  deps.progress.begin({ label: 'Summing up control totals' })
  const summed: ReconciledTotal[] = []
  for await (const total of totals.sum(plain, signal)) summed.push(total)
  const judged = await Promise.all(
    entities.map((counts) => judgeEntity({ found, isExtraAllowed, mapped, mapping }, counts)),
  )
  deps.progress.end()
  const verdicts = [...judged, ...summed].map(({ verdict }) => verdict)
  const { database, system: id } = cut.cut.identity
  const { connector } = opened
  const sealed = sealReconciliation({
    format: RECONCILIATION_FORMAT,
    verdict: joinVerdicts(verdicts),
    vault: vault.id,
    point: { address, time: point.cut.time },
    target: { name: against, connector, system: id, database },
    mapping: { sha256: mapping.hash },
    isExtraAllowed,
    entities: judged,
    notMigrated: listNotMigrated(found, mapping),
    totals: summed,
    differences: list.end(),
  })
  return { ...sealed, lookedAt: cut.cut.time, ...provennessOf(found, usedBy(mapping)) }
}

/** The page to sign. */
export function formatPage(answer: ReconciliationAnswer): string {
  const { lookedAt, unproven } = answer
  return formatReconciliationPage(answer, { lookedAt, unproven })
}

async function* toBytes<T>(
  texts: AsyncGenerator<string, T, undefined>,
): AsyncGenerator<Uint8Array, T, undefined> {
  await using _texts = texts
  for (;;) {
    const next = await texts.next()
    if (next.done === true) return next.value
    yield Buffer.from(next.value)
  }
}

type Judging = {
  readonly found: FoundPoint
  readonly isExtraAllowed: boolean
  readonly mapped: MappedPoint
  readonly mapping: Mapping
}

async function judgeEntity(
  { found, isExtraAllowed, mapped, mapping }: Judging,
  counts: ReconciledCounts,
): Promise<ReconciledEntity> {
  const { entity } = counts
  const mappedByEntity = new Map<EntityName, number>()
  for await (const { from } of mapped.origins(entity)) {
    mappedByEntity.set(from, (mappedByEntity.get(from) ?? 0) + 1)
  }
  const rules = mapping.entities.filter((rule) => rule.entity === entity)
  const names = [...new Set(rules.map(({ from }) => from))]
  const from = names.map((name) => {
    const { rows } = entityAt(found.state, found.point, name).facts
    return { entity: name, records: rows, mapped: mappedByEntity.get(name) ?? 0 }
  })
  // A difference may be what the feed did not tell: it says nothing of the target.
  const reason = names.map((name) => reasonOf(found.point, name)).find((one) => one !== undefined)
  if (reason !== undefined) return { ...counts, from, verdict: 'unproven', reason }
  const { different, extra, missing } = counts
  const isSame = missing + different + (isExtraAllowed ? 0 : extra) === 0
  return { ...counts, from, verdict: isSame ? 'same' : 'differs' }
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
