import type { Config } from '#config/config'
import { keyringOf } from '#config/place'
import { AppError } from '#stdx/app-error'
import { probeStore } from '#store/probe-store'
import { type Replication, replicateVault } from '#vault/replicate-vault'
import type { Vault } from '#vault/vault'
import { HEADER_NAME } from '#vault/vault-header'
import type { Context } from './context.ts'
import { findAround } from './credential/lies-in.ts'

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
 * @throws app.replica-place | vault.replica-diverged | store.not-conditional, and what reading the vault throws
 */
export async function replicateTo(
  deps: Pick<Context, 'clock' | 'createStore' | 'openStore' | 'progress' | 'random' | 'readConfig'>,
  vault: Vault,
  replica: ReplicaPlace,
  signal: AbortSignal,
): Promise<ReplicationSummary> {
  const startedAtMs = deps.clock.nowMs()
  const config = await deps.readConfig()
  const places = await resolveReplica(config, replica)
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

/** A replica that is there already. @throws app.replica-place | vault.not-found */
export async function openReplica(
  deps: Pick<Context, 'openStore' | 'readConfig'>,
  vault: Vault,
  replica: ReplicaPlace,
  signal: AbortSignal,
): Promise<Vault> {
  const places = await resolveReplica(await deps.readConfig(), replica)
  const store = deps.openStore(places.vault)
  // A place that is misspelt must not look like a replica that had nothing to heal with.
  if ((await store.stat(HEADER_NAME, signal)) === undefined) {
    const message = `Cannot heal from "${store.label}": it holds no vault.json`
    throw new AppError('vault.not-found', message, { store: store.label })
  }
  return vault.openElsewhere(store, deps.openStore(places.keyring))
}

/** What lies in the vault is lost with it. */
async function resolveReplica(
  config: Pick<Config, 'readKeyring' | 'readVault' | 'resolvePlace'>,
  { keyring, vault }: ReplicaPlace,
): Promise<{ readonly vault: string; readonly keyring: string }> {
  const place = config.resolvePlace(vault)
  const places = {
    vault: place,
    keyring: keyring === undefined ? keyringOf(place) : config.resolvePlace(keyring),
  }
  const own = [config.readVault(), config.readKeyring()]
  for (const one of Object.values(places)) {
    const around = await findAround(one, own)
    if (around === undefined) continue
    const message = `Cannot use "${one}" as a replica: it lies in "${around}", wanted a place apart from the vault`
    throw new AppError('app.replica-place', message)
  }
  return places
}
