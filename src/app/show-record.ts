import { entityAt } from '#history/entity-at'
import { findRecord } from '#history/find-record'
import { type RecordFields, readRecordFields } from '#history/record-fields'
import { formatKeyAddress, parseKeyAddress } from '#record/address'
import { parseEntityName } from '#record/entity-name'
import type { Vault } from '#vault/vault'
import { findPoint } from './find-point.ts'

export type ShownRecord = {
  readonly entity: string
  readonly key: string
  readonly point: string
  /** The point that first held this version. */
  readonly version: string
  readonly fields: RecordFields
}

/**
 * One record as a point holds it, under the schema of that time.
 * @throws history.entity-unknown | history.record-unknown | record.key-invalid
 */
export async function showRecord(
  vault: Vault,
  address: { readonly point: string; readonly entity: string; readonly key: string },
  signal: AbortSignal,
): Promise<ShownRecord> {
  const { point, source, state } = await findPoint(vault, address.point, signal)
  const entity = parseEntityName(address.entity)
  const at = entityAt(state, point, entity)
  const key = parseKeyAddress(address.key, at.schema.key)
  const deps = await vault.readDeps(source, signal)
  const version = await findRecord(deps, at, { key, address: address.key }, signal)
  return {
    entity,
    key: formatKeyAddress(key, at.schema.key),
    point: `${source}@${point.seq}`,
    version: `${source}@${version.seq}`,
    fields: await readRecordFields(deps, at.schema, version, signal),
  }
}
