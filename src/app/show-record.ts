import { entityAt } from '#history/entity-at'
import { findLastChange } from '#history/find-last-change'
import { findRecord } from '#history/find-record'
import { presentUnder } from '#history/present-under'
import { type RecordFields, readVersion } from '#history/record-fields'
import { formatKeyAddress } from '#record/address'
import { parseEntityName } from '#record/entity-name'
import { formatStamp, stampOf } from '#record/stamp'
import { assert } from '#stdx/assert'
import { formatPoint } from '#timeline/format-point'
import type { Vault } from '#vault/vault'
import { findPoint } from './points/find-point.ts'
import { readAgain } from './points/read-again.ts'
import { type Provenness, provennessOf } from './unproven.ts'

export type ShownRecord = Provenness & {
  readonly entity: string
  readonly key: string
  readonly point: string
  /** The point at which the record became what it is, as its history tells. */
  readonly version: string
  readonly fields: RecordFields
}

/**
 * One record as a point holds it, under the schema of that time.
 * @throws history.entity-unknown | history.record-unknown | record.key-invalid
 */
export async function showRecord(
  vault: Vault,
  address: RecordAddress,
  signal: AbortSignal,
): Promise<ShownRecord> {
  return await readAgain(() => readRecord(vault, address, signal))
}

type RecordAddress = { readonly point: string; readonly entity: string; readonly key: string }

async function readRecord(
  vault: Vault,
  address: RecordAddress,
  signal: AbortSignal,
): Promise<ShownRecord> {
  const { point, source, state } = await findPoint(vault, address.point, signal)
  const entity = parseEntityName(address.entity)
  const at = entityAt(state, point, entity)
  const deps = await vault.rowDeps(source, signal)
  const found = await findRecord(deps, at, address.key, signal)
  const record = await readVersion(deps, at.schemas, found.version, signal)
  assert(record !== null, 'A record that was found is there.')
  const request = { state, point, at, address: address.key, found }
  const changed = await findLastChange(deps, request, signal)
  return {
    entity,
    key: formatKeyAddress(found.key, at.schema.key),
    point: formatPoint(source, point),
    version: `${source}@${formatStamp(stampOf(changed))}`,
    fields: presentUnder(record, at.schema).fields,
    ...provennessOf({ point, source }, [entity]),
  }
}
