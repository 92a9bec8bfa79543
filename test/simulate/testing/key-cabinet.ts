import { type Credential, narrowCredential, parseCredential } from '#seal/credential'
import { openSlot } from '#seal/slot'
import { Secret } from '#stdx/secret'
import type { HolderName } from '#vault/rotate-keys'
import { fileNameOf, RECOVERY_SLOT } from '#vault/split-keys'

/** Whose credential an actor holds. */
export type Holds = 'everything' | HolderName

type Person = { readonly name: string; readonly holds: Holds }

/** A file that was begun and may be gone on with. */
export type BegunFile = {
  readonly holder: HolderName
  /** For whom it is besides what they have; `undefined`: in the place of all that the role had. */
  readonly person: string | undefined
  readonly files: Map<string, Secret>
}

export const PASSPHRASE = new Secret('correct horse battery staple')
export const COST = { memoryKib: 64, passes: 1, lanes: 1 }

/**
 * The credential files of a vault, as its people keep them outside: nothing in here is ever lost.
 * At first one passphrase opens everything; once keys were split, everybody has a file.
 */
export class KeyCabinet {
  /** Somebody is at the keys, or was when they died: not everything fits together. */
  isChanging = false
  /** What an interrupted change left. */
  begun: BegunFile | undefined
  #whole: Credential
  #recovery: Secret | undefined
  readonly #files = new Map<string, Credential>()
  /** Made for one person besides that of their role, by name. */
  readonly #own = new Map<string, Credential>()
  readonly #narrowed = new Map<string, Credential>()

  constructor(whole: Credential) {
    this.#whole = whole
  }

  /** Opens the recovery slot; `undefined` until keys were split. */
  get slot(): { readonly name: string; readonly text: Secret } | undefined {
    return this.#recovery && { name: RECOVERY_SLOT, text: this.#recovery }
  }

  /** What this person has today; the same object as long as it is the same credential. */
  credentialOf({ holds, name }: Person): Credential {
    if (holds === 'everything') return this.#whole
    const file = fileNameOf(holds)
    const found = this.#own.get(name) ?? this.#files.get(file) ?? this.#narrowed.get(file)
    if (found !== undefined) return found
    const { role, source } = holds
    const narrow = narrowCredential(this.#whole, role, source ?? undefined)
    this.#narrowed.set(file, narrow)
    return narrow
  }

  /** Of a role, as its file has it. */
  fileOf(holder: HolderName): Credential {
    return this.credentialOf({ name: '', holds: holder })
  }

  /** Keeps all that a split hands out. */
  async keepSplit(files: ReadonlyMap<string, Secret>): Promise<void> {
    const recovery = files.get(RECOVERY_SLOT) ?? new Secret('')
    const { vaultId } = this.#whole
    const text = recovery.reveal()
    const opened = await openSlot({ vaultId, name: RECOVERY_SLOT, text, passphrase: PASSPHRASE })
    for (const [name, file] of files) {
      if (name !== RECOVERY_SLOT) this.#files.set(name, parseCredential(file.reveal()))
    }
    this.#whole = parseCredential(opened)
    this.#recovery = recovery
  }

  /** A role's file from now on, in the place of all that it had. */
  replace(holder: HolderName, people: readonly Person[], text: Secret): void {
    const file = fileNameOf(holder)
    this.#files.set(file, parseCredential(text.reveal()))
    for (const { holds, name } of people) {
      if (holds !== 'everything' && fileNameOf(holds) === file) this.#own.delete(name)
    }
  }

  give(name: string, text: Secret): void {
    this.#own.set(name, parseCredential(text.reveal()))
  }

  /** Names of those who have a credential of their own. */
  owners(): readonly string[] {
    return [...this.#own.keys()]
  }

  takeBack(name: string): Credential | undefined {
    const credential = this.#own.get(name)
    this.#own.delete(name)
    return credential
  }
}
