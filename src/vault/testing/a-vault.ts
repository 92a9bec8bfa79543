import type { Credential } from '#seal/credential'
import { formatCredential, narrowCredential, parseCredential } from '#seal/credential'
import type { Role } from '#seal/keys'
import { openSlot } from '#seal/slot'
import type { Clock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { createVault } from '../create-vault.ts'
import { openVault } from '../open-vault.ts'
import type { Vault } from '../vault.ts'

/** A vault in memory whose stores a test may tamper with, and its credentials. */
export type VaultInHand = {
  readonly store: MemoryStore
  readonly keyring: MemoryStore
  readonly vault: Vault
  readonly credential: Credential
  /** Opens it again, with another credential or memory. */
  open(options?: OpenOptions): Promise<Vault>
  openAs(role: Exclude<Role, 'root'>, source?: string): Promise<Vault>
}

export type OpenOptions = { readonly stateDir?: string; readonly credential?: Credential }

export const { signal } = new AbortController()
export const passphrase = new Secret('correct horse battery staple')
const cost = { memoryKib: 64, passes: 1, lanes: 1 }

/** Stands still, and sleeps in no time. */
export const stillClock: Clock = {
  nowMs: () => Date.UTC(2026, 5, 30, 12),
  passedMs: () => 0,
  sleep: async (_ms, until) => until.throwIfAborted(),
}

/** @param nowMs the clock of both stores */
export async function aVault(nowMs: () => number = () => 0): Promise<VaultInHand> {
  const store = createMemoryStore('vault', nowMs)
  const keyring = createMemoryStore('keyring', nowMs)
  const deps = { store, keyring, clock: stillClock, random: systemRandom, signal }
  const { id } = await createVault({ ...deps, passphrase, cost })
  const [name = '', bytes] = [...keyring.objects][0] ?? []
  const text = Buffer.from(bytes ?? []).toString()
  const credential = parseCredential(await openSlot({ vaultId: id, name, text, passphrase }))
  const open = async ({ stateDir, credential: given = credential }: OpenOptions = {}) => {
    const keyFile = new Secret(formatCredential(given))
    return await openVault({ ...deps, stateDir, keyFile })
  }
  return {
    store,
    keyring,
    credential,
    vault: await open(),
    open,
    openAs: (role, source) => open({ credential: narrowCredential(credential, role, source) }),
  }
}
