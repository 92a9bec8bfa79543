import { createHash } from 'node:crypto'
import type { Openers } from '#seal/keys'
import { isAppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import { parseObjectName } from '#store/object-name'
import type { ObjectName, ObjectStore } from '#store/object-store'
import type { RepairBody } from '#timeline/maintenance-entry'
import { AUTHORS, roleMissing } from './author.ts'
import type { Problem } from './check-vault.ts'
import { commitNext } from './commit-next.ts'
import { listEpochs, nameInEpoch, parseEpochName } from './epoch-keyring.ts'
import { type Needed, type NeededKeyring, neededBy } from './needed-objects.ts'
import { judgeCopy } from './prove-copy.ts'
import { openersOf, proveKeyring } from './prove-keyring.ts'
import { placeOf, type Repairs, repairedStores } from './repaired-store.ts'
import { type FoundKeys, findStated, readStatedKeys, type StatedKeys } from './stated-keys.ts'
import type { Vault } from './vault.ts'

export type HealOptions = {
  /** Another copy of the same vault: `vault.openElsewhere`. */
  readonly replica: Vault
  /** What a check has found. */
  readonly problems: readonly Problem[]
  readonly random: Random
  readonly signal: AbortSignal
}

export type Healing = {
  readonly healed: readonly string[]
  /** What the other side could not help with, and why. */
  readonly left: readonly Problem[]
}

/** Objects that a `repair` entry can name another for. */
const OF_SOURCES = /^(keyring:(?!slots\/|_vault\/)|segments\/(?!_vault\/))/

type Repair = RepairBody['objects'][number]

/**
 * Takes whole copies of damaged objects from the other side. What is missing is put back under its own
 * name; what is there and damaged stays, and a copy under a new name stands for it from a `repair`
 * entry on. Nothing is overwritten or deleted. A copy counts only if it is what was committed.
 * @throws vault.role-missing unless the credential may say that something was repaired; then nothing
 * was written
 */
export async function healVault(vault: Vault, options: HealOptions): Promise<Healing> {
  const mayRepair = AUTHORS.repair.some((role) => vault.holder.roles.some((one) => one === role))
  if (!mayRepair) {
    const found = 'it holds no signing key of custodian or keeper'
    throw roleMissing(`Cannot heal "${vault.store.label}"`, found, 'custodian or keeper')
  }
  return await new Healer(vault, options).run()
}

class Healer {
  readonly #vault: Vault
  readonly #replica: Vault
  readonly #problems: ReadonlyMap<string, string>
  readonly #random: Random
  readonly #signal: AbortSignal
  readonly #healed: string[] = []
  readonly #left: Problem[] = []
  #stated: StatedKeys | undefined

  constructor(vault: Vault, { problems, random, replica, signal }: HealOptions) {
    this.#vault = vault
    this.#replica = replica
    this.#problems = new Map(problems.map(({ object, problem }) => [object, problem]))
    this.#random = random
    this.#signal = signal
  }

  async run(): Promise<Healing> {
    // Entries first: without them nothing says what the rest should be.
    // Then what says what the keys should be, before the keys.
    const alone = [...this.#problems].filter(([object]) => !OF_SOURCES.test(object))
    const isKeyring = ([object]: readonly [string, string]) => object.startsWith('keyring:')
    for (const [object, problem] of alone.filter((one) => !isKeyring(one))) {
      await this.#putBack(object, problem)
    }
    for (const [object, problem] of alone.filter(isKeyring)) await this.#putBack(object, problem)
    for (const source of await this.#vault.listSources(this.#signal)) await this.#trySource(source)
    const done = new Set([...this.#healed, ...this.#left.map(({ object }) => object)])
    for (const [object, problem] of this.#problems) {
      if (!done.has(object)) this.#left.push({ object, problem })
    }
    return { healed: this.#healed, left: this.#left }
  }

  /** Entries, certificates, slots, documents and `vault.json` have one name: only a missing one is healed. */
  async #putBack(object: string, problem: string): Promise<void> {
    const isKeyring = object.startsWith('keyring:')
    const name = parseObjectName(isKeyring ? object.slice('keyring:'.length) : object)
    const [here, at, there] = isKeyring
      ? [this.#vault.keyring, this.#vault.storedKeyring, this.#replica.storedKeyring]
      : [this.#vault.store, this.#vault.store, this.#replica.store]
    if ((await here.stat(name, this.#signal)) !== undefined) {
      const advice = 'move it away and heal again, then it is put back'
      this.#left.push({ object, problem: `${problem}; its name cannot be used twice: ${advice}` })
      return
    }
    const isOfEpoch = isKeyring && !name.startsWith('slots/')
    // For whichever keys it was sealed there: what is not sealed anew yet is not called so.
    const epochs = isOfEpoch ? await listEpochs(there, name, this.#signal) : [{ name }]
    let refusal = 'has none either'
    for (const { name: stored } of epochs) {
      const bytes = await this.#getOrNothing(there, stored)
      if (bytes === undefined) continue
      const copy = { store: isKeyring ? 'keyring' : 'vault', name, bytes } as const
      const found = await judgeCopy(this.#vault, copy, this.#signal)
      if (found === undefined) {
        await at.put(stored, bytes, this.#signal)
        this.#healed.push(object)
        return
      }
      refusal = `has a wrong one: ${found}`
    }
    this.#left.push({ object, problem: `${problem}; the replica ${refusal}` })
  }

  /** A timeline that stays broken is among the problems; the others are healed all the same. */
  async #trySource(source: string): Promise<void> {
    try {
      await this.#healSource(source)
    } catch (error) {
      const isBroken =
        isAppError(error, 'timeline.damaged') || isAppError(error, 'timeline.rolled-back')
      if (!isBroken) throw error
    }
  }

  async #healSource(source: string): Promise<void> {
    const needed = await neededBy(this.#vault, source, this.#signal)
    const session = Buffer.from(this.#random.bytes(16)).toString('hex')
    const repairs: Repair[] = []
    for (const ref of needed.objects) {
      if (!this.#problems.has(ref.name)) continue
      const copy = await this.#wholeCopy(source, ref)
      if (copy === undefined) continue
      const { at, name } = ref
      const ending = name.slice(name.lastIndexOf('.'))
      const by = parseObjectName(`segments/${source}/${session}/${repairs.length}${ending}`)
      await this.#place(this.#vault.store, {
        name,
        at,
        by,
        copy,
        epoch: 1,
        repairs,
        store: 'vault',
      })
    }
    const openers = await openersOf(this.#vault, source, this.#signal)
    for (const one of needed.keyrings) {
      const { at, name } = one
      if (!this.#problems.has(`keyring:${name}`)) continue
      const found = await this.#wholeKeyring(source, one, openers)
      if (found === undefined) continue
      const by = parseObjectName(`${source}/${session}/${repairs.length}`)
      const { epoch } = parseEpochName(found.name)
      const placing = { name, at, by, epoch, copy: found.bytes, repairs, store: 'keyring' } as const
      await this.#place(this.#vault.keyring, placing)
    }
    if (repairs.length === 0) return
    const repair = { kind: 'repair', objects: repairs } as const
    await commitNext(this.#vault, source, () => repair, this.#signal)
    // What was read before the entry does not know of it.
    await this.#vault.readTimeline(source, this.#signal)
  }

  async #place(
    store: ObjectStore,
    { at, by, copy, epoch, name, repairs, store: which }: Placing,
  ): Promise<void> {
    const isMissing = at === name && (await store.stat(name, this.#signal)) === undefined
    const target = isMissing ? name : by
    // Keys are put back for whom they are sealed: under another epoch's name nobody seals them anew.
    if (which === 'vault') await store.put(target, copy, this.#signal)
    else await this.#vault.storedKeyring.put(nameInEpoch(target, epoch), copy, this.#signal)
    if (!isMissing) repairs.push({ store: which, object: name, by })
    this.#healed.push(which === 'vault' ? name : `keyring:${name}`)
  }

  /** Held whole while it is checked: at most one object, some 128 MiB. */
  async #wholeCopy(
    source: string,
    ref: Needed['objects'][number],
  ): Promise<Uint8Array | undefined> {
    const repairs = await this.#repairsThere(source)
    const { store } = repairedStores(this.#replica, repairs)
    const bytes = await this.#getOrNothing(store, ref.name)
    const isWhole =
      bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === ref.sha256
    if (isWhole) return bytes
    this.#leave(ref.name, bytes === undefined ? 'has none either' : 'has a damaged one, too')
    return undefined
  }

  /** None where the replica does not know the source yet. */
  async #repairsThere(source: string): Promise<Repairs> {
    try {
      return await this.#replica.repairs(source, this.#signal)
    } catch (error) {
      if (isAppError(error, 'vault.source-unknown')) return new Map()
      throw error
    }
  }

  /** What the log says it is, whoever made the replica's; and what was committed, where it opens. */
  async #wholeKeyring(
    source: string,
    ref: NeededKeyring,
    openers: Openers,
  ): Promise<FoundKeys | undefined> {
    const { name, parts } = ref
    const object = `keyring:${name}`
    this.#stated ??= await readStatedKeys(this.#vault, this.#signal)
    if (!this.#stated.isWhole) {
      this.#leave(object, 'cannot help as long as it is damaged what says which keys are right')
      return undefined
    }
    const at = placeOf(await this.#repairsThere(source), 'keyring', name)
    const there = this.#replica.storedKeyring
    const found =
      (await findStated(there, this.#stated, ref, this.#signal)) ??
      (await findStated(there, this.#stated, { ...ref, at }, this.#signal))
    if (found === undefined) {
      const any = await this.#replica.keyring.stat(name, this.#signal)
      this.#leave(object, any === undefined ? 'has none either' : 'has a damaged one, too')
      return undefined
    }
    try {
      await proveKeyring({ vaultId: this.#vault.id, name, bytes: found.bytes, openers, parts })
      return found
    } catch (error) {
      if (!isAppError(error, 'seal.not-authentic')) throw error
      this.#leave(object, 'has a damaged one, too')
      return undefined
    }
  }

  #leave(object: string, why: string): void {
    this.#left.push({ object, problem: `${this.#problems.get(object)}; the replica ${why}` })
  }

  async #getOrNothing(store: ObjectStore, name: ObjectName): Promise<Uint8Array | undefined> {
    try {
      return await store.get(name, { signal: this.#signal })
    } catch (error) {
      if (!isAppError(error, 'store.not-found')) throw error
      return undefined
    }
  }
}

type Placing = {
  readonly name: ObjectName
  readonly at: ObjectName
  readonly by: ObjectName
  readonly copy: Uint8Array
  /** Of keys: for which the copy is sealed. */
  readonly epoch: number
  readonly repairs: Repair[]
  readonly store: Repair['store']
}
