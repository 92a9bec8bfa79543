import { type RecordVersion, recordHistory } from '#history/record-history'
import { parseEntityName } from '#record/entity-name'
import { formatStamp, stampOf } from '#record/stamp'
import type { Transaction } from '#timeline/entry'
import type { TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { readAgain } from './points/read-again.ts'
import { type Provenness, provennessOf } from './unproven.ts'

export type ListedHistory = Provenness & {
  readonly entity: string
  readonly key: string
  /** Newest first. */
  readonly versions: readonly ListedVersion[]
}
export type ListedVersion = Omit<RecordVersion, 'seq' | 'ordinal'> & {
  /** `erp@12`, or `erp@12.5` where a feed told the transaction; then `time` is that of its commit. */
  readonly point: string
  /** Only of what a feed told: the transaction as the source names it. */
  readonly transaction?: string
}

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
  const newest = state.points.at(-1)
  return {
    entity,
    key,
    versions: await dateVersions(vault, { state, versions }, signal),
    ...(newest && provennessOf({ point: newest, source }, [entity])),
  }
}

/** Each transaction has its own time, which its entry or the table of it knows. */
export async function dateVersions(
  vault: Vault,
  {
    state,
    versions,
  }: { readonly state: TimelineState; readonly versions: readonly RecordVersion[] },
  signal: AbortSignal,
): Promise<ListedVersion[]> {
  const { points, source } = state
  const listed: ListedVersion[] = []
  let read: { readonly seq: number; readonly transactions: readonly Transaction[] } | undefined
  for (const { ordinal, seq, ...version } of versions) {
    const point = `${source}@${formatStamp(stampOf({ seq, ordinal }))}`
    const body = ordinal === null || read?.seq === seq ? undefined : points.bySeq(seq)?.body
    if (body) read = { seq, transactions: await vault.readTransactions(source, body, signal) }
    const told = ordinal === null ? undefined : read?.transactions[ordinal - 1]
    const { time, transaction } = told ?? { time: version.time }
    listed.push({ point, ...(transaction !== undefined && { transaction }), ...version, time })
  }
  return listed
}
