import { createHash } from 'node:crypto'
import { AppError, isAppError } from '#stdx/app-error'
import { collect, mapConcurrent } from '#stdx/streams'
import type { GetOptions, ObjectName, ObjectStore } from '#store/object-store'
import type { Chain } from '#timeline/chain-slots'
import { formatEntryName, VAULT_TIMELINE } from '#timeline/entry-name'
import { hashEntry } from '#timeline/envelope'
import { keyringObject, type Problem } from './check-tally.ts'
import { batchesOf, firstUntold, keepKeys } from './copy-limits.ts'
import { listEpochs } from './epoch-keyring.ts'
import { getIfAny } from './keyring-list.ts'
import { nameStoredKeys } from './name-problems.ts'
import { type Needed, type NeededKeyring, neededByPart, type Since } from './needed-objects.ts'
import { isReplica, markReplica } from './replica-mark.ts'
import { findStated, readStatedKeys, type StatedKeys } from './stated-keys.ts'
import type { Stores, Vault } from './vault.ts'
import { HEADER_NAME, parseHeader } from './vault-header.ts'

export type ReplicateOptions = {
  /** Where the vault lies, and where its replica is to: names as the stores have them. */
  readonly from: Stores
  readonly to: Stores
  readonly onProgress: (copied: { readonly bytes: number }) => void
  readonly signal: AbortSignal
}

export type Replication = {
  readonly timelines: readonly CopiedTimeline[]
  /** What is damaged here, so that whatever needs it is not shown there. */
  readonly damaged: readonly Problem[]
  readonly entries: number
  readonly objects: number
  readonly bytes: number
  /** Objects that entries let go, collected here and now there. */
  readonly removed: number
  /** Slots that are there and no longer here: whoever knows their passphrase can open the replica. */
  readonly surplusSlots: readonly string[]
  /**
   * Objects of the keyring there that are not here, and stay: their store locks them, or the replica's
   * own log says that they are the right ones.
   */
  readonly surplusKeys: number
}

/** The newest entry that both sides have, and the newest that this side has. */
export type CopiedTimeline = {
  readonly timeline: string
  readonly seq: number
  readonly headSeq: number
}

const COPIES_MAX = 4
const PIECE_BYTES = 4 * 1024 * 1024
const MISSING = 'It is missing'
const OTHER_BYTES = 'Its bytes are not those that were committed'

type Placed = Since & { readonly at: ObjectName }
type Lost = Placed & { readonly problem: Problem }

/**
 * Copies what the other side lacks: objects first, then the entries that name them, timeline by
 * timeline, `_vault` last and only as far as it reached before, because it speaks of the others.
 *
 * Needs no key to rows: every object is held against the hash its entry commits to before it becomes
 * visible, every timeline against itself when it is copied. Overwrites nothing. Interrupted, it goes on
 * where it was. What is damaged here is the answer: the entries of that source stay away from the first
 * that needs it on, and what `_vault` says of them; all else is copied.
 * @throws vault.replica-diverged when the other side holds what this one does not say
 * @throws timeline.rolled-back | timeline.format-unsupported of this side
 * @throws vault.keys-changed
 */
export async function replicateVault(
  vault: Vault,
  options: ReplicateOptions,
): Promise<Replication> {
  return await new Replicating(vault, options).run()
}

class Replicating {
  readonly #vault: Vault
  readonly #replica: Vault
  readonly #from: Stores
  readonly #to: Stores
  readonly #onProgress: ReplicateOptions['onProgress']
  readonly #signal: AbortSignal
  /** Slots and certificates that are known to be there. */
  readonly #copied = new Set<string>()
  readonly #damaged: Problem[] = []
  #entries = 0
  #objects = 0
  #bytes = 0
  #removed = 0
  #surplusKeys = 0
  #stated: StatedKeys = { anew: new Map(), isWhole: false }
  readonly #surplus: { readonly ref: NeededKeyring; readonly names: readonly ObjectName[] }[] = []

  constructor(vault: Vault, { from, onProgress, signal, to }: ReplicateOptions) {
    this.#vault = vault
    this.#replica = vault.openElsewhere(to.store, to.keyring)
    this.#from = from
    this.#to = to
    this.#onProgress = onProgress
    this.#signal = signal
  }

  async run(): Promise<Replication> {
    const isThere = await this.#refuseOther()
    const { keyring, store } = this.#from
    await this.#copyFolder(keyring, this.#to.keyring, 'slots/')
    // Before the sources: it repeats their heads, and must not know of newer ones than are there.
    const said = await this.#readHead(VAULT_TIMELINE)
    this.#stated = await readStatedKeys(this.#vault, this.#signal)
    const sources: CopiedTimeline[] = []
    for (const source of await this.#vault.listSources(this.#signal)) {
      sources.push(await this.#copyTimeline(source))
    }
    const facts = await this.#copyTimeline(VAULT_TIMELINE, await this.#limitFacts(said, sources))
    await this.#removeSurplusKeys()
    // Whoever copies back from a replica what a vault has lost does not make it one.
    const isCopyOfCopy = isThere && (await isReplica(store, this.#signal))
    if (!isCopyOfCopy) await markReplica(this.#to.store, this.#vault, this.#signal)
    const header = await store.get(HEADER_NAME, { signal: this.#signal })
    await this.#to.store.put(HEADER_NAME, header, this.#signal)
    return {
      timelines: [...sources, { ...facts, headSeq: said }],
      damaged: this.#damaged,
      entries: this.#entries,
      objects: this.#objects,
      bytes: this.#bytes,
      removed: this.#removed,
      surplusSlots: await this.#listSurplusSlots(),
      surplusKeys: this.#surplusKeys,
    }
  }

  /** Another vault there must not be mixed with this one. @returns whether this one is there */
  async #refuseOther(): Promise<boolean> {
    const { id } = this.#replica
    const { store } = this.#to
    if ((await store.stat(HEADER_NAME, this.#signal)) === undefined) return false
    const text = Buffer.from(await store.get(HEADER_NAME, { signal: this.#signal })).toString()
    const header = parseHeader(store.label, text)
    const isSame = Buffer.compare(header.rootPublicKey, this.#replica.rootPublicKey) === 0
    if (isSame && header.vaultId === id) return true
    throw this.#diverged('it is another vault')
  }

  /** `_vault` must not make sources look rolled back of which the newest entries stay away. */
  async #limitFacts(said: number, sources: readonly CopiedTimeline[]): Promise<number> {
    const partly = sources.filter(({ headSeq, seq }) => seq < headSeq)
    if (partly.length === 0) return said
    const shown = new Map(partly.map(({ seq, timeline }) => [timeline, seq]))
    return Math.min(said, firstUntold(await this.#readFacts(said), shown) - 1)
  }

  async #readFacts(upTo: number): Promise<Chain['entries']> {
    const { entries } = await this.#vault.readChain(VAULT_TIMELINE, this.#signal)
    return entries.filter(({ seq }) => seq <= upTo)
  }

  async #readHead(timeline: string): Promise<number> {
    return (await this.#vault.readChain(timeline, this.#signal)).headSeq
  }

  async #copyTimeline(timeline: string, upTo = Infinity): Promise<CopiedTimeline> {
    const needed = await neededByPart(this.#vault, { timeline, upTo }, this.#signal)
    const toSeq = needed.headSeq
    const fromSeq = await this.#judgeReplica(timeline, toSeq)
    // Not before: whoever states its first entry now puts its certificate there just before.
    await this.#copyFolder(this.#from.store, this.#to.store, 'roles/')
    const lost = await this.#copyNeeded(needed)
    // What was let go since the timeline was read may have been collected: then it says so itself.
    if (await this.#isLetGo(lost, { timeline, upTo }))
      return await this.#copyTimeline(timeline, upTo)
    this.#damaged.push(...(needed.damage ? [needed.damage] : []), ...lost.map((one) => one.problem))
    const lostSeq = Math.min(Infinity, ...lost.map(({ since }) => since))
    const isFacts = timeline === VAULT_TIMELINE
    const endSeq = isFacts ? keepKeys(await this.#readFacts(toSeq), lostSeq) : lostSeq
    for (const { first, last } of batchesOf(needed, { fromSeq, toSeq })) {
      if (last >= endSeq) break
      // The first comes last: until it is there, nothing of its batch counts.
      for (let seq = last; seq >= first; seq--) {
        const name = formatEntryName(timeline, seq)
        const bytes = await this.#from.store.get(name, { signal: this.#signal })
        await this.#putSame(this.#to.store, name, bytes)
        this.#entries += 1
      }
    }
    const isWhole = needed.damage === undefined && endSeq > toSeq
    if (!isWhole) return { timeline, ...(await this.#findShown(timeline, toSeq)) }
    await this.#confirm(timeline, toSeq)
    await this.#removeReplaced(needed)
    return { timeline, seq: toSeq, headSeq: toSeq }
  }

  /** What is good there. Nothing goes: what is seen there may need what was let go here since. */
  async #findShown(timeline: string, toSeq: number): Promise<Omit<CopiedTimeline, 'timeline'>> {
    const headSeq = Math.max(toSeq, await this.#readHead(timeline))
    if (!(await this.#hasAny(timeline))) return { seq: -1, headSeq }
    const there = await this.#replica.readChain(timeline, this.#signal)
    return { seq: Math.min(there.headSeq, (there.damagedFrom ?? Infinity) - 1), headSeq }
  }

  async #hasAny(timeline: string): Promise<boolean> {
    const listed = this.#to.store.list(`timelines/${timeline}/`, this.#signal)
    return (await collect(firstOf(listed))).length > 0
  }

  /** Where the replica's timeline ends, once it is known to be a part of this one. */
  async #judgeReplica(timeline: string, toSeq: number): Promise<number> {
    if (!(await this.#hasAny(timeline))) return -1
    const there = await this.#replica.readChain(timeline, this.#signal)
    const isAhead = there.headSeq > toSeq && timeline !== VAULT_TIMELINE
    // Somebody else may have copied meanwhile what has come since.
    if (isAhead && (await this.#readHead(timeline)) < there.headSeq) {
      const found = `its timeline "${timeline}" ends at entry ${there.headSeq}, here at ${toSeq}`
      throw this.#diverged(`${found}: this vault was rolled back, or entries were written there`)
    }
    if (there.headSeq < 0 || there.headSeq > toSeq) return toSeq
    const name = formatEntryName(timeline, there.headSeq)
    const bytes = await this.#from.store.get(name, { signal: this.#signal })
    // A hole is what an interrupted run has left: from there on it goes on.
    const wholeSeq = (there.damagedFrom ?? Infinity) - 1
    if (hashEntry(bytes) === there.headHash) return Math.min(wholeSeq, there.headSeq)
    throw this.#diverged(`entry ${there.headSeq} of "${timeline}" is another one there`)
  }

  /** Both timelines verified to the same head: then every entry between is the same. */
  async #confirm(timeline: string, toSeq: number): Promise<void> {
    if (toSeq < 0) return
    const there = await this.#replica.readChain(timeline, this.#signal)
    if (there.damagedFrom === null && there.headSeq >= toSeq) return
    const incident = there.incidents.find(({ seq }) => seq === there.damagedFrom)
    throw this.#diverged(incident?.problem ?? `its timeline "${timeline}" ends early`)
  }

  /** @returns what is damaged here */
  async #copyNeeded({ keyrings, objects }: Needed): Promise<Lost[]> {
    const lost: Lost[] = []
    const keep = async ({ at, since }: Placed, copying: Promise<Problem | undefined>) => {
      const problem = await copying
      if (problem !== undefined) lost.push({ at, since, problem })
    }
    const keys = mapConcurrent(keyrings, COPIES_MAX, (one) => keep(one, this.#copyKeyring(one)))
    for await (const _ of keys);
    const copying = mapConcurrent(objects, COPIES_MAX, (ref) => keep(ref, this.#copyObject(ref)))
    for await (const _ of copying);
    return lost
  }

  async #isLetGo(
    lost: readonly Lost[],
    part: { readonly timeline: string; readonly upTo: number },
  ): Promise<boolean> {
    if (lost.length === 0) return false
    const { keyrings, objects } = await neededByPart(this.#vault, part, this.#signal)
    const needed = new Set([...keyrings, ...objects].map(({ at }) => at))
    return lost.some(({ at }) => !needed.has(at))
  }

  /**
   * Sealed anew, it lies under its name with the epoch behind. What an entry says it is goes there, and
   * nothing else that lies here: whoever can write here could have put it there.
   */
  async #copyKeyring(ref: NeededKeyring): Promise<Problem | undefined> {
    const [from, to] = [this.#from.keyring, this.#to.keyring]
    const found = await findStated(from, this.#stated, ref, this.#signal)
    if (found === undefined) return await this.#judgeLost(ref)
    const { bytes, name } = found
    const there = await to.stat(name, this.#signal)
    if (there === undefined) await this.#copyBytes(to, name, bytes)
    else if (there.sizeBytes !== bytes.byteLength) {
      throw this.#diverged(`object "${name}" has another size there`)
    }
    const here = await listEpochs(from, ref.at, this.#signal)
    const surplus = (await listEpochs(to, ref.at, this.#signal)).filter((one) =>
      here.every((other) => other.name !== one.name),
    )
    if (surplus.length > 0) this.#surplus.push({ ref, names: surplus.map((one) => one.name) })
    return undefined
  }

  /** It rotted, which is nothing to a replica that has it whole; or was sealed anew since the run began. */
  async #judgeLost(ref: NeededKeyring): Promise<Problem | undefined> {
    const from = this.#from.keyring
    const stated = await readStatedKeys(this.#vault, this.#signal)
    if ((await findStated(from, stated, ref, this.#signal)) !== undefined) {
      const message = `Cannot replicate "${from.label}": its keys were changed meanwhile`
      throw new AppError('vault.keys-changed', message)
    }
    if ((await findStated(this.#to.keyring, stated, ref, this.#signal)) !== undefined) return
    const object = keyringObject(await nameStoredKeys(this.#vault, ref.at, this.#signal))
    const isThere = (await listEpochs(from, ref.at, this.#signal)).length > 0
    return { object, problem: isThere ? OTHER_BYTES : MISSING }
  }

  /**
   * What is there besides goes when the replica's own log has all that this one says: it may say more,
   * where this side was rolled back. What is right by it has to be there whole before.
   */
  async #removeSurplusKeys(): Promise<void> {
    if (this.#surplus.length === 0) return
    const to = this.#to.keyring
    const stated = await readStatedKeys(this.#replica, this.#signal)
    for (const { names, ref } of this.#surplus) {
      const kept = await findStated(to, stated, ref, this.#signal)
      for (const name of names) {
        const mayGo = stated.isWhole && kept !== undefined && name !== kept.name
        if (mayGo && (await this.#deleteUnlessLocked(to, name))) this.#removed += 1
        else this.#surplusKeys += 1
      }
    }
  }

  async #deleteUnlessLocked(to: ObjectStore, name: ObjectName): Promise<boolean> {
    try {
      await to.delete(name, this.#signal)
      return true
    } catch (error) {
      if (isAppError(error, 'store.locked')) return false
      throw error
    }
  }

  async #copyObject(ref: Needed['objects'][number]): Promise<Problem | undefined> {
    const [from, to] = [this.#from.store, this.#to.store]
    const there = await to.stat(ref.at, this.#signal)
    if (there?.sizeBytes === ref.sizeBytes) return undefined
    if (there !== undefined) throw this.#diverged(`object "${ref.at}" has another size there`)
    await using writer = await to.create(ref.at, this.#signal)
    const hash = createHash('sha256')
    for (let offset = 0; offset < ref.sizeBytes; offset += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, ref.sizeBytes - offset)
      const piece = await getPiece(from, ref.at, {
        range: { offset, length },
        signal: this.#signal,
      })
      if (typeof piece === 'string') return { object: ref.at, problem: piece }
      hash.update(piece)
      await writer.write(piece)
      this.#bytes += length
      this.#onProgress({ bytes: length })
    }
    if (hash.digest('hex') !== ref.sha256) return { object: ref.at, problem: OTHER_BYTES }
    await writer.commit()
    this.#objects += 1
    return undefined
  }

  async #copyFolder(from: ObjectStore, to: ObjectStore, folder: string): Promise<void> {
    for await (const { name } of from.list(folder, this.#signal)) {
      if (!/^(slots|roles)\/[0-9a-f]+\.json$/.test(name) || this.#copied.has(name)) continue
      await this.#copySmall(from, to, name)
      this.#copied.add(name)
    }
  }

  async #copySmall(from: ObjectStore, to: ObjectStore, name: ObjectName): Promise<void> {
    if ((await to.stat(name, this.#signal)) !== undefined) return
    const bytes = await getIfAny(from, name, { signal: this.#signal })
    // A slot that went since it was listed is nobody's any more.
    if (bytes !== undefined) await this.#copyBytes(to, name, bytes)
  }

  async #copyBytes(to: ObjectStore, name: ObjectName, bytes: Uint8Array): Promise<void> {
    await this.#putSame(to, name, bytes)
    this.#objects += 1
    this.#bytes += bytes.byteLength
    this.#onProgress({ bytes: bytes.byteLength })
  }

  async #putSame(to: ObjectStore, name: ObjectName, bytes: Uint8Array): Promise<void> {
    const result = await to.put(name, bytes, this.#signal)
    if (result === 'stored') return
    const there = await to.get(name, { signal: this.#signal })
    if (Buffer.compare(there, bytes) !== 0) {
      throw this.#diverged(`object "${name}" holds other bytes there`)
    }
  }

  /** What entries let go and collection took here goes there, too; nothing else ever does. */
  async #removeReplaced({ replaced }: Needed): Promise<void> {
    for (const { name, store } of replaced) {
      const isKeyring = store === 'keyring'
      const from = isKeyring ? this.#from.keyring : this.#from.store
      const to = isKeyring ? this.#to.keyring : this.#to.store
      const namesIn = async (side: ObjectStore) =>
        isKeyring
          ? (await listEpochs(side, name, this.#signal)).map((one) => one.name)
          : [(await side.stat(name, this.#signal))?.name]
      if ((await namesIn(from)).some((one) => one !== undefined)) continue
      for (const one of await namesIn(to)) {
        if (one === undefined) continue
        await to.delete(one, this.#signal)
        this.#removed += 1
      }
    }
  }

  async #listSurplusSlots(): Promise<string[]> {
    const here = new Set<string>()
    for await (const { name } of this.#from.keyring.list('slots/', this.#signal)) here.add(name)
    const surplus: string[] = []
    for await (const { name } of this.#to.keyring.list('slots/', this.#signal)) {
      if (/^slots\/[0-9a-f]+\.json$/.test(name) && !here.has(name)) surplus.push(name)
    }
    return surplus
  }

  #diverged(found: string): AppError {
    const { label } = this.#to.store
    const message = `Cannot replicate to "${label}": ${found}`
    return new AppError('vault.replica-diverged', message, { replica: label })
  }
}

async function* firstOf<T>(inputs: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  for await (const input of inputs) {
    yield input
    return
  }
}

/** @returns why there is none */
async function getPiece(
  store: ObjectStore,
  name: ObjectName,
  options: GetOptions,
): Promise<Uint8Array | string> {
  try {
    return await store.get(name, options)
  } catch (error) {
    if (isAppError(error, 'store.not-found')) return MISSING
    if (isAppError(error, 'store.short-read')) return 'It is shorter than what was committed'
    throw error
  }
}
