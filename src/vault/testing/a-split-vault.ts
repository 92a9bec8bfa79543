import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import type { ObjectStore } from '#store/object-store'
import { type OpenVaultRequest, openVault } from '../open-vault.ts'
import type { KeyFolder } from '../rotate-keys.ts'
import { RECOVERY_SLOT, splitKeys } from '../split-keys.ts'
import type { Vault } from '../vault.ts'
import { aRealCapture } from './a-real-capture.ts'
import { aVault, passphrase, signal, stillClock, type VaultInHand } from './a-vault.ts'

export type Files = Map<string, Secret>
export type Stores = { readonly store: ObjectStore; readonly keyring: ObjectStore }

export const cost = { memoryKib: 64, passes: 1, lanes: 1 }
export const openDeps = { clock: stillClock, random: systemRandom, stateDir: undefined, signal }
export const DOCUMENT = 'vault: ./vault'

/** Two sources with a point each, a document, and all heads said; all keys in one hand. */
export async function aFilledVault(): Promise<VaultInHand> {
  const hand = await aVault()
  for (const source of ['crm', 'erp']) {
    await hand.vault.addSource(source, signal)
    await captureText(hand.vault, source, `1\t${source}\tx\n`)
  }
  await hand.vault.putDocument('config', DOCUMENT, signal)
  await hand.vault.putHeads(signal)
  return hand
}

/** Adds a point that holds these rows too. */
export async function captureText(vault: Vault, source: string, text: string) {
  const state = await vault.readTimeline(source, signal)
  const base = state.points.at(-1)?.seq
  const body = await aRealCapture(vault, source, base === undefined ? { text } : { base, text })
  return await vault.append(state, body, signal)
}

/** Splits its keys; the files are kept in `files`. */
export async function split({ keyring, store }: Stores, files: Files = new Map()): Promise<Files> {
  const save = async (all: ReadonlyMap<string, Secret>) => {
    for (const [name, text] of all) files.set(name, text)
  }
  await splitKeys({ ...openDeps, store, keyring, passphrase, sources: [], save, cost })
  return files
}

/** A folder that keeps in `files` what an interrupted change left, too. */
export function folderIn(files: Files): KeyFolder {
  return {
    has: async (name) => files.has(name),
    readBegun: async (name) => files.get(`${name}.begun`),
    begin: async (name, text) => {
      files.set(`${name}.begun`, text)
    },
    finish: async (name) => {
      files.set(name, files.get(`${name}.begun`) ?? new Secret(''))
      files.delete(`${name}.begun`)
    },
  }
}

/** How one of the files opens the vault; the recovery slot with its passphrase. */
export function requestWith({ keyring, store }: Stores, files: Files, name: string) {
  const text = files.get(name) ?? new Secret('')
  const request = { ...openDeps, store, keyring }
  return name === RECOVERY_SLOT
    ? { ...request, passphrase, slot: { name, text } }
    : { ...request, keyFile: text }
}

export function openWith(stores: Stores, files: Files, name: string): Promise<Vault> {
  const request: OpenVaultRequest = requestWith(stores, files, name)
  return openVault(request)
}
