import { entityAt } from '#history/entity-at'
import { readRecordFields } from '#history/record-fields'
import type { EntityName } from '#record/entity-name'
import { readState } from '#segment/read-state'
import { assert } from '#stdx/assert'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { formatRecord, type Held, type Records } from './tables.ts'

/** Everything that a point holds, read as a restore reads it. */
export async function readHeld(
  vault: Vault,
  { point, state }: { readonly state: TimelineState; readonly point: Point },
  signal: AbortSignal,
): Promise<Held> {
  const held = new Map<EntityName, Records>()
  for (const { entity } of point.entities) {
    held.set(entity, await readRecords(vault, { state, point, entity }, signal))
  }
  return held
}

async function readRecords(
  vault: Vault,
  asked: { readonly state: TimelineState; readonly point: Point; readonly entity: EntityName },
  signal: AbortSignal,
): Promise<Records> {
  const { entity, point, state } = asked
  const deps = await vault.readDeps(state.source, signal)
  const { asOf, schema, schemas, segments } = entityAt(state, point, entity)
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  const records: string[] = []
  for await (const { count, large, rows } of readState(deps, options)) {
    assert(rows !== null, 'Rows were asked for.')
    for (let i = 0; i < count; i++) {
      const row = rows.bytes.slice(i === 0 ? 0 : rows.ends[i - 1], rows.ends[i])
      const version = { row, large: large.get(i) ?? [] }
      records.push(formatRecord(await readRecordFields(deps, schema, version, signal)))
    }
  }
  return records.sort()
}

/** How two readings differ, in one clause without values; `undefined` when they do not. */
export function compareHeld(found: Held, expected: Held): string | undefined {
  for (const entity of new Set([...found.keys(), ...expected.keys()])) {
    const has = found.get(entity)
    const wants = expected.get(entity)
    if (has === undefined || wants === undefined) {
      return `${entity} is ${has === undefined ? 'missing' : 'there'}`
    }
    if (has.length === wants.length && has.every((record, i) => record === wants[i])) continue
    const unknown = has.filter((record) => !wants.includes(record)).length
    const missing = wants.filter((record) => !has.includes(record)).length
    return `${entity} has ${has.length} records, ${wants.length} are due; ${unknown} unknown, ${missing} missing`
  }
  return undefined
}
