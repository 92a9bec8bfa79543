import { type RecordVersion, recordHistory } from '#history/record-history'
import { parseEntityName } from '#record/entity-name'
import type { Vault } from '#vault/vault'
import { readAgain } from './read-again.ts'

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
  address: HistoryAddress,
  signal: AbortSignal,
): Promise<ListedHistory> {
  return await readAgain(() => readHistory(vault, address, signal))
}

type HistoryAddress = { readonly source: string; readonly entity: string; readonly key: string }

async function readHistory(
  vault: Vault,
  address: HistoryAddress,
  signal: AbortSignal,
): Promise<ListedHistory> {
  const { source } = address
  const entity = parseEntityName(address.entity)
  const state = await vault.readTimeline(source, signal)
  const deps = await vault.rowDeps(source, signal)
  const request = { state, entity, address: address.key }
  const { key, versions } = await recordHistory(deps, request, signal)
  return {
    entity,
    key,
    versions: versions.map(({ seq, ...version }) => ({ point: `${source}@${seq}`, ...version })),
  }
}
