import { AppError } from '#stdx/app-error'
import { parseObjectName } from '#store/object-name'
import type { ObjectStore } from '#store/object-store'
import type { Vault } from './vault.ts'

/** Lies in every place that `replicate` filled. A copy has the vault's heads, so nothing else tells them apart. */
const REPLICA_MARK = parseObjectName('replica.json')

/** Nobody signs it: it keeps people from a mistake, and whoever has the place may take it away. */
export async function markReplica(
  store: ObjectStore,
  { id }: Pick<Vault, 'id'>,
  signal: AbortSignal,
): Promise<void> {
  const text = `${JSON.stringify({ format: 'holdfast replica 1', vaultId: id })}\n`
  // Not locked: it goes when the replica becomes the vault.
  await (store.lock?.unlocked ?? store).put(REPLICA_MARK, Buffer.from(text), signal)
}

export async function isReplica(store: ObjectStore, signal: AbortSignal): Promise<boolean> {
  return (await store.stat(REPLICA_MARK, signal)) !== undefined
}

/**
 * An entry of its own would make a replica the newer of the two, and the vault a rolled back one.
 * @throws vault.is-replica
 */
export async function refuseReplica(
  { store }: Pick<Vault, 'store'>,
  signal: AbortSignal,
): Promise<void> {
  if (!(await isReplica(store, signal))) return
  const message = `Cannot heal "${store.label}": "${REPLICA_MARK}" says that it is a replica, wanted the vault that is replicated to it`
  throw new AppError('vault.is-replica', message, { store: store.label })
}
