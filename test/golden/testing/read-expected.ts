import { entityAt } from '#history/entity-at'
import { scanFields } from '#record/project'
import { toRowBatches } from '#segment/large-values'
import { readState } from '#segment/read-state'
import type { SegmentReadDeps } from '#segment/segment'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import {
  type Expected,
  type ExpectedEntity,
  type ExpectedPoint,
  formatRows,
  signal,
} from './golden-vault.ts'

/** Everything that a vault holds, as `expected.json` has it. */
export async function readExpected(vault: Vault): Promise<Expected> {
  const sources: Record<string, readonly ExpectedPoint[]> = {}
  for (const source of await vault.listSources(signal)) {
    const state = await vault.readTimeline(source, signal)
    const deps = await vault.rowDeps(source, signal)
    sources[source] = await readPoints(deps, state)
  }
  const document = (await vault.readDocument('config', signal)) ?? ''
  return { vaultId: vault.id, document, sources }
}

async function readPoints(deps: SegmentReadDeps, state: TimelineState): Promise<ExpectedPoint[]> {
  const points: ExpectedPoint[] = []
  for (const point of state.points) {
    const { body, held, labels, seq } = point
    const entities: ExpectedEntity[] = []
    for (const { entity } of point.entities) {
      entities.push(await readEntity(deps, { state, point }, entity))
    }
    points.push({ seq, time: body.cut.time, labels, held, entities })
  }
  return points
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
