import { type RecordVersion, recordHistory } from '#history/record-history'
import { formatKeyAddress, parseKeyAddress } from '#record/address'
import { parseEntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { isAppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'

export type ListedHistory = {
  readonly entity: string
  readonly key: string
  /** Newest first. */
  readonly versions: readonly ListedVersion[]
}
export type ListedVersion = Omit<RecordVersion, 'seq'> & { readonly point: string }

/**
 * Every version of one record that a source's points hold.
 * @throws history.record-unknown | record.key-invalid | vault.source-unknown
 */
export async function listHistory(
  vault: Vault,
  address: { readonly source: string; readonly entity: string; readonly key: string },
  signal: AbortSignal,
): Promise<ListedHistory> {
  const { key, source } = address
  const entity = parseEntityName(address.entity)
  const state = await vault.readTimeline(source, signal)
  const deps = await vault.readDeps(source, signal)
  const versions = await recordHistory(deps, { state, entity, address: key }, signal)
  return {
    entity,
    key: formatAsPrinted(key, state.schemas.get(entity) ?? []),
    versions: versions.map(({ seq, ...version }) => ({ point: `${source}@${seq}`, ...version })),
  }
}

/** The address as `diff` and `show` print it, under the newest schema whose key it fits. */
function formatAsPrinted(address: string, schemas: readonly SchemaVersion[]): string {
  for (const { key } of schemas.toReversed()) {
    try {
      return formatKeyAddress(parseKeyAddress(address, key), key)
    } catch (error) {
      if (!isAppError(error, 'record.key-invalid')) throw error
    }
  }
  return address
}
