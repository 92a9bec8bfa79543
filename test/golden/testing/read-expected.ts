import { entityAt } from '#history/entity-at'
import { scanFields } from '#record/project'
import { toRowBatches } from '#segment/large-values'
import { readState } from '#segment/read-state'
import type { SegmentReadDeps } from '#segment/segment'
import { locatePoint } from '#timeline/locate-point'
import type { LabelledAt } from '#timeline/point-list'
import { parsePointAddress } from '#timeline/resolve-point'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import {
  type Expected,
  type ExpectedEntity,
  type ExpectedPoint,
  type ExpectedTransaction,
  formatRows,
  hashState,
  signal,
} from './golden-vault.ts'

/** Everything that a vault holds, as `expected.json` has it. */
export async function readExpected(vault: Vault): Promise<Expected> {
  const sources: Record<string, readonly ExpectedPoint[]> = {}
  for (const source of await vault.listSources(signal)) {
    const state = await vault.readTimeline(source, signal)
    const points: ExpectedPoint[] = []
    for (const point of state.points) points.push(await readPoint(vault, state, point))
    sources[source] = points
  }
  const document = (await vault.readDocument('config', signal)) ?? ''
  return { vaultId: vault.id, document, sources }
}

async function readPoint(vault: Vault, state: TimelineState, point: Point): Promise<ExpectedPoint> {
  const { body, held, labels, seq, unproven } = point
  if (typeof unproven === 'string') throw new Error('A feed says nothing after it told of a gap.')
  return {
    seq,
    time: body.cut.time,
    labels: labels.filter((label) => state.points.marks.labels.get(label)?.ordinal === null),
    held,
    part: body.follow?.part ?? null,
    unproven: [...(unproven?.keys() ?? [])].sort(),
    entities: await readEntities(vault, state, point),
    transactions: await readTransactions(vault, state, point),
  }
}

async function readTransactions(
  vault: Vault,
  state: TimelineState,
  { body, seq }: Point,
): Promise<ExpectedTransaction[]> {
  const { source } = state
  const { labels } = state.points.marks
  const found: ExpectedTransaction[] = []
  for (const one of await vault.readTransactions(source, body, signal)) {
    const ordinal = found.length + 1
    const at = await locatePoint(
      vault,
      state,
      parsePointAddress(`${source}@${seq}.${ordinal}`),
      signal,
    )
    const isHere = (at: LabelledAt) => at.seq === seq && at.ordinal === ordinal
    const { position, time, transaction } = one
    found.push({
      transaction,
      time,
      position,
      labels: [...labels].flatMap(([label, at]) => (isHere(at) ? [label] : [])),
      changes: one.changes.map(([index, ...counts]) => [
        body.entities[index]?.entity ?? '',
        ...counts,
      ]),
      state: hashState(await readEntities(vault, state, at)),
    })
  }
  return found
}

async function readEntities(
  vault: Vault,
  state: TimelineState,
  point: Point,
): Promise<ExpectedEntity[]> {
  const deps = await vault.rowDeps(state.source, signal)
  const entities: ExpectedEntity[] = []
  for (const { entity, rows } of point.entities) {
    const found = await readEntity(deps, { state, point }, entity)
    if (found.count !== rows) throw new Error(`${entity} has other rows at ${point.seq}.`)
    entities.push(found)
  }
  return entities
}

async function readEntity(
  deps: SegmentReadDeps,
  { point, state }: { readonly state: TimelineState; readonly point: Point },
  entity: Parameters<typeof entityAt>[2],
): Promise<ExpectedEntity> {
  const { asOf, schema, schemas, segments } = entityAt(state, point, entity)
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  const parts: Uint8Array[] = []
  for await (const versions of readState(deps, options)) {
    for await (const batch of toRowBatches(deps, versions)) {
      parts.push(...(batch.kind === 'rows' ? [batch.bytes] : batch.parts))
    }
  }
  const lines = Buffer.concat(parts).toString('utf8').split('\n').slice(0, -1)
  return { entity, fields: scanFields(schema), ...formatRows(lines) }
}
