import type { SourceCut } from '#connector/connector'
import { entityAt } from '#history/entity-at'
import type { Mapping } from '#migrate/parse-mapping'
import type { EntityName } from '#record/entity-name'
import type { Catalogue } from '#record/schema'
import { DifferenceList } from '#report/difference-list'
import { DIFFERENCES_HEADER } from '#report/format-differences-csv'
import type { Differences, ReconciledEntity } from '#report/reconciliation'
import type { CompareDeps } from '#restore/compare-target'
import { refuseUnreadable } from '#restore/refuse-unreadable'
import { assert } from '#stdx/assert'
import type { FoundPoint } from '../points/find-point.ts'
import { reasonOf } from '../unproven.ts'
import type { MappedPoint } from './map-point.ts'
import { type ReconciledCounts, reconcileEntity } from './reconcile-entity.ts'

export type RecordsToReconcile = {
  readonly catalogue: Catalogue
  readonly cut: Pick<SourceCut, 'scan'>
  readonly found: FoundPoint
  readonly isExtraAllowed: boolean
  /** Takes all differences as CSV, line by line; `null`: nobody wants them all. */
  readonly keep: ((lines: AsyncIterable<Uint8Array>) => Promise<void>) | null
  readonly mapped: MappedPoint
  readonly mapping: Mapping
}

/** Compares every mapped entity with the target. @throws restore.unreadable, and what `keep` throws */
export async function reconcileRecords(
  deps: CompareDeps,
  request: RecordsToReconcile,
  signal: AbortSignal,
): Promise<{
  readonly entities: readonly ReconciledEntity[]
  readonly differences: Differences
}> {
  const list = new DifferenceList()
  const counted: ReconciledCounts[] = []
  const lines = listLines(deps, { ...request, counted, list }, signal)
  if (request.keep !== null) await request.keep(lines)
  else for await (const _ of lines);
  const entities: ReconciledEntity[] = []
  for (const counts of counted) entities.push(await judgeEntity(request, counts))
  return { entities, differences: list.end() }
}

type Listing = RecordsToReconcile & {
  /** Gets what each entity came to. */
  readonly counted: ReconciledCounts[]
  readonly list: DifferenceList
}

async function* listLines(
  deps: CompareDeps,
  { catalogue, counted, cut, isExtraAllowed, list, mapped }: Listing,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(DIFFERENCES_HEADER)
  for (const at of mapped.entities) {
    const described = catalogue.entities.find(({ entity }) => entity === at.schema.entity)
    assert(described !== undefined, 'What was mapped is in the catalogue.')
    refuseUnreadable(described)
    const compared = { at, cut, described, isExtraAllowed, list, mapped }
    counted.push(yield* toBytes(reconcileEntity(deps, compared, signal)))
  }
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

async function judgeEntity(
  { found, isExtraAllowed, mapped, mapping }: RecordsToReconcile,
  counts: ReconciledCounts,
): Promise<ReconciledEntity> {
  const rules = mapping.entities.filter(({ entity }) => entity === counts.entity)
  const names = [...new Set(rules.map(({ from }) => from))]
  const mappedByEntity = await countOrigins(mapped, counts.entity)
  const from = names.map((entity) => {
    const { rows } = entityAt(found.state, found.point, entity).facts
    return { entity, records: rows, mapped: mappedByEntity.get(entity) ?? 0 }
  })
  // A difference may be what the feed did not tell: it says nothing of the target.
  const reason = names.map((name) => reasonOf(found.point, name)).find((one) => one !== undefined)
  if (reason !== undefined) return { ...counts, from, verdict: 'unproven', reason }
  const { different, extra, missing } = counts
  const isSame = missing + different + (isExtraAllowed ? 0 : extra) === 0
  return { ...counts, from, verdict: isSame ? 'same' : 'differs' }
}

async function countOrigins(
  mapped: MappedPoint,
  entity: EntityName,
): Promise<ReadonlyMap<EntityName, number>> {
  const counts = new Map<EntityName, number>()
  for await (const { from } of mapped.origins(entity)) counts.set(from, (counts.get(from) ?? 0) + 1)
  return counts
}
