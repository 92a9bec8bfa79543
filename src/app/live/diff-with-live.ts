import type { RecordChange } from '#history/diff-points'
import { entityAt } from '#history/entity-at'
import type { RecordPair } from '#history/pair-versions'
import { readRecordFields } from '#history/record-fields'
import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { type CompareDeps, pairWithTarget } from '#restore/compare-target'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import type { Context } from '../context.ts'
import type { DiffItem } from '../diff-points.ts'
import { onlyWanted } from '../diff-points.ts'
import { type FoundPoint, parseLiveAddress } from '../points/find-point.ts'
import { openCompareDeps } from './compare-deps.ts'

export type DiffLiveDeps = Pick<Context, 'openSource' | 'progress' | 'random' | 'readConfig'>

/**
 * What differs between a point and the living system, entities of the point only: what the system
 * has beside them is not looked at. Rows are compared at one cut of the system.
 */
export async function* diffWithLive(
  deps: DiffLiveDeps,
  vault: Vault,
  request: {
    readonly left: FoundPoint
    readonly right: string
    readonly wanted: readonly EntityName[]
  },
  signal: AbortSignal,
): AsyncGenerator<readonly DiffItem[], void, undefined> {
  const { point, source: name, state } = request.left
  const live = parseLiveAddress(request.right, name)
  const compare = await openCompareDeps(deps, vault, name, signal)
  const { source } = await deps.openSource(live, signal)
  await using _source = source
  await using cut = await source.openCut(signal)
  const facts = onlyWanted(point.entities, request.wanted, name)
  const held = new Set<string>(facts.map(({ entity }) => entity))
  const catalogue = await cut.readCatalogue((entity) => held.has(entity))
  for (const { entity } of facts) {
    const at = entityAt(state, point, entity)
    const described = catalogue.entities.find((one) => one.entity === entity)
    if (described === undefined || described.missingGrant !== null) throw unreadable(entity, live)
    const pairs = pairWithTarget(compare, { at, cut, described }, { rows: true, signal })
    for await (const list of pairs) {
      const changes: DiffItem[] = []
      for (const pair of list) {
        changes.push({ type: 'change', ...(await formatChange(compare, at.schema, pair, signal)) })
      }
      yield changes
    }
  }
}

async function formatChange(
  { read }: CompareDeps,
  schema: SchemaVersion,
  { key, left, right }: RecordPair,
  signal: AbortSignal,
): Promise<RecordChange> {
  const before = left && (await readRecordFields(read, schema, left, signal))
  const after = right && (await readRecordFields(read, schema, right, signal))
  const op = before === null ? 'insert' : after === null ? 'delete' : 'update'
  return { entity: schema.entity, key: formatKeyAddress(key, schema.key), op, before, after }
}

/** @param name the source */
export function unreadable(entity: EntityName, name: string): AppError {
  const message = `Cannot compare "${entity}" with "${name}": the table is not there, or may not be read`
  return new AppError('app.live-unreadable', message, { entity })
}
