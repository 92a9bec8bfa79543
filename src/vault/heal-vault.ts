import { createHash } from 'node:crypto'
import type { Openers } from '#seal/keys'
import { isAppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import { parseObjectName } from '#store/object-name'
import type { ObjectName, ObjectStore } from '#store/object-store'
import type { RepairBody } from '#timeline/maintenance-entry'
import { AUTHORS, roleMissing } from './author.ts'
import { keyringObject } from './check-tally.ts'
import type { Problem } from './check-vault.ts'
import { commitNext } from './commit-next.ts'
import { listEpochs, nameInEpoch, parseEpochName } from './epoch-keyring.ts'
import { type Needed, type NeededKeyring, neededBy } from './needed-objects.ts'
import { judgeCopy } from './prove-copy.ts'
import { openersOf, proveKeyring } from './prove-keyring.ts'
import { placeOf, type Repairs, repairedStores } from './repaired-store.ts'
import { refuseReplica } from './replica-mark.ts'
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
 * @throws vault.role-missing unless the credential may say that something was repaired
 * @throws vault.is-replica when it is marked as one; either way nothing was written
 */
export async function healVault(vault: Vault, options: HealOptions): Promise<Healing> {
  await refuseHealing(vault, options.signal)
  return await new Healer(vault, options).run()
}

/** @throws vault.role-missing | vault.is-replica */
export async function refuseHealing(vault: Vault, signal: AbortSignal): Promise<void> {
  const mayRepair = AUTHORS.repair.some((role) => vault.holder.roles.some((one) => one === role))
  if (!mayRepair) {
    const found = 'it holds no signing key of custodian or keeper'
    throw roleMissing(`Cannot heal "${vault.store.label}"`, found, 'custodian or keeper')
  }
  await refuseReplica(vault, signal)
}

class Healer {
  readonly #vault: Vault
  readonly #replica: Vault
  /** By what entries call the object: a check names keys by the file of their epoch. */
  readonly #problems: ReadonlyMap<string, Problem>
  readonly #random: Random
  readonly #signal: AbortSignal
  readonly #healed: string[] = []
  readonly #left: Problem[] = []
  #stated: StatedKeys | undefined

  constructor(vault: Vault, { problems, random, replica, signal }: HealOptions) {
    this.#vault = vault
    this.#replica = replica
    this.#problems = new Map(problems.map((one) => [nameInEntries(one.object), one]))
    this.#random = random
    this.#signal = signal
  }

  async run(): Promise<Healing> {
    // Entries first: without them nothing says what the rest should be.
    // Then what says what the keys should be, before the keys.
    const alone = [...this.#problems].filter(([object]) => !OF_SOURCES.test(object))
    const isKeyring = ([object]: readonly [string, Problem]) => object.startsWith('keyring:')
    for (const [name, problem] of alone.filter((one) => !isKeyring(one))) {
      await this.#putBack(name, problem)
    }
    for (const [name, problem] of alone.filter(isKeyring)) await this.#putBack(name, problem)
    for (const source of await this.#vault.listSources(this.#signal)) await this.#trySource(source)
    const done = new Set([...this.#healed, ...this.#left.map(({ object }) => object)])
    for (const problem of this.#problems.values()) {
      if (!done.has(problem.object)) this.#left.push(problem)
    }
    return { healed: this.#healed, left: this.#left }
  }

  /** Entries, certificates, slots, documents and `vault.json` have one name: only a missing one is healed. */
  async #putBack(named: string, { object, problem }: Problem): Promise<void> {
    const isKeyring = named.startsWith('keyring:')
    const name = parseObjectName(isKeyring ? named.slice('keyring:'.length) : named)
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
    // Before the vault is read: what is newer there then, this vault has lost or never had.
    const thereSeq = await this.#readHeadThere(source)
    const needed = await neededBy(this.#vault, source, this.#signal)
    const mayCommit = thereSeq <= needed.headSeq
    const session = Buffer.from(this.#random.bytes(16)).toString('hex')
    const repairs: Repair[] = []
    for (const ref of needed.objects) {
      const problem = this.#problems.get(ref.name)
      if (problem === undefined) continue
      const copy = mayCommit
        ? await this.#wholeCopy(source, ref, problem)
        : this.#leaveNewer(problem)
      if (copy === undefined) continue
      const { at, name } = ref
      const ending = name.slice(name.lastIndexOf('.'))
      const by = parseObjectName(`segments/${source}/${session}/${repairs.length}${ending}`)
      const placing = { name, at, by, copy, epoch: 1, problem, repairs, store: 'vault' } as const
      await this.#place(this.#vault.store, placing)
    }
    const openers = await openersOf(this.#vault, source, this.#signal)
    for (const one of needed.keyrings) {
      const { at, name } = one
      const problem =
        this.#problems.get(keyringObject(name)) ?? this.#problems.get(keyringObject(at))
      if (problem === undefined) continue
      const found = mayCommit
        ? await this.#wholeKeyring(source, { ...one, openers, problem })
        : this.#leaveNewer(problem)
      if (found === undefined) continue
      const by = parseObjectName(`${source}/${session}/${repairs.length}`)
      const { epoch } = parseEpochName(found.name)
      const placing = { name, at, by, epoch, copy: found.bytes, problem, repairs } as const
      await this.#place(this.#vault.keyring, { ...placing, store: 'keyring' })
    }
    if (repairs.length === 0) return
    const repair = { kind: 'repair', objects: repairs } as const
    await commitNext(this.#vault, source, () => repair, this.#signal)
    // What was read before the entry does not know of it.
    await this.#vault.readTimeline(source, this.#signal)
  }

  /** The newest entry that counts there; -1 where the replica does not know the source yet. */
  async #readHeadThere(source: string): Promise<number> {
    try {
      const { entries } = await this.#replica.readChain(source, this.#signal)
      return entries.at(-1)?.seq ?? -1
    } catch (error) {
      if (isAppError(error, 'vault.source-unknown')) return -1
      throw error
    }
  }

  /** An entry in a slot that is taken there would be another one: two vaults of one. */
  #leaveNewer(problem: Problem): undefined {
    this.#leave(problem, 'has newer entries of this source, so that none may be written here')
  }

  async #place(
    store: ObjectStore,
    { at, by, copy, epoch, name, problem, repairs, store: which }: Placing,
  ): Promise<void> {
    const isMissing = at === name && (await store.stat(name, this.#signal)) === undefined
    const target = isMissing ? name : by
    // Keys are put back for whom they are sealed: under another epoch's name nobody seals them anew.
    if (which === 'vault') await store.put(target, copy, this.#signal)
    else await this.#vault.storedKeyring.put(nameInEpoch(target, epoch), copy, this.#signal)
    if (!isMissing) repairs.push({ store: which, object: name, by })
    this.#healed.push(problem.object)
  }

  /** Held whole while it is checked: at most one object, some 128 MiB. */
  async #wholeCopy(
    source: string,
    ref: Needed['objects'][number],
    problem: Problem,
  ): Promise<Uint8Array | undefined> {
    const repairs = await this.#repairsThere(source)
    const { store } = repairedStores(this.#replica, repairs)
    const bytes = await this.#getOrNothing(store, ref.name)
    const isWhole =
      bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === ref.sha256
    if (isWhole) return bytes
    this.#leave(problem, bytes === undefined ? 'has none either' : 'has a damaged one, too')
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
    ref: NeededKeyring & { readonly openers: Openers; readonly problem: Problem },
  ): Promise<FoundKeys | undefined> {
    const { name, openers, parts, problem } = ref
    this.#stated ??= await readStatedKeys(this.#vault, this.#signal)
    if (!this.#stated.isWhole) {
      this.#leave(problem, 'cannot help as long as it is damaged what says which keys are right')
      return undefined
    }
    const at = placeOf(await this.#repairsThere(source), 'keyring', name)
    const there = this.#replica.storedKeyring
    const found =
      (await findStated(there, this.#stated, ref, this.#signal)) ??
      (await findStated(there, this.#stated, { ...ref, at }, this.#signal))
    if (found === undefined) {
      const any = await this.#replica.keyring.stat(name, this.#signal)
      this.#leave(problem, any === undefined ? 'has none either' : 'has a damaged one, too')
      return undefined
    }
    try {
      await proveKeyring({ vaultId: this.#vault.id, name, bytes: found.bytes, openers, parts })
      return found
    } catch (error) {
      if (!isAppError(error, 'seal.not-authentic')) throw error
      this.#leave(problem, 'has a damaged one, too')
      return undefined
    }
  }

  #leave({ object, problem }: Problem, why: string): void {
    this.#left.push({ object, problem: `${problem}; the replica ${why}` })
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
  readonly problem: Problem
  readonly repairs: Repair[]
  readonly store: Repair['store']
}

function nameInEntries(object: string): string {
  if (!object.startsWith('keyring:')) return object
  return keyringObject(parseEpochName(parseObjectName(object.slice('keyring:'.length))).name)
}
