import { keyringOf } from '#config/place'
import { probeStore } from '#store/probe-store'
import { type Replication, replicateVault } from '#vault/replicate-vault'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'

export type ReplicaPlace = {
  /** A folder or URL as it was typed. */
  readonly vault: string
  /** `undefined`: beside the replica's own objects. */
  readonly keyring: string | undefined
}

export type ReplicationSummary = Replication & {
  readonly replica: string
  readonly durationMs: number
}

/**
 * Copies what a second place lacks of the vault, verified, without a key to any row.
 * @throws vault.replica-diverged | store.not-conditional, and what reading the vault throws
 */
export async function replicateTo(
  deps: Pick<Context, 'clock' | 'createStore' | 'openStore' | 'progress' | 'random' | 'readConfig'>,
  vault: Vault,
  replica: ReplicaPlace,
  signal: AbortSignal,
): Promise<ReplicationSummary> {
  const startedAtMs = deps.clock.nowMs()
  const config = await deps.readConfig()
  const places = resolveReplica(config.resolvePlace, replica)
  const to = {
    store: await deps.createStore(places.vault),
    keyring: await deps.createStore(places.keyring),
  }
  await probeStore(to.store, deps.random, { folder: 'roles', signal })
  await probeStore(to.keyring, deps.random, { folder: 'slots', signal })
  const from = {
    store: deps.openStore(config.readVault()),
    keyring: deps.openStore(config.readKeyring()),
  }
  deps.progress.begin({ label: `Replicating to ${to.store.label}` })
  const onProgress = ({ bytes }: { readonly bytes: number }) => deps.progress.add({ bytes })
  const replication = await replicateVault(vault, { from, to, onProgress, signal })
  deps.progress.end()
  return {
    replica: to.store.label,
    ...replication,
    durationMs: deps.clock.nowMs() - startedAtMs,
  }
}

/** A replica that is there already. No I/O. */
export async function openReplica(
  deps: Pick<Context, 'openStore' | 'readConfig'>,
  vault: Vault,
  replica: ReplicaPlace,
): Promise<Vault> {
  const places = resolveReplica((await deps.readConfig()).resolvePlace, replica)
  return vault.openElsewhere(deps.openStore(places.vault), deps.openStore(places.keyring))
}

function resolveReplica(resolve: (place: string) => string, { keyring, vault }: ReplicaPlace) {
  const place = resolve(vault)
  return { vault: place, keyring: keyring === undefined ? keyringOf(place) : resolve(keyring) }
}
