import { AppError } from '#stdx/app-error'
import type { ObjectStore } from '#store/object-store'
import type { Chain } from '#timeline/chain-slots'
import { damageError, describeDamage } from '#timeline/damage-error'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import type { Revocations } from '#timeline/revocations'
import { foldKeyFacts, type KeyFacts } from './key-facts.ts'
import type { KeyringList } from './keyring-list.ts'
import { readLists } from './stated-keys.ts'

export type KeyLogDeps = {
  /** Reads `_vault` as it is now. */
  readonly readVault: (signal: AbortSignal) => Promise<Chain>
  /** Of the credential: the vault was there already. */
  readonly epochMin: number
  readonly store: ObjectStore
  /** Revocations that are known from elsewhere. */
  readonly revokedHere?: (() => Revocations) | undefined
}

/** What `_vault` says of keys, and what was read of it last. */
export class KeyLog {
  readonly #deps: KeyLogDeps
  #facts: KeyFacts | undefined
  #anew: { readonly lists: number; readonly said: KeyringList } = { lists: 0, said: new Map() }

  constructor(deps: KeyLogDeps) {
    this.#deps = deps
  }

  /** The newest, as far as `_vault` can be relied on: enough to read by. */
  async read(signal: AbortSignal): Promise<KeyFacts> {
    return this.#keep(await this.#deps.readVault(signal))
  }

  /** What was read last. */
  async recall(signal: AbortSignal): Promise<KeyFacts> {
    return this.#facts ?? (await this.read(signal))
  }

  /** Of what was read last; none before. */
  get revokedSoFar(): Revocations {
    return this.#facts?.revoked ?? new Map()
  }

  /** Under which epoch's name the newest objects of the keyring lie. */
  async readEpoch(signal: AbortSignal, isFresh: boolean): Promise<number> {
    const { epoch } = isFresh ? await this.read(signal) : await this.recall(signal)
    return Math.max(epoch, this.#deps.epochMin)
  }

  /** What was sealed anew, as of what was read last: a name and a hash for each such object. */
  async readAnew(signal: AbortSignal): Promise<KeyringList> {
    const { resealed } = await this.recall(signal)
    if (this.#anew.lists !== resealed.length) {
      const { anew, isWhole } = await readLists(this.#deps.store, resealed, signal)
      if (!isWhole) return anew
      this.#anew = { lists: resealed.length, said: anew }
    }
    return this.#anew.said
  }

  /**
   * The newest, to write by: nothing is sealed to somebody whom an older timeline names.
   * @param epochMin below which it is an older one; absent: the credential's
   * @throws timeline.rolled-back | timeline.damaged | timeline.format-unsupported
   */
  async readTrusted(signal: AbortSignal, epochMin = this.#deps.epochMin): Promise<KeyFacts> {
    const chain = await this.#deps.readVault(signal)
    const facts = this.#keep(chain)
    const { label } = this.#deps.store
    const isOlder = facts.epoch < epochMin
    if (chain.damagedFrom !== null && chain.rolledBack === null) {
      const found = describeDamage(chain)
      const doing = `Cannot tell from timeline "${VAULT_TIMELINE}" of "${label}" whom to seal to`
      throw damageError(chain, `${doing}: ${found}`)
    }
    if (chain.rolledBack === null && !isOlder) return facts
    const found = isOlder
      ? `it names the recipients of epoch ${facts.epoch}, the credential is of epoch ${epochMin}; unless a split was interrupted, it is an old copy`
      : chain.rolledBack
    const message = `Cannot trust timeline "${VAULT_TIMELINE}" of "${label}": ${found}`
    throw new AppError('timeline.rolled-back', message, { source: VAULT_TIMELINE })
  }

  #keep(chain: Chain): KeyFacts {
    const facts = foldKeyFacts(chain)
    const revoked = new Map([...(this.#deps.revokedHere?.() ?? []), ...facts.revoked])
    this.#facts = { ...facts, revoked }
    return this.#facts
  }
}
