import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportEntity } from '#app/export-entity'
import { listEntities } from '#app/list-entities'
import { listPoints } from '#app/list-points'
import { collectVault } from '#retention/collect-vault'
import { runCollect } from '#retention/run-collect'
import { openSlot } from '#seal/slot'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { openLocalStore } from '#store/local/local-store'
import { type CheckDepth, checkVault, type VaultCheck } from '#vault/check-vault'
import { type ListedKeys, listKeys } from '#vault/list-keys'
import { openVault, openWithCredential } from '#vault/open-vault'
import type { Vault } from '#vault/vault'

export const PASSPHRASE = 'under a hail of faults'
const { signal } = new AbortController()

/** What each point holds, entity by entity: a digest of all of it. */
export type PointRows = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What the passphrase opens, to open the vault with again and again: a passphrase takes its time. */
export async function readKeyFile(folder: string): Promise<Secret> {
  const slots = join(folder, 'keyring/slots')
  const file = (await readdir(slots)).find((name) => /^[0-9a-f]{16}\.json$/.test(name)) ?? ''
  return await readSlotFile(folder, join(slots, file))
}

/** The same of a slot that lies anywhere. */
export async function readSlotFile(folder: string, path: string): Promise<Secret> {
  const text = await readFile(path, 'utf8')
  const { vault } = JSON.parse(await readFile(join(folder, 'vault.json'), 'utf8'))
  const passphrase = new Secret(PASSPHRASE)
  return new Secret(await openSlot({ vaultId: vault.vaultId, name: path, text, passphrase }))
}

/** In this process, without memory of what was seen before. */
export async function openAtHand(folder: string, keyFile: Secret): Promise<Vault> {
  return await openVault({ ...requestAt(folder), keyFile })
}

/** The same with a passphrase, and the slot outside the vault that it may be for. */
export async function openByPassphrase(
  folder: string,
  passphrase: string,
  slotFile?: string,
): Promise<Vault> {
  const slot = slotFile && {
    slot: { name: 'recovery.slot', text: new Secret(await readFile(slotFile, 'utf8')) },
  }
  return await openVault({ ...requestAt(folder), passphrase: new Secret(passphrase), ...slot })
}

/** Who holds which keys, as any credential may ask. */
export async function listKeysAtHand(folder: string, keyFile: Secret): Promise<ListedKeys['keys']> {
  const { vault } = await openWithCredential({ ...requestAt(folder), keyFile })
  return (await listKeys(vault, signal)).keys
}

function requestAt(folder: string) {
  return {
    store: openLocalStore({ root: folder, random: systemRandom }),
    keyring: openLocalStore({ root: join(folder, 'keyring'), random: systemRandom }),
    clock: systemClock,
    random: systemRandom,
    stateDir: undefined,
    signal,
  }
}

/** Reads every row of every point. */
export async function readPoints(vault: Vault): Promise<PointRows> {
  const { points } = await listPoints(vault, undefined, signal)
  const rows: Record<string, Record<string, string>> = {}
  for (const { point } of points) {
    const held: Record<string, string> = {}
    for (const { entity } of (await listEntities(vault, point, signal)).entities) {
      const digest = createHash('sha256')
      const pieces = exportEntity(vault, { point, entity, format: 'jsonl' }, signal)
      for await (const piece of pieces) digest.update(piece)
      held[entity] = digest.digest('hex')
    }
    rows[point] = held
  }
  return rows
}

export async function checkAtHand(vault: Vault, depth: CheckDepth): Promise<VaultCheck> {
  return await checkVault(vault, { depth, signal, onProgress: () => {} })
}

/** Deletes at once what nothing needs. */
export async function collectAtHand(vault: Vault): Promise<void> {
  for (const source of await vault.listSources(signal)) {
    const request = { source, graceMs: 0, isDryRun: false }
    await runCollect({ vault, random: systemRandom }, request, signal)
  }
  await collectVault({ vault, random: systemRandom }, { graceMs: 0, isDryRun: false }, signal)
}
